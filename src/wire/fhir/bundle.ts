/** Bundles put together from stored JSON text: what the database holds is served without parsing it. */
import type { JsonObject } from './json.ts'

export interface BundleResource {
  readonly type: string
  readonly id: string
  /** JSON text. */
  readonly content: string
}

export interface Searchset {
  readonly id: string
  /** The FHIR base address. */
  readonly base: string
  readonly at: Date
  readonly matches: readonly BundleResource[]
  readonly included: readonly BundleResource[]
  readonly total?: number | undefined
  readonly self: string
  readonly next?: string | undefined
  /** An OperationOutcome about the search itself. */
  readonly outcome?: JsonObject | undefined
}

/** JSON text of a `searchset` Bundle. */
export function searchsetText(set: Searchset): string {
  const entries = [
    ...set.matches.map((resource) => entryText(set.base, resource, 'match')),
    ...set.included.map((resource) => entryText(set.base, resource, 'include')),
    ...(set.outcome === undefined ? [] : [outcomeEntryText(set.outcome)]),
  ]
  const total = set.total === undefined ? '' : `,"total":${set.total}`
  const entry = entries.length === 0 ? '' : `,"entry":[${entries.join(',')}]`
  return (
    `{"resourceType":"Bundle","id":"${set.id}","meta":{"lastUpdated":"${set.at.toISOString()}"},` +
    `"type":"searchset"${total},"link":${linksText(set)}${entry}}`
  )
}

interface Links {
  readonly self: string
  readonly next?: string | undefined
}

function linksText({ self, next }: Links): string {
  const links = [{ relation: 'self', url: self }]
  if (next !== undefined) links.push({ relation: 'next', url: next })
  return JSON.stringify(links)
}

function entryText(base: string, { type, id, content }: BundleResource, mode: string): string {
  return `{"fullUrl":"${base}/${type}/${id}","resource":${content},"search":{"mode":"${mode}"}}`
}

function outcomeEntryText(outcome: JsonObject): string {
  return `{"resource":${JSON.stringify(outcome)},"search":{"mode":"outcome"}}`
}

/** A version as its history shows it. */
export interface BundleVersion {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly lastUpdated: Date
  readonly method: string
  /** JSON text; null for a deletion. */
  readonly content: string | null
}

export interface HistorySet extends Links {
  readonly id: string
  /** The FHIR base address. */
  readonly base: string
  readonly at: Date
  readonly versions: readonly BundleVersion[]
}

/** JSON text of a `history` Bundle (R4 http, section 3.1.0.10). */
export function historyText(set: HistorySet): string {
  const entries = set.versions.map((version) => versionText(set.base, version))
  const entry = entries.length === 0 ? '' : `,"entry":[${entries.join(',')}]`
  return (
    `{"resourceType":"Bundle","id":"${set.id}","meta":{"lastUpdated":"${set.at.toISOString()}"},` +
    `"type":"history","link":${linksText(set)}${entry}}`
  )
}

function versionText(base: string, one: BundleVersion): string {
  const { type, id, version, content, method } = one
  const resource = content === null ? '' : `"resource":${content},`
  const url = method === 'POST' ? type : `${type}/${id}`
  const request = JSON.stringify({ method, url })
  const response = JSON.stringify({
    status: statusOf(one),
    etag: `W/"${version}"`,
    lastModified: one.lastUpdated.toISOString(),
  })
  return `{"fullUrl":"${base}/${type}/${id}",${resource}"request":${request},"response":${response}}`
}

function statusOf({ content, version }: BundleVersion): string {
  if (content === null) return '204'
  return version === 1 ? '201' : '200'
}

/** An entry of a batch or transaction response; `resource` is JSON text. */
export interface ResponseEntry {
  readonly resource?: string | undefined
  readonly response: JsonObject
}

/** JSON text of a `batch-response` or `transaction-response` Bundle. */
export function responseText(
  kind: 'batch' | 'transaction',
  set: { readonly id: string; readonly entries: readonly ResponseEntry[] },
): string {
  const entries = set.entries.map(({ resource, response }) => {
    const content = resource === undefined ? '' : `"resource":${resource},`
    return `{${content}"response":${JSON.stringify(response)}}`
  })
  const entry = entries.length === 0 ? '' : `,"entry":[${entries.join(',')}]`
  return `{"resourceType":"Bundle","id":"${set.id}","type":"${kind}-response"${entry}}`
}
