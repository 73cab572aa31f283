/** Codes of value sets that can be listed from what the hub holds: FHIR's own code systems and the project's. */
import type { Definitions } from '../definitions.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from '../json.ts'

/** `system|code` of every code. */
export type Codes = ReadonlySet<string>

export interface ValueSet {
  readonly codings: Codes
  /** The codes alone, for elements of type code, whose system is implied. */
  readonly codes: Codes
}

export interface Terminology {
  /** Undefined where the set cannot be listed here: SNOMED CT, LOINC, UCUM, media types, languages. */
  valueSet(canonical: string): ValueSet | undefined
  /** Displays by code of a system that is held whole; undefined for all others. */
  codeSystem(url: string): ReadonlyMap<string, readonly string[]> | undefined
}

/** Value sets import one another; a ring of them is nobody's to follow. */
const MAX_IMPORTS = 8

export function makeTerminology(definitions: Definitions, own: readonly unknown[]): Terminology {
  const ownByUrl = new Map(own.filter(isTerminology).map((one) => [String(one.url), one]))
  const find = (url: string): JsonObject | undefined =>
    ownByUrl.get(url) ?? definitions.terminology(url)
  const sets = new Map<string, ValueSet | undefined>()
  const systems = new Map<string, ReadonlyMap<string, readonly string[]> | undefined>()
  return {
    codeSystem(url) {
      if (!systems.has(url)) systems.set(url, displaysOf(find(url)))
      return systems.get(url)
    },
    valueSet(canonical) {
      const [url = ''] = canonical.split('|')
      if (!sets.has(url)) sets.set(url, finished(expand(url, find, 0)))
      return sets.get(url)
    },
  }
}

function isTerminology(value: unknown): value is JsonObject {
  return (
    isJsonObject(value) &&
    (value.resourceType === 'ValueSet' || value.resourceType === 'CodeSystem')
  )
}

function finished(codings: Codes | undefined): ValueSet | undefined {
  if (codings === undefined) return undefined
  const codes = new Set([...codings].map((one) => one.slice(one.lastIndexOf('|') + 1)))
  return { codings, codes }
}

/** Of a system without regard to case nothing is said: how its codes are written differs. */
function displaysOf(
  system: JsonObject | undefined,
): ReadonlyMap<string, readonly string[]> | undefined {
  if (system?.resourceType !== 'CodeSystem' || system.content !== 'complete') return undefined
  if (system.caseSensitive === false) return undefined
  return new Map(
    conceptsWithin(system.concept).map((concept) => [
      String(concept.code),
      [concept, ...listOf(concept.designation).filter(isJsonObject)].flatMap(
        ({ display, value }) => textOf(display) ?? textOf(value) ?? [],
      ),
    ]),
  )
}

type Find = (url: string) => JsonObject | undefined

function expand(url: string, find: Find, imports: number): Codes | undefined {
  const [bare = ''] = url.split('|')
  const compose = find(bare)?.compose
  if (!isJsonObject(compose) || imports > MAX_IMPORTS) return undefined
  const included = union(listOf(compose.include), find, imports)
  const excluded = union(listOf(compose.exclude), find, imports)
  if (included === undefined || excluded === undefined || included.size === 0) return undefined
  return new Set([...included].filter((code) => !excluded.has(code)))
}

function union(parts: readonly unknown[], find: Find, imports: number): Codes | undefined {
  const all = parts.map((part) => (isJsonObject(part) ? partCodes(part, find, imports) : undefined))
  if (all.includes(undefined)) return undefined
  return new Set(all.flatMap((codes) => [...(codes ?? [])]))
}

/** A part's system and its imported sets narrow one another (R4 ValueSet, section 4.9.5). */
function partCodes(part: JsonObject, find: Find, imports: number): Codes | undefined {
  const imported = listOf(part.valueSet).map((one) => expand(String(one), find, imports + 1))
  const system = textOf(part.system)
  const all = system === undefined ? imported : [systemCodes(system, part, find), ...imported]
  const [first, ...others] = all
  return others.reduce<Codes | undefined>(
    (codes, more) => codes && more && new Set([...codes].filter((code) => more.has(code))),
    first,
  )
}

function systemCodes(system: string, part: JsonObject, find: Find): Codes | undefined {
  const listed = part.concept ?? filtered(find(system), listOf(part.filter))
  if (listed === undefined) return undefined
  return new Set(codesWithin(listed).map((code) => `${system}|${code}`))
}

/** The concepts of a complete system below those that every filter names. */
function filtered(system: JsonObject | undefined, filters: readonly unknown[]): unknown {
  if (system?.content !== 'complete') return undefined
  let concepts: readonly unknown[] = listOf(system.concept)
  for (const filter of filters) {
    if (!isJsonObject(filter) || filter.property !== 'concept') return undefined
    const top = conceptsWithin(concepts).find(({ code }) => code === filter.value)
    if (filter.op === 'is-a') concepts = listOf(top)
    else if (filter.op === 'descendent-of') concepts = listOf(top?.concept)
    else return undefined
  }
  return concepts
}

function conceptsWithin(concepts: unknown): readonly JsonObject[] {
  return listOf(concepts)
    .filter(isJsonObject)
    .flatMap((concept) => [concept, ...conceptsWithin(concept.concept)])
}

function codesWithin(concepts: unknown): readonly string[] {
  return conceptsWithin(concepts).flatMap(({ code }) => textOf(code) ?? [])
}
