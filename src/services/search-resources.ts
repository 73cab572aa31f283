/** Searching the registry: decide, look among what may be seen, audit, and only then answer. */
import type { Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Db } from '../storage/db.ts'
import { searchResources, type FoundPage, type Position } from '../storage/resource-search.ts'
import type { Search } from '../wire/fhir/search.ts'
import { accessRecord } from './access-record.ts'
import { auditVisibility } from './audit-visibility.ts'
import type { DecideSight } from './decide-sight.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'
import { searchAuditLog } from './search-audit-log.ts'

export type { FoundPage, Position }

export interface SearchRequest {
  readonly search: Search
  readonly after?: Position | undefined
  /** The query as the audit shows it: identifiers masked. */
  readonly query: string
}

export type SearchResources = (
  principal: Principal,
  request: SearchRequest,
  context: RequestContext,
) => Promise<FoundPage>

export interface SearchResourcesDeps {
  readonly db: Db
  readonly decideSight: DecideSight
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

/** Throws what the decision throws; a caller who may see nothing gets an empty page. */
export function makeSearchResources(deps: SearchResourcesDeps): SearchResources {
  return async (principal, { search, after, query }, context) => {
    const asked = `${search.type}?${query}`
    const along = typesAlong(search)
    const sight = await deps.decideSight(
      principal,
      { type: search.type, along, query: asked },
      context,
    )
    const input = { search, after, visibility: sight.visibility }
    const log = auditVisibility(sight, principal)
    const page =
      search.type === 'AuditEvent'
        ? await searchAuditLog(deps.db, { search, after, visible: log })
        : await searchResources(deps.db, input)
    const entities = [{ kind: 'query', query: asked }] as const
    const act = { act: 'search', at: deps.clock(), outcome: '0', entities } as const
    await deps.recordAudit(accessRecord(sight.access, act, context))
    return page
  }
}

function typesAlong({ include, revinclude }: Search): readonly string[] {
  return [...include.flatMap(({ targets }) => targets), ...revinclude.map(({ type }) => type)]
}
