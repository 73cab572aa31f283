/** A read, a search or a history as an entry of a Bundle asks for it, and its answer. */
import type { Principal } from '../domain/access/principal.ts'
import type { AuditEntity } from '../domain/audit/event.ts'
import type { Db } from '../storage/db.ts'
import { readHistoryQuery } from '../wire/fhir/history-query.ts'
import { parseSearch } from '../wire/fhir/parse-search.ts'
import { maskQuery } from '../wire/fhir/national-id-in-query.ts'
import type { TransactionEntry } from '../wire/fhir/read-transaction.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { Sight } from './decide-sight.ts'
import type { EntryResult } from './entry-result.ts'
import { findHistory, historyText, requireHistory, type HistoryRequest } from './read-history.ts'
import { findResource, requireThere, type ResourceName } from './read-resource.ts'
import type { RequestContext } from './record-audit.ts'
import { requireServed } from './require-served.ts'
import type { LinkDeps } from './resolve-links.ts'
import { findPage, typesAlong } from './search-resources.ts'
import type { Interaction } from './served-types-table.ts'

/** What an entry reads. */
export type EntryRead =
  | { readonly what: 'resource'; readonly name: ResourceName }
  | { readonly what: 'search'; readonly search: Search; readonly query: string }
  | { readonly what: 'history'; readonly request: HistoryRequest }

export interface PlannedRead {
  readonly kind: 'read'
  readonly entry: TransactionEntry
  readonly principal: Principal
  readonly sight: Sight
  readonly read: EntryRead
}

/** Throws `invalid` for a query that is not understood, and what is not served. */
export function readEntry(
  { url }: TransactionEntry,
  { base, enumerate }: Pick<LinkDeps, 'base' | 'enumerate'>,
): EntryRead {
  const { type, id, version, isHistory, query } = url
  const pairs = [...new URLSearchParams(query ?? '')]
  requireServed(type, interactionOf(url))
  if (isHistory) {
    const { since, at, count } = readHistoryQuery(pairs, false)
    return { what: 'history', request: { type, id, since, at, count } }
  }
  if (id !== undefined) return { what: 'resource', name: { type, id, version } }
  const search = parseSearch({ type, pairs, strict: false, base, enumerate })
  return { what: 'search', search, query: maskQuery(pairs) }
}

function interactionOf({ id, version, isHistory }: TransactionEntry['url']): Interaction {
  if (isHistory) return id === undefined ? 'history-type' : 'history-instance'
  if (id === undefined) return 'search-type'
  return version === undefined ? 'read' : 'vread'
}

export async function planRead(
  { decideSight, base, enumerate }: LinkDeps,
  { principal, entry }: { readonly principal: Principal; readonly entry: TransactionEntry },
  context: RequestContext,
): Promise<PlannedRead> {
  const read = readEntry(entry, { base, enumerate })
  const { type } = entry.url
  const along = read.what === 'search' ? typesAlong(read.search) : []
  const { query } = entityOfRead(read)
  const sight = await decideSight(principal, { type, along, query }, context)
  return { kind: 'read', entry, principal, sight, read }
}

/** The read as the log shows it. */
export function entityOfRead(read: EntryRead): Extract<AuditEntity, { readonly kind: 'query' }> {
  switch (read.what) {
    case 'resource':
      return { kind: 'query', query: `${read.name.type}/${read.name.id}` }
    case 'search':
      return { kind: 'query', query: `${read.search.type}?${read.query}` }
    case 'history':
      return { kind: 'query', query: historyText(read.request) }
  }
}

/** Within the transaction, so that it sees what the other entries have written. */
export async function answerRead(db: Db, planned: PlannedRead): Promise<EntryResult> {
  const { entry, principal, sight, read } = planned
  switch (read.what) {
    case 'resource': {
      const found = await findResource(db, { principal, name: read.name, sight })
      const resource = requireThere(read.name.type, found)
      return { kind: 'read', resource, ifNoneMatch: entry.ifNoneMatch }
    }
    case 'search': {
      const { search } = read
      return { kind: 'found', search, page: await findPage(db, { principal, search, sight }) }
    }
    case 'history': {
      const { request } = read
      const page = requireHistory(request, await findHistory(db, request, sight.visibility))
      return { kind: 'history', request, page }
    }
  }
}
