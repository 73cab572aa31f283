/** Deleting a resource (R4 http, section 3.1.0.7): it leaves a tombstone, and its history stays. */
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { VersionMatch } from '../wire/fhir/version-match.ts'
import { findTarget, targetText, type TargetQuestion, type WriteTarget } from './find-target.ts'
import type { RequestContext } from './record-audit.ts'
import { carryOut, entityOf, permitWrite, type WriteDeps } from './write-deps.ts'
import { deleteRow, requireVersion, type DeletedResource } from './write-resource.ts'

export interface DeleteRequest {
  readonly type: string
  readonly target: WriteTarget
  readonly ifMatch?: VersionMatch | undefined
}

/**
 * Undefined where a condition matches none: there is nothing left to do. Throws `not-found` for an id of
 * nothing, or of nothing of the caller's, `precondition-failed`, `conflict` for what has to stay.
 */
export type DeleteResource = (
  principal: Principal,
  request: DeleteRequest,
  context: RequestContext,
) => Promise<DeletedResource | undefined>

export function makeDeleteResource(deps: WriteDeps): DeleteResource {
  return async (principal, { type, target, ifMatch }, context) => {
    const query = `DELETE ${targetText(type, target)}`
    const { writer, access } = await permitWrite(deps, { principal, type, query }, context)
    const step = { writer, access, type, target, ifMatch }
    const work = (db: PoolClient): Promise<DeletedResource | undefined> =>
      deleteStep(db, deps, step)
    const tell = (deleted: DeletedResource | undefined) =>
      ({
        act: 'delete',
        entities: deleted === undefined ? [] : [entityOf(access, type, deleted.id)],
      }) as const
    return carryOut(deps, { access, query, work, tell }, context)
  }
}

export interface DeleteStep extends TargetQuestion {
  /** The condition that has found the target already. */
  readonly search?: Search | undefined
  readonly ifMatch?: VersionMatch | undefined
}

export async function deleteStep(
  db: PoolClient,
  deps: Pick<WriteDeps, 'clock'>,
  step: DeleteStep,
): Promise<DeletedResource | undefined> {
  const { writer, access, ifMatch } = step
  const previous = await findTarget(db, step)
  if (previous === undefined) return undefined
  requireVersion(previous, ifMatch)
  const search = 'search' in step.target ? step.target.search : step.search
  return deleteRow(db, writer, { access, previous, search, at: deps.clock() })
}
