/** Parts of a resource: `_summary` and `_elements` (R4 search, section 3.1.1.5.8 and 3.1.1.5.9), by the definitions. */
import { isJsonObject, listOf, textOf, type JsonObject } from './json.ts'
import type { Search } from './search.ts'
import type { Member, Structure, Structures } from './structures.ts'

/** Leaves a resource out of nothing it must have: mandatory elements stay, and what modifies the meaning of all else. */
export type Summarize = (
  resource: JsonObject,
  wanted: Pick<Search, 'summary' | 'elements'>,
) => JsonObject

const SUBSETTED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
  display: 'subsetted',
}
/** What every part has: which resource it is of, and how to read it. */
const ALWAYS = new Set(['id', 'meta', 'implicitRules', 'modifierExtension'])

/**
 * The resource with what is wanted of it, tagged SUBSETTED; itself where all of it is. `_elements` counts where
 * both are asked for. Contained resources stay as far as what stays refers to them.
 */
export function makeSummarize(structures: Structures): Summarize {
  return (resource, { summary, elements }) => {
    const structure = structures.resourceOf(textOf(resource.resourceType) ?? '')
    if (structure === undefined) return resource
    if (elements !== undefined) {
      const names = new Set(elements.map((one) => elementOf(one, resource)))
      return subset(resource, structure, (member) => isNamed(member, names))
    }
    switch (summary) {
      case 'true':
        return summarized(structures, resource, structure)
      case 'text':
        return subset(resource, structure, ({ element }) => element.name === 'text')
      case 'data':
        return tagged(without(resource, 'text'))
      case 'count':
      case 'false':
      case undefined:
        return resource
    }
  }
}

/** `name` of `name`, `Patient.name` and `name.family`: elements are chosen at the top. */
function elementOf(text: string, { resourceType }: JsonObject): string {
  const [first = '', second] = text.split('.')
  return (first === resourceType && second !== undefined ? second : first).replace(/\[x\]$/, '')
}

/** A choice is named as the definition has it or as JSON does. */
function isNamed({ element, type }: Member, names: ReadonlySet<string>): boolean {
  return names.has(element.name) || names.has(type.name)
}

function subset(
  resource: JsonObject,
  structure: Structure,
  isWanted: (member: Member) => boolean,
): JsonObject {
  const kept = filtered(resource, structure, (member) => {
    const { name, min } = member.element
    return ALWAYS.has(name) || min > 0 || isWanted(member)
  })
  return tagged(withContained(kept, resource))
}

/** Members the structure has and `isKept` says, each with what stands beside it under `_name`. */
function filtered(
  object: JsonObject,
  structure: Structure,
  isKept: (member: Member) => boolean,
): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([name]) => {
      if (name === 'resourceType') return true
      const member = memberOf(structure, name)
      return member !== undefined && isKept(member)
    }),
  )
}

function memberOf({ members }: Structure, name: string): Member | undefined {
  return members.get(name.startsWith('_') ? name.slice(1) : name)
}

function summarized(
  structures: Structures,
  resource: JsonObject,
  structure: Structure,
): JsonObject {
  const kept = summaryOf(structures, resource, structure)
  return tagged(withContained({ resourceType: resource.resourceType, ...kept }, resource))
}

/** Elements marked for the summary and mandatory ones, and the same of what is inside them. */
function summaryOf(structures: Structures, object: JsonObject, structure: Structure): JsonObject {
  const kept = filtered(object, structure, ({ element }) => {
    const isPart = element.isAttribute && element.name === 'id'
    return element.isSummary || element.min > 0 || ALWAYS.has(element.name) || isPart
  })
  return Object.fromEntries(
    Object.entries(kept).map(([name, value]) => {
      const member = memberOf(structure, name)
      const inside = member && contentOf(structures, member, name)
      return [name, inside === undefined ? value : summaryOfAll(structures, value, inside)]
    }),
  )
}

/** Undefined for what is kept whole: primitives, extensions, which mean nothing in part, and whole resources. */
function contentOf(structures: Structures, { type }: Member, name: string): Structure | undefined {
  if (type.isPrimitive || type.content === 'Extension' || name.startsWith('_')) return undefined
  const structure = structures.structureOf(type.content)
  return structure?.kind === 'complex' ? structure : undefined
}

function summaryOfAll(structures: Structures, value: unknown, structure: Structure): unknown {
  if (Array.isArray(value)) return value.map((one) => summaryOfAll(structures, one, structure))
  if (!isJsonObject(value)) return value
  const summary = summaryOf(structures, value, structure)
  // An element is never empty.
  return Object.keys(summary).length > 0 ? summary : value
}

/** References within the resource must lead somewhere, also from one contained resource to the next. */
function withContained(kept: JsonObject, resource: JsonObject): JsonObject {
  if (kept.contained !== undefined) return kept
  const all = listOf(resource.contained).filter(isJsonObject)
  const ids = new Set(localReferences(kept))
  // A set goes through what is added to it on the way.
  for (const id of ids) {
    const next = all.filter((one) => one.id === id).flatMap(localReferences)
    for (const one of next) ids.add(one)
  }
  const contained = all.filter(({ id }) => typeof id === 'string' && ids.has(id))
  return contained.length === 0 ? kept : { ...kept, contained }
}

function localReferences(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(localReferences)
  if (!isJsonObject(value)) return []
  const { reference } = value
  const own = typeof reference === 'string' && reference.startsWith('#') ? [reference.slice(1)] : []
  return [...own, ...Object.values(value).flatMap(localReferences)]
}

function without(resource: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(resource).filter(([one]) => one !== name))
}

/** So that nobody takes a part for the whole (R4 search, section 3.1.1.5.8). */
function tagged(resource: JsonObject): JsonObject {
  const { resourceType, id, meta, ...rest } = resource
  const tags = isJsonObject(meta) ? listOf(meta.tag) : []
  const isTagged = tags.some((tag) => isJsonObject(tag) && tag.code === SUBSETTED.code)
  return {
    resourceType,
    ...(id !== undefined && { id }),
    meta: { ...(isJsonObject(meta) && meta), tag: isTagged ? tags : [...tags, SUBSETTED] },
    ...rest,
  }
}
