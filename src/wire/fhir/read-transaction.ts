/** A transaction or batch Bundle as the creates it asks for, references between its entries resolved. */
import type { Problem } from '../../kernel/errors.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from './json.ts'

export interface TransactionEntry {
  /** FHIRPath of the entry. */
  readonly location: string
  /** `urn:uuid:…` or URL by which other entries refer to it. */
  readonly fullUrl?: string | undefined
  readonly resource: JsonObject
  /** Query of `request.ifNoneExist`. */
  readonly ifNoneExist?: string | undefined
}

export interface TransactionBundle {
  readonly entries: readonly TransactionEntry[]
  readonly problems: readonly Problem[]
}

const MAX_ENTRIES = 500

/** Entries that are no create are problems: the hub takes nothing else in a Bundle. */
export function readTransaction(bundle: JsonObject): TransactionBundle {
  const all = listOf(bundle.entry)
  if (all.length > MAX_ENTRIES) {
    const text = `A Bundle may have at most ${MAX_ENTRIES} entries`
    return { entries: [], problems: [{ location: 'Bundle.entry', text }] }
  }
  const read = all.map((entry, index) => readEntry(entry, `Bundle.entry[${index}]`))
  return {
    entries: read.flatMap((one) => ('resource' in one ? [one] : [])),
    problems: [...read.flatMap((one) => ('text' in one ? [one] : [])), ...repeatedUrls(read)],
  }
}

function readEntry(entry: unknown, location: string): TransactionEntry | Problem {
  if (!isJsonObject(entry) || !isJsonObject(entry.request)) {
    return { location: `${location}.request`, text: 'Missing: says what to do with the entry' }
  }
  const { resource, request } = entry
  if (request.method !== 'POST') {
    return { location: `${location}.request.method`, text: 'Only POST is served in a Bundle' }
  }
  if (!isJsonObject(resource) || textOf(resource.resourceType) === undefined) {
    return { location: `${location}.resource`, text: 'Missing: a FHIR resource' }
  }
  if (request.url !== resource.resourceType) {
    return { location: `${location}.request.url`, text: 'Is not the type of the resource' }
  }
  const [fullUrl, ifNoneExist] = [textOf(entry.fullUrl), textOf(request.ifNoneExist)]
  return { location, fullUrl, resource, ifNoneExist }
}

function repeatedUrls(read: readonly (TransactionEntry | Problem)[]): readonly Problem[] {
  const seen = new Set<string>()
  return read.flatMap((one) => {
    if (!('fullUrl' in one) || one.fullUrl === undefined) return []
    const repeated = seen.has(one.fullUrl)
    seen.add(one.fullUrl)
    if (!repeated) return []
    return [{ location: `${one.location}.fullUrl`, text: 'Another entry has the same fullUrl' }]
  })
}

/**
 * The resource with references to other entries replaced by what those have become (R4 http, section
 * 3.1.0.11.2): `names` maps fullUrl to `Type/id`.
 */
export function resolveReferences(
  resource: JsonObject,
  names: ReadonlyMap<string, string>,
): JsonObject {
  const resolved = resolveValue(resource, names)
  return isJsonObject(resolved) ? resolved : resource
}

function resolveValue(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => resolveValue(one, names))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      name === 'reference' && typeof one === 'string'
        ? (names.get(one) ?? one)
        : resolveValue(one, names),
    ]),
  )
}
