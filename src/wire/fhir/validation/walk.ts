/**
 * One pass over a resource with the rules of its type and profiles: what each object may and must have,
 * in which form, and what must hold between the parts. Everything wrong is noted; nothing stops the pass
 * but a bound.
 */
import { plain } from '../exact-json.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from '../json.ts'
import { resourceFaults } from './resource-rules.ts'
import { bundleScope, entryScope, parametersScope } from './bundle-references.ts'
import type { ElementRule, RuleTree, TypeRule } from './element-rule.ts'
import type { Extensions } from './extensions.ts'
import type { Invariants } from './invariants.ts'
import { makeFindings, type Findings } from './issues.ts'
import type { Plan, Plans, Slot } from './plan.ts'
import { noteCount, noteMissing, noteSliceCounts, noteUnknown } from './presence.ts'
import { isPrimitive } from './primitive-format.ts'
import { isResourceType, type Rulebook } from './rulebook.ts'
import { containedScope, scopeOf, type Scope } from './scope.ts'
import { sliceFor, type SliceDeps } from './slices.ts'
import { checkValue, type ValueDeps } from './values.ts'

export interface Walker extends SliceDeps, ValueDeps {
  readonly rulebook: Rulebook
  readonly plans: Plans
  isDataType(name: string): boolean
  /** Known profiles of the base's type that the resource says it has. */
  claimedBy(resource: JsonObject, base: RuleTree): readonly RuleTree[]
  readonly invariants: Invariants
  readonly extensions: Extensions
}

/** One resource under one or several sets of rules. */
export interface Visit {
  readonly walker: Walker
  readonly findings: Findings
  /** Ids of elements within the resource, each of which names one. */
  readonly ids: Set<string>
}

/** Deeper than any body the parsers let in. */
const MAX_DEPTH = 200

/** Where in the walk a value stands. */
interface Spot {
  readonly at: string
  readonly scope: Scope
  readonly depth: number
  /** What it is in, if in anything. */
  readonly parent?: Plan
}

/** Rules a resource is held to: its profiles, each of which says all that its base says; or its base. */
export function walkResource(
  walker: Walker,
  findings: Findings,
  resource: JsonObject,
  trees: readonly RuleTree[],
): void {
  const hasRawNumbers = plain(resource) !== resource
  const scope = scopeOf(resource, {
    beside: () => undefined,
    plain: hasRawNumbers ? plain : (value) => value,
  })
  const at = textOf(resource.resourceType) ?? 'Resource'
  for (const tree of trees) {
    const visit = { walker, findings, ids: new Set<string>() }
    walkTree(visit, resource, tree, { at, scope, depth: 0 })
  }
}

/** Resources that hold others, which may refer to one another. */
const WITHIN = new Map([
  ['Bundle', bundleScope],
  ['Parameters', parametersScope],
])

function walkTree(visit: Visit, resource: JsonObject, tree: RuleTree, spot: Spot): void {
  const scope = WITHIN.get(tree.type)?.(spot.scope, resource) ?? spot.scope
  walkObject(visit, resource, visit.walker.plans.ofTree(tree), { ...spot, scope })
  for (const { code, location, text } of resourceFaults(tree.type, resource, spot.at)) {
    visit.findings.error(code, location, text)
  }
}

/** A resource within another: contained, in a Bundle's entry or a parameter. */
function walkInner(visit: Visit, value: JsonObject, rule: ElementRule, spot: Spot): void {
  const { findings, walker } = visit
  const type = textOf(value.resourceType)
  const base = type === undefined ? undefined : walker.rulebook.type(type)
  if (base === undefined || !isResourceType(base.type)) {
    findings.error('structure', spot.at, 'Not a resource: FHIR R4 has no such resourceType')
    return
  }
  const scope =
    rule.name === 'contained' ? containedScope(value, spot.scope) : scopeOf(value, spot.scope)
  const inner = { ...visit, ids: new Set<string>() }
  const claimed = walker.claimedBy(value, base)
  for (const tree of claimed.length > 0 ? claimed : [base]) {
    walkTree(inner, value, tree, { ...spot, scope })
  }
  if (rule.name === 'contained' && textOf(value.id) === undefined) {
    findings.error('required', `${spot.at}.id`, 'A contained resource has an id')
  }
}

function walkObject(visit: Visit, value: JsonObject, plan: Plan, spot: Spot): void {
  const { findings } = visit
  if (findings.isFull()) return
  if (spot.depth > MAX_DEPTH) {
    findings.error('too-long', spot.at, `Nests deeper than ${MAX_DEPTH} elements`)
    return
  }
  const names = Object.keys(value)
  const isResource = value.resourceType === plan.type && !plan.rule.path.includes('.')
  const choices = new Set<ElementRule>()
  for (const name of names) {
    if (isResource && name === 'resourceType') continue
    walkMember(visit, value, name, { spot: { ...spot, parent: plan }, plan, choices })
  }
  if (!isResource) noteId(visit, value, plan, spot)
  noteMissing(findings, value, plan, { at: spot.at, choices })
  for (const constraint of plan.constraints) hold(visit, constraint, value, { plan, spot })
}

/** Element ids are unique within their resource (R4 Element, "id"). */
function noteId({ findings, ids }: Visit, { id }: JsonObject, plan: Plan, { at }: Spot): void {
  // A structure's snapshot and differential name the same elements.
  if (typeof id !== 'string' || plan.type === 'ElementDefinition') return
  if (ids.has(id)) findings.error('duplicate', at, 'Another element has the same id')
  ids.add(id)
}

interface Within {
  readonly plan: Plan
  readonly spot: Spot
  /** Choices of which a value was met. */
  readonly choices: Set<ElementRule>
}

function walkMember(visit: Visit, object: JsonObject, name: string, within: Within): void {
  const { findings, walker } = visit
  const { plan, spot, choices } = within
  const bare = name.startsWith('_') ? name.slice(1) : name
  const slot = plan.slots.get(bare)
  if (slot === undefined || (name !== bare && !isPrimitive(slot.type.code))) {
    const choice = noteUnknown(findings, name, spot.at, { plan, isDataType: walker.isDataType })
    if (choice !== undefined) choices.add(choice)
    return
  }
  // Walked together with the value it belongs to.
  if (name !== bare && object[bare] !== undefined) return
  const { rule } = slot
  if (rule.choice && choices.has(rule)) {
    findings.error(
      'structure',
      `${spot.at}.${rule.name}`,
      'Has values of two types: one is allowed',
    )
  }
  if (rule.choice) choices.add(rule)
  walkSlot(visit, slot, { value: object[bare], companion: object[`_${bare}`] }, spot)
}

interface Held {
  readonly value: unknown
  /** A primitive's id and extensions, which JSON keeps beside it. */
  readonly companion: unknown
}

function walkSlot(visit: Visit, slot: Slot, held: Held, spot: Spot): void {
  const { findings } = visit
  const at = `${spot.at}.${slot.step}`
  if (slot.rule.max === 0) findings.error('structure', at, 'Not allowed by the profile')
  else if (slot.rule.repeats) walkItems(visit, slot, itemsOf(findings, held, at), { ...spot, at })
  else if (Array.isArray(held.value)) findings.error('structure', at, 'One value, not a list')
  else walkItems(visit, slot, [held], { ...spot, at })
}

function itemsOf(findings: Findings, held: Held, at: string): readonly Held[] {
  for (const part of [held.value, held.companion]) {
    if (part !== undefined && !Array.isArray(part)) {
      findings.error('structure', at, 'A list in JSON, also of one value')
    } else if (part?.length === 0) findings.error('structure', at, 'An empty list: leave it out')
  }
  const values = listOf(held.value)
  const companions = listOf(held.companion)
  return Array.from({ length: Math.max(values.length, companions.length) }, (_, index) => ({
    value: values[index] ?? undefined,
    companion: companions[index] ?? undefined,
  }))
}

function walkItems(visit: Visit, slot: Slot, items: readonly Held[], spot: Spot): void {
  const { rule, type } = slot
  const { findings, walker } = visit
  noteCount(findings, rule, items.length, spot.at)
  const chosen = items.map(({ value }) =>
    rule.slices.length === 0
      ? undefined
      : sliceFor(rule, { value, type, scope: spot.scope }, walker),
  )
  items.forEach((held, index) => {
    const slice = chosen[index]
    const at = rule.repeats ? `${spot.at}[${index}]` : spot.at
    const typed = {
      rule: slice ?? rule,
      type: slice?.types.find(({ code }) => code === type.code) ?? type,
    }
    walkItem(visit, typed, held, { ...spot, at, depth: spot.depth + 1 })
  })
  if (rule.slices.length > 0) noteSliceCounts(findings, rule, chosen, spot.at)
}

interface Typed {
  readonly rule: ElementRule
  readonly type: TypeRule
}

function walkItem(visit: Visit, typed: Typed, held: Held, spot: Spot): void {
  const { findings } = visit
  const { value, companion } = held
  if (isEmpty(value ?? companion)) {
    findings.error('structure', spot.at, 'An empty value: leave it out (ele-1)')
  } else if (isPrimitive(typed.type.code)) walkPrimitive(visit, typed, held, spot)
  else if (!isJsonObject(value)) findings.error('structure', spot.at, 'An object in JSON')
  else if (isHeldResource(typed.type.code)) walkInner(visit, value, typed.rule, spot)
  else walkComplex(visit, typed, value, spot)
}

/** As contained, or in a Bundle: of any type, or of one. */
function isHeldResource(type: string): boolean {
  return type === 'Resource' || isResourceType(type)
}

/** ele-1: an id alone says nothing. */
function isEmpty(value: unknown): boolean {
  if (value === undefined) return true
  return isJsonObject(value) && Object.keys(value).every((name) => name === 'id')
}

function walkComplex(visit: Visit, typed: Typed, value: JsonObject, spot: Spot): void {
  const { findings, walker } = visit
  const { at, parent, scope } = spot
  checkValue(walker, findings, { ...typed, value, at, scope })
  const plan =
    typed.type.code === 'Extension' && parent !== undefined
      ? walker.extensions.planFor(value, typed, { parent, at, findings })
      : walker.plans.ofElement(typed.rule, typed.type)
  const isEntry = plan.rule.path === 'Bundle.entry'
  walkObject(visit, value, plan, { ...spot, scope: isEntry ? entryScope(scope, value) : scope })
}

function walkPrimitive(visit: Visit, typed: Typed, { value, companion }: Held, spot: Spot): void {
  const { findings, walker } = visit
  const { at, scope } = spot
  const plan = walker.plans.ofElement(typed.rule, typed.type)
  if (isJsonObject(companion)) walkObject(visit, companion, plan, spot)
  else if (companion !== undefined) findings.error('structure', at, 'An object in JSON')
  if (value === undefined) return
  checkValue(walker, findings, { ...typed, value, at, scope })
  for (const constraint of plan.constraints) hold(visit, constraint, value, { plan, spot })
}

function hold(
  { findings, walker }: Visit,
  constraint: Plan['constraints'][number],
  value: unknown,
  { plan, spot }: { readonly plan: Plan; readonly spot: Spot },
): void {
  const at = { type: plan.evaluatedAs, scope: spot.scope }
  if (walker.invariants.holds(constraint, value, at)) return
  const text = `${constraint.human} (${constraint.key})`
  if (constraint.severity === 'error') findings.error('invariant', spot.at, text)
  else findings.warn('invariant', spot.at, text)
}

/** Whether the resource meets the profile, for slices that ask. */
export function conforms(
  walker: Walker,
  resource: JsonObject,
  tree: RuleTree,
  scope: Scope,
): boolean {
  if (resource.resourceType !== tree.type) return false
  const findings = makeFindings()
  const visit = { walker, findings, ids: new Set<string>() }
  walkTree(visit, resource, tree, { at: tree.type, scope: { ...scope, resource }, depth: 100 })
  return findings.all.every(({ severity }) => severity !== 'error')
}
