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

function linksText({ self, next }: Searchset): string {
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
