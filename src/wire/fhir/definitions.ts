/**
 * FHIR's own definitions, taken out of the specification's large bundles one at a time: a hub needs some
 * twenty of six hundred, and parsing them all costs a second and 200 MB.
 */
import { indexStructureDefinitionBundle, loadDataType } from '@medplum/core'
import type { Bundle, StructureDefinition } from '@medplum/fhirtypes'
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from './json.ts'

/** Texts of the R4 definition bundles, each read when it is first needed. */
export interface DefinitionTexts {
  /** profiles-types.json */
  types(): string
  /** profiles-resources.json */
  resources(): string
  /** valuesets.json, v3-codesystems.json */
  terminology(): readonly string[]
}

export interface Definitions {
  /** The base definition of a loaded resource type, with its snapshot. */
  structureOf(type: string): StructureDefinition | undefined
  /** Codes of an enumerable value set as `code` and `system|code`; undefined where it cannot be listed. */
  codesOf(valueSet: string): ReadonlySet<string> | undefined
}

const BASE = 'http://hl7.org/fhir'

/**
 * Loads the data types and `resourceTypes` into the library's registry, which is one for the process,
 * and gives access to the value sets their bindings name.
 */
export function loadDefinitions(
  texts: DefinitionTexts,
  resourceTypes: readonly string[],
): Definitions {
  indexStructureDefinitionBundle(parseBundle(texts.types()))
  const structures = new Map<string, StructureDefinition>()
  const resources = texts.resources()
  for (const type of ['Resource', 'DomainResource', ...resourceTypes]) {
    const definition = extractResource(resources, `${BASE}/StructureDefinition/${type}`)
    if (!isStructureDefinition(definition)) throw new Error(`FHIR R4 defines no ${type}`)
    loadDataType(definition)
    structures.set(type, definition)
  }
  return { structureOf: (type) => structures.get(type), codesOf: makeValueSets(texts) }
}

function makeValueSets(texts: DefinitionTexts): Definitions['codesOf'] {
  const known = new Map<string, ReadonlySet<string> | undefined>()
  return (canonical) => {
    const [url = ''] = canonical.split('|')
    if (!known.has(url)) known.set(url, enumerate(url, texts))
    return known.get(url)
  }
}

/** Listed concepts and whole code systems only; filters, imports and exclusions leave a set unknown. */
function enumerate(url: string, texts: DefinitionTexts): ReadonlySet<string> | undefined {
  const valueSet = findTerminology(url, texts)
  if (valueSet === undefined || valuesAt(valueSet, 'compose.exclude').length > 0) return undefined
  const includes = valuesAt(valueSet, 'compose.include').filter(isJsonObject)
  const parts = includes.map((include) => includedCodes(include, texts))
  if (parts.length === 0 || parts.includes(undefined)) return undefined
  return new Set(parts.flatMap((codes) => codes ?? []))
}

function includedCodes(include: JsonObject, texts: DefinitionTexts): string[] | undefined {
  const system = textOf(include.system)
  if (include.filter !== undefined || include.valueSet !== undefined || system === undefined) {
    return undefined
  }
  const concepts = include.concept ?? wholeSystem(system, texts)
  if (concepts === undefined) return undefined
  return codesWithin(concepts).flatMap((code) => [code, `${system}|${code}`])
}

function wholeSystem(url: string, texts: DefinitionTexts): unknown {
  const system = findTerminology(url, texts)
  return system?.content === 'complete' ? system.concept : undefined
}

function codesWithin(concepts: unknown): string[] {
  return listOf(concepts)
    .filter(isJsonObject)
    .flatMap((concept) => [textOf(concept.code) ?? [], codesWithin(concept.concept)].flat())
}

function findTerminology(url: string, texts: DefinitionTexts): JsonObject | undefined {
  for (const text of texts.terminology()) {
    const found = extractResource(text, url)
    if (found !== undefined) return found
  }
  return undefined
}

/** The resource with this canonical url, cut out of the bundle's text. */
function extractResource(text: string, url: string): JsonObject | undefined {
  const mention = new RegExp(`"url"\\s*:\\s*${escapeRegExp(JSON.stringify(url))}`, 'g')
  for (const { index } of text.matchAll(mention)) {
    const start = text.indexOf('{', text.lastIndexOf('"resource"', index))
    const resource: unknown = JSON.parse(text.slice(start, endOfObject(text, start)))
    // Others mention it in passing, as a base or a dependency.
    if (isJsonObject(resource) && resource.url === url) return resource
  }
  return undefined
}

function endOfObject(text: string, start: number): number {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}]/gs
  tokens.lastIndex = start
  let depth = 0
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    if (match[0] === '{') depth++
    if (match[0] === '}' && --depth === 0) return tokens.lastIndex
  }
  throw new Error('A definition bundle ends within an entry')
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

function parseBundle(text: string): Bundle {
  const bundle: unknown = JSON.parse(text)
  if (!isBundle(bundle)) throw new Error('Not a bundle of definitions')
  return bundle
}

function isBundle(value: unknown): value is Bundle {
  return isJsonObject(value) && value.resourceType === 'Bundle'
}

export function isStructureDefinition(value: unknown): value is StructureDefinition {
  return isJsonObject(value) && value.resourceType === 'StructureDefinition'
}
