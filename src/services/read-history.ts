/** The versions of a resource, or of all resources of a type, newest first (R4 http, section 3.1.0.10). */
import type { Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { Db } from '../storage/db.ts'
import { readHistory, type HistoryPage, type HistoryQuery } from '../storage/resource-history.ts'
import { readVisibleResource } from '../storage/visible-resources.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import { accessRecord } from './access-record.ts'
import type { DecideSight } from './decide-sight.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'

export type { HistoryPage }

export type HistoryRequest = HistoryQuery

/** Throws `not-found` for the history of a resource that is not there, or not to see, and what the decision throws. */
export type ReadHistory = (
  principal: Principal,
  request: HistoryRequest,
  context: RequestContext,
) => Promise<HistoryPage>

export interface ReadHistoryDeps {
  readonly db: Db
  readonly decideSight: DecideSight
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

export function makeReadHistory(deps: ReadHistoryDeps): ReadHistory {
  return async (principal, request, context) => {
    const query = historyText(request)
    const sight = await deps.decideSight(principal, { type: request.type, query }, context)
    const page = await findHistory(deps.db, request, sight.visibility)
    const entities = [{ kind: 'query', query }] as const
    const outcome = page === undefined ? NOTHING_READ : ({ outcome: '0' } as const)
    const act = { act: 'history', at: deps.clock(), entities, ...outcome } as const
    await deps.recordAudit(accessRecord(sight.access, act, context))
    return requireHistory(request, page)
  }
}

export function requireHistory(
  { type }: Pick<HistoryRequest, 'type'>,
  page: HistoryPage | undefined,
): HistoryPage {
  if (page === undefined) throw new HubError('not-found', `No such ${type}`)
  return page
}

/** For a caller whose sight has been decided on; undefined where there is no such resource to see. */
export async function findHistory(
  db: Db,
  request: HistoryRequest,
  visibility: Visibility,
): Promise<HistoryPage | undefined> {
  const { type, id } = request
  const page = await readHistory(db, request, visibility)
  if (page.entries.length > 0 || id === undefined) return page
  // A resource that did not change within the time asked for is there all the same.
  const current = await readVisibleResource(db, { type, id }, visibility)
  return current === undefined ? undefined : page
}

const NOTHING_READ = { outcome: '4', reason: 'not-found' } as const

/** The request as the log shows it. */
export function historyText({ type, id }: Pick<HistoryRequest, 'type' | 'id'>): string {
  return id === undefined ? `${type}/_history` : `${type}/${id}/_history`
}
