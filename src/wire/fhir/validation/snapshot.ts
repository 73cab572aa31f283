/**
 * The snapshot of a profile that is written as a differential: its base's elements with what it says of
 * them (R4 profiling, section 5.1.0.3). Elements are found by id, so a differential gives ids, and a
 * choice stays `value[x]` with its types or a slice.
 */
import type { Definitions } from '../definitions.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from '../json.ts'

/** The base definition by canonical URL, with its snapshot. */
export type BaseOf = (url: string) => JsonObject | undefined

interface Element extends JsonObject {
  readonly id: string
  readonly path: string
}

/** The profile with a snapshot; throws where it constrains what its base does not have. */
export function withSnapshot(profile: JsonObject, baseOf: BaseOf): JsonObject {
  if (profile.snapshot !== undefined) return profile
  const base = baseOf(textOf(profile.baseDefinition) ?? '')
  if (base === undefined) throw new Error(`${String(profile.url)} has an unknown base`)
  const elements = elementsOf(base, 'snapshot').map(withBase)
  for (const change of elementsOf(profile, 'differential')) apply(elements, change, baseOf)
  return { ...profile, snapshot: { element: elements } }
}

/** The project's definitions as they are published: structures with their snapshots, all others as they are. */
export function ownWithSnapshots(
  definitions: Pick<Definitions, 'structure'>,
  own: readonly JsonObject[],
): readonly JsonObject[] {
  const byUrl = new Map(own.map((one) => [one.url, one]))
  const definitionOf = (url: string): JsonObject | undefined => {
    const mine = byUrl.get(url)
    return mine === undefined ? definitions.structure(url) : complete(mine)
  }
  const complete = (one: JsonObject): JsonObject =>
    one.resourceType === 'StructureDefinition' ? withSnapshot(one, definitionOf) : one
  return own.map(complete)
}

function elementsOf(definition: JsonObject, view: 'snapshot' | 'differential'): readonly Element[] {
  const holder = definition[view]
  return isJsonObject(holder) ? listOf(holder.element).filter(isElement) : []
}

function isElement(value: unknown): value is Element {
  return isJsonObject(value) && textOf(value.id) !== undefined && textOf(value.path) !== undefined
}

/** What a profile narrows must stay known: whether JSON has an array depends on the first definition. */
function withBase(element: Element): Element {
  const { path, min, max } = element
  return { ...element, base: element.base ?? { path, min, max } }
}

function apply(elements: Element[], change: Element, baseOf: BaseOf): void {
  const at = findOrMake(elements, change.id, baseOf)
  const element = elements[at]
  if (element === undefined) throw new Error(`${change.id} is not in the base`)
  elements[at] = merge(element, change)
}

function merge(element: Element, change: Element): Element {
  const constraint = [...listOf(element.constraint), ...listOf(change.constraint)]
  return { ...element, ...change, ...(constraint.length > 0 && { constraint }) }
}

/** Index of the element of this id, which comes to be as a slice or as a child of a data type. */
function findOrMake(elements: Element[], id: string, baseOf: BaseOf): number {
  const at = elements.findIndex((element) => element.id === id)
  if (at >= 0) return at
  const colon = id.indexOf(':', id.lastIndexOf('.'))
  if (colon >= 0) return addSlice(elements, id, id.slice(0, colon), baseOf)
  const parent = id.slice(0, id.lastIndexOf('.'))
  if (!id.includes('.')) return -1
  expand(elements, findOrMake(elements, parent, baseOf), baseOf)
  return elements.findIndex((element) => element.id === id)
}

/** A slice starts as what it is a slice of, children included; it need not occur. */
function addSlice(elements: Element[], id: string, sliced: string, baseOf: BaseOf): number {
  const at = findOrMake(elements, sliced, baseOf)
  const family = elements.filter((element) => isWithin(element.id, sliced))
  const copies = elements
    .filter((element) => element.id === sliced || element.id.startsWith(`${sliced}.`))
    .map((element) => ({ ...element, id: id + element.id.slice(sliced.length) }))
  const [first, ...below] = copies
  if (first === undefined) return -1
  const { slicing: _, ...own }: Element = first
  const slice = {
    ...own,
    id,
    path: first.path,
    min: 0,
    sliceName: id.slice(id.lastIndexOf(':') + 1),
  }
  elements.splice(at + family.length, 0, slice, ...below)
  return at + family.length
}

function isWithin(id: string, ancestor: string): boolean {
  return id === ancestor || id.startsWith(`${ancestor}.`) || id.startsWith(`${ancestor}:`)
}

/** Lays the children of the element's one type below it. */
function expand(elements: Element[], at: number, baseOf: BaseOf): void {
  const element = elements[at]
  const [type] = listOf(element?.type).filter(isJsonObject)
  const [profile] = listOf(type?.profile)
  const url = textOf(profile) ?? `http://hl7.org/fhir/StructureDefinition/${String(type?.code)}`
  const definition = baseOf(url)
  if (element === undefined || definition === undefined) return
  const [root, ...children] = elementsOf(definition, 'snapshot')
  if (root === undefined) return
  const laid = children.map(withBase).map((child) => ({
    ...child,
    id: element.id + child.id.slice(root.id.length),
    path: element.path + child.path.slice(root.path.length),
  }))
  elements.splice(at + 1, 0, ...laid)
}
