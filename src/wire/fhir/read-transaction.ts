/** A transaction or batch Bundle as the interactions it asks for (R4 http, section 3.1.0.11). */
import { HubError, type Problem } from '../../kernel/errors.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from './json.ts'
import { BUNDLE_METHODS, readEntryUrl, type BundleMethod, type EntryUrl } from './read-entry-url.ts'

export interface TransactionEntry {
  /** FHIRPath of the entry. */
  readonly location: string
  /** Position among all entries, bad ones too. */
  readonly index: number
  readonly method: BundleMethod
  readonly url: EntryUrl
  /** `urn:uuid:…` or URL by which other entries refer to it. */
  readonly fullUrl?: string | undefined
  /** There for POST, PUT and PATCH. */
  readonly resource?: JsonObject | undefined
  /** Header fields of the request that the entry stands for. */
  readonly ifNoneExist?: string | undefined
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
}

export interface TransactionBundle {
  readonly entries: readonly TransactionEntry[]
  readonly problems: readonly (Problem & { readonly index: number })[]
}

const MAX_ENTRIES = 500

/** Everything that cannot be understood is a problem with its entry's place. Throws `unprocessable` for too many entries. */
export function readTransaction(bundle: JsonObject, base: string): TransactionBundle {
  const all = listOf(bundle.entry)
  if (all.length > MAX_ENTRIES) {
    const text = `A Bundle may have at most ${MAX_ENTRIES} entries; this one has ${all.length}`
    const problems = [{ location: 'Bundle.entry', text }]
    throw new HubError('unprocessable', 'The Bundle is too large to be looked at', { problems })
  }
  const read = all.map((entry, index) => readEntry(entry, { index, base }))
  return {
    entries: read.flatMap((one) => ('method' in one ? [one] : [])),
    problems: [...read.flatMap((one) => ('text' in one ? [one] : [])), ...repeatedUrls(read)],
  }
}

interface EntryPlace {
  readonly index: number
  readonly base: string
}

type Fault = Problem & { readonly index: number }

function readEntry(entry: unknown, { index, base }: EntryPlace): TransactionEntry | Fault {
  const location = `Bundle.entry[${index}]`
  const fault = (place: string, text: string): Fault => ({
    location: `${location}.${place}`,
    text,
    index,
  })
  if (!isJsonObject(entry) || !isJsonObject(entry.request))
    return fault('request', 'Missing: says what to do with the entry')
  const { request } = entry
  const method = BUNDLE_METHODS.find((one) => one === request.method)
  if (method === undefined) return fault('request.method', `One of ${BUNDLE_METHODS.join(', ')}`)
  const url = readEntryUrl(method, textOf(request.url) ?? '', base)
  if (typeof url === 'string') return fault('request.url', url)
  const resource = isJsonObject(entry.resource) ? entry.resource : undefined
  const wrong = wrongResource(method, url, resource)
  if (wrong !== undefined) return fault(...wrong)
  return { location, index, method, url, resource, ...fieldsOf(entry, request) }
}

function fieldsOf(
  entry: JsonObject,
  request: JsonObject,
): Pick<TransactionEntry, 'fullUrl' | 'ifNoneExist' | 'ifMatch' | 'ifNoneMatch'> {
  return {
    fullUrl: textOf(entry.fullUrl),
    ifNoneExist: textOf(request.ifNoneExist),
    ifMatch: textOf(request.ifMatch),
    ifNoneMatch: textOf(request.ifNoneMatch),
  }
}

function wrongResource(
  method: BundleMethod,
  url: EntryUrl,
  resource: JsonObject | undefined,
): [place: string, text: string] | undefined {
  if (method !== 'POST' && method !== 'PUT' && method !== 'PATCH') return undefined
  if (textOf(resource?.resourceType) === undefined) return ['resource', 'Missing: a FHIR resource']
  if (method === 'PATCH') return undefined
  if (url.type !== resource?.resourceType) return ['request.url', 'Is not the type of the resource']
  if (url.id !== undefined && url.id !== resource.id)
    return ['resource.id', 'Is not the id in the entry’s URL']
  return undefined
}

function repeatedUrls(read: readonly (TransactionEntry | Fault)[]): readonly Fault[] {
  const seen = new Set<string>()
  return read.flatMap((one) => {
    if (!('fullUrl' in one) || one.fullUrl === undefined || one.method === 'GET') return []
    const repeated = seen.has(one.fullUrl)
    seen.add(one.fullUrl)
    if (!repeated) return []
    const text = 'Another entry has the same fullUrl'
    return [{ location: `${one.location}.fullUrl`, text, index: one.index }]
  })
}
