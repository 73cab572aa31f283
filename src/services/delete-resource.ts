/** Deleting a resource (R4 http, section 3.1.0.7): it leaves a tombstone, and its history stays. */
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { VersionMatch } from '../wire/fhir/version-match.ts'
import type { CurrentRow } from '../storage/current-row.ts'
import type { Access } from './authorize.ts'
import { findTarget, targetText, type WriteTarget } from './find-target.ts'
import type { ResourceWriter } from './resource-writers.ts'
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
    const search = 'search' in target ? target.search : undefined
    const work = async (db: PoolClient): Promise<DeletedResource | undefined> => {
      const previous = await findTarget(db, { writer, access, type, target })
      return deleteStep(db, deps, { writer, access, ifMatch, previous, search })
    }
    const tell = (deleted: DeletedResource | undefined) =>
      ({
        act: 'delete',
        entities: deleted === undefined ? [] : [entityOf(access, type, deleted.id)],
      }) as const
    return carryOut(deps, { access, query, work, tell }, context)
  }
}

export interface DeleteStep {
  readonly writer: ResourceWriter
  readonly access: Access
  readonly ifMatch?: VersionMatch | undefined
  /** The row as it is, locked; absent where a condition matches none. */
  readonly previous: CurrentRow | undefined
  /** The condition that has found it. */
  readonly search: Search | undefined
}

export async function deleteStep(
  db: PoolClient,
  { clock }: Pick<WriteDeps, 'clock'>,
  { writer, access, ifMatch, previous, search }: DeleteStep,
): Promise<DeletedResource | undefined> {
  if (previous === undefined) return undefined
  requireVersion(previous, ifMatch)
  return deleteRow(db, writer, { access, previous, search, at: clock() })
}
