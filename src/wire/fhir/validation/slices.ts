/** Which slice of an element a value belongs to (R4 profiling, section 5.1.0.12). */
import { isJsonObject, listOf, type JsonObject } from '../json.ts'
import { hasPattern, isFixed } from './compare.ts'
import type { Discriminator, ElementRule, RuleTree, TypeRule } from './element-rule.ts'
import type { Plans } from './plan.ts'
import type { References } from './references.ts'
import type { Rulebook } from './rulebook.ts'
import { target, type Scope } from './scope.ts'
import { holdsCode } from './bindings.ts'
import type { Terminology } from './terminology.ts'

export interface SliceDeps {
  readonly plans: Plans
  readonly rulebook: Rulebook
  readonly terminology: Terminology
  readonly references: References
  /** Whether a resource at hand meets a profile. */
  conforms(resource: JsonObject, profile: RuleTree, scope: Scope): boolean
}

export interface Sliced {
  readonly value: unknown
  readonly type: TypeRule
  readonly scope: Scope
}

/** The first slice whose discriminators the value meets. */
export function sliceFor(
  rule: ElementRule,
  sliced: Sliced,
  deps: SliceDeps,
): ElementRule | undefined {
  const discriminators = rule.slicing?.discriminators ?? impliedFor(rule)
  if (discriminators.length === 0) return undefined
  return rule.slices.find((slice) => discriminators.every((one) => meets(slice, one, sliced, deps)))
}

/** Extensions are sliced by url, and choices by type, whether or not a profile says so. */
function impliedFor(rule: ElementRule): readonly Discriminator[] {
  if (rule.choice) return [{ type: 'type', path: '$this' }]
  return rule.types[0]?.code === 'Extension' ? [{ type: 'value', path: 'url' }] : []
}

function meets(
  slice: ElementRule,
  { type, path }: Discriminator,
  sliced: Sliced,
  deps: SliceDeps,
): boolean {
  const steps = path === '$this' ? [] : path.replace(/^\$this\./, '').split(/\.(?![^(]*\))/)
  const at = follow({ rule: slice, type: slice.types[0], values: [sliced.value] }, steps, {
    sliced,
    deps,
  })
  if (type === 'exists') {
    return at.rule?.max === 0 ? at.values.length === 0 : at.values.length > 0
  }
  if (type === 'type') return hasType(at, steps.length === 0 ? sliced.type : undefined, slice)
  if (type === 'profile') return at.values.some((one) => hasProfile(one, at, sliced.scope, deps))
  return at.rule !== undefined && isRequired(at.rule, at.type, at.values, deps)
}

interface Position {
  readonly rule: ElementRule | undefined
  readonly type: TypeRule | undefined
  readonly values: readonly unknown[]
}

interface Surroundings {
  readonly sliced: Sliced
  readonly deps: SliceDeps
}

function follow(from: Position, steps: readonly string[], around: Surroundings): Position {
  return steps.reduce<Position>((at, step) => next(at, step, around), from)
}

function next(at: Position, step: string, { sliced, deps }: Surroundings): Position {
  if (step === 'resolve()') {
    const values = at.values.flatMap((one) => resolved(one, sliced.scope))
    return { ...at, values }
  }
  if (step.startsWith('ofType(')) return at
  const [, url] = /^extension\('([^']+)'\)$/.exec(step) ?? []
  if (url !== undefined) {
    const extensions = children(at.values, 'extension')
    return {
      rule: deps.rulebook.profile(url)?.root,
      type: undefined,
      values: extensions.filter((one) => isJsonObject(one) && one.url === url),
    }
  }
  const rule =
    at.rule && deps.plans.childrenOf(at.rule, at.type).find((child) => child.name === step)
  return { rule, type: rule?.types[0], values: children(at.values, step, rule?.choice) }
}

function children(values: readonly unknown[], name: string, choice = false): readonly unknown[] {
  return values.filter(isJsonObject).flatMap((value) => {
    if (!choice) return listOf(value[name])
    const key = Object.keys(value).find((one) => one.startsWith(name) && one !== name)
    return key === undefined ? [] : listOf(value[key])
  })
}

/** A reference's resource; one that is elsewhere, by what its reference says of it. */
function resolved(value: unknown, scope: Scope): readonly unknown[] {
  if (!isJsonObject(value) || typeof value.reference !== 'string') return []
  const found = target(value.reference, scope)
  if (found !== undefined) return [found]
  const [, resourceType] =
    /(?:^|\/)([A-Z][A-Za-z]+)\/[^/]+$/.exec(value.reference.slice(-200)) ?? []
  return resourceType === undefined ? [] : [{ resourceType }]
}

function hasType(at: Position, own: TypeRule | undefined, slice: ElementRule): boolean {
  const rule = at.rule ?? slice
  if (own !== undefined && own.code !== 'Resource') {
    return rule.types.some(({ code }) => code === own.code)
  }
  const allowed = rule.types.flatMap(({ code, targets }) => [
    code,
    ...targets.map((one) => one.slice(one.lastIndexOf('/') + 1)),
  ])
  return at.values.some(
    (value) => isJsonObject(value) && allowed.includes(String(value.resourceType)),
  )
}

function hasProfile(value: unknown, at: Position, scope: Scope, deps: SliceDeps): boolean {
  const urls = at.rule?.types.flatMap(({ profiles, targets }) => [...profiles, ...targets]) ?? []
  return urls.some((url) => {
    const profile = deps.rulebook.profile(url)
    return profile !== undefined && isJsonObject(value) && deps.conforms(value, profile, scope)
  })
}

/** The value a rule fixes, directly or through its children; a required binding where it fixes none. */
function isRequired(
  rule: ElementRule,
  type: TypeRule | undefined,
  values: readonly unknown[],
  deps: SliceDeps,
): boolean {
  if (rule.fixed !== undefined) return values.some((one) => isFixed(one, rule.fixed))
  if (rule.pattern !== undefined) return values.some((one) => hasPattern(one, rule.pattern))
  const telling = deps.plans.childrenOf(rule, type).filter((child) => isTelling(child))
  if (telling.length > 0) {
    return values.some((value) =>
      telling.every((child) =>
        isRequired(child, child.types[0], children([value], child.name, child.choice), deps),
      ),
    )
  }
  const set = rule.binding && deps.terminology.valueSet(rule.binding.valueSet)
  return set !== undefined && values.some((one) => holdsCode(one, set))
}

function isTelling(rule: ElementRule): boolean {
  return (
    rule.fixed !== undefined ||
    rule.pattern !== undefined ||
    (rule.min > 0 && rule.children.some(isTelling))
  )
}
