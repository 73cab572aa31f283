/** What came of one entry of a Bundle, as its response tells it. */
import type { HubError } from '../../kernel/errors.ts'
import type { EntryResult } from '../../services/entry-result.ts'
import type { CreatedResource } from '../../services/write-resource.ts'
import type { ResponseEntry } from '../../wire/fhir/bundle.ts'
import { informationOutcome, outcomeOf } from '../../wire/fhir/outcome.ts'
import type { PageHolder } from '../../wire/fhir/page-link.ts'
import { HTTP_STATUS } from '../http-status.ts'
import { historySet } from './history-set.ts'
import { searchset, type SearchsetDeps } from './searchset.ts'
import { locationOf, writtenText } from './send-written.ts'
import { etagOf, type Versioned } from './send.ts'

export type ResponseEntryDeps = SearchsetDeps

export interface BundleAnswer {
  readonly holder: PageHolder
  /** `Prefer: return` */
  readonly preference: string | undefined
}

/** What is written comes back only where it is wanted; what was read always does. */
export function responseEntry(
  deps: ResponseEntryDeps,
  result: EntryResult,
  answer: BundleAnswer,
): ResponseEntry {
  switch (result.kind) {
    case 'written':
      return written(deps, result.resource, answer)
    case 'deleted': {
      const { resource } = result
      return { response: { status: '204', ...(resource && { etag: etagOf(resource.version) }) } }
    }
    case 'read':
      return read(result)
    case 'found': {
      const { search, page } = result
      const set = { search, page, holder: answer.holder, pairs: search.understood, hidden: true }
      return { resource: searchset(deps, set), response: { status: '200' } }
    }
    case 'history': {
      const { request, page } = result
      const shown = { ...request, page, holder: answer.holder, pairs: [] }
      return { resource: historySet(deps, shown), response: { status: '200' } }
    }
    case 'failed':
      return failed(result.error)
  }
}

function written(
  { base }: ResponseEntryDeps,
  resource: CreatedResource,
  { preference }: BundleAnswer,
): ResponseEntry {
  return {
    ...(preference === 'representation' && { resource: resource.content }),
    response: {
      status: resource.created ? '201' : '200',
      location: locationOf(base, resource),
      ...versionOf(resource),
      ...(preference === 'OperationOutcome' && {
        outcome: informationOutcome(writtenText(resource)),
      }),
    },
  }
}

function read({ resource, ifNoneMatch }: Extract<EntryResult, { kind: 'read' }>): ResponseEntry {
  const etag = etagOf(resource.version)
  const isHeld = ifNoneMatch?.replace(/^W\//, '') === etag.slice(2)
  if (isHeld) return { response: { status: '304', ...versionOf(resource) } }
  return { resource: resource.content, response: { status: '200', ...versionOf(resource) } }
}

function versionOf({ version, lastUpdated }: Versioned): object {
  return { etag: etagOf(version), lastModified: lastUpdated.toISOString() }
}

function failed(error: HubError): ResponseEntry {
  return { response: { status: String(HTTP_STATUS[error.code]), outcome: outcomeOf(error) } }
}
