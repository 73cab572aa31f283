/** What a StructureDefinition's snapshot says of one element, in the form the validator walks. */
import { isJsonObject, listOf, textOf, type JsonObject } from '../json.ts'

export interface TypeRule {
  /** `Patient`, `string`, `Reference`: the primitive's own name where the snapshot names a System type. */
  readonly code: string
  /** Profiles the value must have, canonical. */
  readonly profiles: readonly string[]
  /** Profiles or types a reference may lead to, canonical. */
  readonly targets: readonly string[]
}

export interface Constraint {
  readonly key: string
  readonly severity: 'error' | 'warning'
  readonly human: string
  readonly expression: string
}

export interface Binding {
  readonly strength: string
  readonly valueSet: string
}

export interface Discriminator {
  readonly type: string
  readonly path: string
}

export interface Slicing {
  readonly discriminators: readonly Discriminator[]
  readonly rules: string
  readonly ordered: boolean
}

export interface ElementRule {
  /** `Patient.identifier:fnr.system`. */
  readonly id: string
  /** `Patient.identifier.system`. */
  readonly path: string
  /** The path where the element was first defined: `Identifier.system`. */
  readonly basePath: string
  /** `identifier`; a choice without its `[x]`. */
  readonly name: string
  readonly choice: boolean
  readonly min: number
  readonly max: number
  /** A JSON array, whatever a profile narrows it to. */
  readonly repeats: boolean
  readonly types: readonly TypeRule[]
  /** The element whose content this one has. */
  readonly sameAs: ElementRule | undefined
  readonly fixed: unknown
  readonly pattern: unknown
  readonly binding: Binding | undefined
  readonly constraints: readonly Constraint[]
  readonly maxLength: number | undefined
  readonly slicing: Slicing | undefined
  readonly sliceName: string | undefined
  /** Of a slice: the element it is a slice of. */
  readonly sliceOf: ElementRule | undefined
  /** Where the snapshot goes on below this element; empty where the type's own rules hold. */
  readonly children: readonly ElementRule[]
  readonly slices: readonly ElementRule[]
}

export interface RuleTree {
  readonly url: string
  /** The type it constrains: `Patient`. */
  readonly type: string
  readonly root: ElementRule
  /** Of an extension: where it may be used. */
  readonly contexts: readonly { readonly type: string; readonly expression: string }[]
}

type Growing = { -readonly [Name in keyof ElementRule]: ElementRule[Name] } & {
  children: ElementRule[]
  slices: ElementRule[]
}

/** The tree of a StructureDefinition with a snapshot; throws where it has none. */
export function ruleTree(definition: JsonObject): RuleTree {
  const url = textOf(definition.url) ?? ''
  const snapshot = isJsonObject(definition.snapshot) ? definition.snapshot : {}
  const elements = listOf(snapshot.element).filter(isJsonObject)
  const byId = new Map<string, Growing>()
  for (const element of elements) {
    const rule = readElement(element)
    // Snapshots give it as a string, which it is not: R4 Resource, "id".
    if (definition.kind === 'resource' && rule.path === `${String(definition.type)}.id`) {
      rule.types = [{ code: 'id', profiles: [], targets: [] }]
    }
    byId.set(rule.id, rule)
    attach(rule, byId)
  }
  for (const element of elements) linkContent(element, byId)
  const [root] = byId.values()
  if (root === undefined) throw new Error(`${url} has no snapshot`)
  return {
    url,
    type: textOf(definition.type) ?? '',
    root,
    contexts: listOf(definition.context)
      .filter(isJsonObject)
      .map(({ type, expression }) => ({ type: String(type), expression: String(expression) })),
  }
}

function linkContent(element: JsonObject, byId: ReadonlyMap<string, Growing>): void {
  const target = textOf(element.contentReference)?.replace(/^.*#/, '')
  const rule = byId.get(textOf(element.id) ?? '')
  if (target !== undefined && rule !== undefined) rule.sameAs = byId.get(target)
}

function attach(rule: Growing, byId: ReadonlyMap<string, Growing>): void {
  if (rule.sliceName !== undefined) {
    const sliced = byId.get(rule.id.slice(0, rule.id.lastIndexOf(':')))
    sliced?.slices.push(rule)
    rule.sliceOf = sliced
    return
  }
  const parent = byId.get(rule.id.slice(0, Math.max(0, rule.id.lastIndexOf('.'))))
  parent?.children.push(rule)
}

function readElement(element: JsonObject): Growing {
  const path = textOf(element.path) ?? ''
  const id = textOf(element.id) ?? path
  const last = path.slice(path.lastIndexOf('.') + 1)
  const base = isJsonObject(element.base) ? element.base : element
  return {
    id,
    path,
    basePath: textOf(base.path) ?? path,
    name: last.replace('[x]', ''),
    choice: last.endsWith('[x]'),
    min: typeof element.min === 'number' ? element.min : 0,
    max: limit(element.max),
    repeats: base.max !== '1' && base.max !== '0',
    types: listOf(element.type).filter(isJsonObject).map(readType),
    sameAs: undefined,
    fixed: choiceValue(element, 'fixed'),
    pattern: choiceValue(element, 'pattern'),
    binding: readBinding(element.binding),
    constraints: listOf(element.constraint).filter(isJsonObject).map(readConstraint),
    maxLength: typeof element.maxLength === 'number' ? element.maxLength : undefined,
    slicing: readSlicing(element.slicing),
    sliceName: id.slice(id.lastIndexOf('.') + 1).includes(':')
      ? textOf(element.sliceName)
      : undefined,
    sliceOf: undefined,
    children: [],
    slices: [],
  }
}

function limit(max: unknown): number {
  return max === '*' ? Infinity : Number(max ?? 1)
}

const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type'

/** What R4 snapshots give as a System type has its FHIR type in an extension. */
function readType(type: JsonObject): TypeRule {
  const declared = listOf(type.extension)
    .filter(isJsonObject)
    .find(({ url }) => url === FHIR_TYPE)
  return {
    code: textOf(declared?.valueUrl) ?? textOf(type.code) ?? '',
    profiles: listOf(type.profile).map(String),
    targets: listOf(type.targetProfile).map(String),
  }
}

function choiceValue(element: JsonObject, prefix: string): unknown {
  const name = Object.keys(element).find((key) => key.startsWith(prefix))
  return name === undefined ? undefined : element[name]
}

function readBinding(binding: unknown): Binding | undefined {
  if (!isJsonObject(binding) || textOf(binding.valueSet) === undefined) return undefined
  return { strength: String(binding.strength), valueSet: String(binding.valueSet) }
}

function readConstraint(constraint: JsonObject): Constraint {
  return {
    key: textOf(constraint.key) ?? '',
    severity: constraint.severity === 'error' ? 'error' : 'warning',
    human: textOf(constraint.human) ?? '',
    expression: textOf(constraint.expression) ?? '',
  }
}

function readSlicing(slicing: unknown): Slicing | undefined {
  if (!isJsonObject(slicing)) return undefined
  return {
    discriminators: listOf(slicing.discriminator)
      .filter(isJsonObject)
      .map(({ type, path }) => ({ type: String(type), path: String(path) })),
    rules: textOf(slicing.rules) ?? 'open',
    ordered: slicing.ordered === true,
  }
}
