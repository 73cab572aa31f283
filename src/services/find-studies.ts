/** Searching the image index: decide, look among what may be seen, audit, and only then answer. */
import type { Principal } from '../domain/access/principal.ts'
import type { StudyQuery } from '../domain/imaging/study-query.ts'
import type { Db } from '../storage/db.ts'
import { type FoundObject, type FoundObjects, searchIndex } from '../storage/study-search.ts'
import { accessRecord } from './access-record.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'

export type { FoundObject, FoundObjects }

export interface FindRequest {
  readonly query: StudyQuery
  /** The query as the audit shows it: what names a patient is masked. */
  readonly asked: string
}

/** Throws what `Authorize` throws; a caller who may see nothing finds nothing. */
export type FindStudies = (
  principal: Principal,
  request: FindRequest,
  context: RequestContext,
) => Promise<FoundObjects>

export function makeFindStudies(deps: PermitDeps & { readonly db: Db }): FindStudies {
  return async (principal, { query, asked }, context) => {
    const asking = { principal, action: 'find', query: asked } as const
    const access = await permit(deps, asking, context)
    const { member } = principal
    const found = await searchIndex(deps.db, query, { member, filter: access.filter })
    const entities = [{ kind: 'query', query: asked }] as const
    const act = { act: 'search', at: deps.clock(), outcome: '0', entities } as const
    await deps.recordAudit(accessRecord(access, act, context))
    return found
  }
}
