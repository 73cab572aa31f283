/**
 * FHIR's own definitions, taken out of the specification's large bundles one at a time: a hub needs some
 * dozens of six hundred, and parsing them all costs a second and 200 MB.
 */
import { isJsonObject, type JsonObject } from './json.ts'

/** Texts of the R4 definition bundles, each read when it is first needed. */
export interface DefinitionTexts {
  /** profiles-types.json */
  types(): string
  /** profiles-resources.json */
  resources(): string
  /** valuesets.json, v3-codesystems.json, v2-tables.json */
  terminology(): readonly string[]
  /** extension-definitions.json */
  extensions(): string
}

/** Conformance resources by canonical URL, parsed anew at each call: keep what you make of them. */
export interface Definitions {
  /** A data type, resource type or extension of the specification. */
  structure(url: string): JsonObject | undefined
  /** A ValueSet or CodeSystem. */
  terminology(url: string): JsonObject | undefined
}

export const STRUCTURE_BASE = 'http://hl7.org/fhir/StructureDefinition/'

type Find = (url: string) => JsonObject | undefined

export function makeDefinitions(texts: DefinitionTexts): Definitions {
  const types = makeFinder(() => texts.types(), byFullUrl)
  const resources = makeFinder(() => texts.resources(), byFullUrl)
  const extensions = makeFinder(() => texts.extensions(), byFullUrl)
  let terminology: readonly Find[] | undefined
  return {
    structure: (url) => types(url) ?? resources(url) ?? extensions(url),
    terminology(url) {
      terminology ??= texts
        .terminology()
        .map((_, index) => makeFinder(() => texts.terminology()[index] ?? '', byUrl))
      return firstFound(terminology, url)
    },
  }
}

interface Entry {
  readonly start: number
  readonly end: number
}
type IndexOf = (text: string) => ReadonlyMap<string, Entry>

/**
 * Positions are kept, the text only as long as memory is not wanted elsewhere: types are met in bursts,
 * and a text of 35 MB must not be read for each.
 */
function makeFinder(read: () => string, indexOf: IndexOf): Find {
  let held: WeakRef<{ readonly text: string }> | undefined
  let index: ReadonlyMap<string, Entry> | undefined
  const textNow = (): string => {
    const kept = held?.deref()
    if (kept !== undefined) return kept.text
    const fresh = { text: read() }
    held = new WeakRef(fresh)
    return fresh.text
  }
  return (url) => {
    index ??= indexOf(textNow())
    const entry = index.get(url)
    return entry && parse(textNow(), entry)
  }
}

function firstFound(finders: readonly Find[], url: string): JsonObject | undefined {
  for (const find of finders) {
    const found = find(url)
    if (found !== undefined) return found
  }
  return undefined
}

/** Right for structures, whose full URL in these bundles is their canonical one; nothing is parsed. */
function byFullUrl(text: string): ReadonlyMap<string, Entry> {
  return new Map(entriesOf(text).map(({ fullUrl, ...entry }) => [fullUrl, entry]))
}

/** Code systems live at terminology.hl7.org while their entries say hl7.org/fhir. */
function byUrl(text: string): ReadonlyMap<string, Entry> {
  return new Map(entriesOf(text).map((entry) => [String(parse(text, entry)?.url), entry]))
}

function entriesOf(text: string): readonly (Entry & { readonly fullUrl: string })[] {
  const found = [...text.matchAll(/"fullUrl"\s*:\s*("[^"]+")/g)]
  return found.map(({ index, 1: quoted = '""' }, at) => {
    // A string of its own: what is cut out of a text keeps the whole text in memory.
    const fullUrl = String(JSON.parse(quoted))
    const start = text.indexOf('{', text.indexOf('"resource"', index))
    // Before the next entry's brace, or before the end of the list, this entry's own brace closes.
    const next = found[at + 1]?.index ?? text.length
    const boundary = text.lastIndexOf(at + 1 < found.length ? ',' : ']', next)
    const closing = text.lastIndexOf('}', boundary)
    return { fullUrl, start, end: text.lastIndexOf('}', closing - 1) + 1 }
  })
}

function parse(text: string, { start, end }: Entry): JsonObject | undefined {
  const resource: unknown = JSON.parse(text.slice(start, end))
  return isJsonObject(resource) ? resource : undefined
}
