/** Ending an export and removing its files: at its client's word, or when its time or its access has ended. */
import type { Pool } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import { transaction } from '../storage/db.ts'
import { deleteExport, listExports } from '../storage/exports.ts'
import type { ObjectStore } from '../storage/objects.ts'
import { accessRecord } from './access-record.ts'
import type { JudgeExport } from './export-access.ts'
import { findOwnExport } from './find-own-export.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'

/** Throws `not-found` for what is not the caller's own. Whoever is at it hears of it within seconds. */
export type CancelExport = (
  principal: Principal,
  id: string,
  context: RequestContext,
) => Promise<void>

export interface CancelExportDeps extends PermitDeps, RemoveDeps {}

interface RemoveDeps {
  readonly pool: Pool
  readonly objects: Pick<ObjectStore, 'remove'>
}

export function makeCancelExport(deps: CancelExportDeps): CancelExport {
  return async (principal, id, context) => {
    const { pool, clock } = deps
    const query = 'DELETE export'
    const access = await permit(deps, { principal, action: 'export', query }, context)
    await findOwnExport({ db: pool, clock }, principal, id)
    const entities = [{ kind: 'query', query: `DELETE export/${id}` }] as const
    const act = { act: 'export', at: clock(), outcome: '0', entities } as const
    await deps.recordAudit(accessRecord(access, act, context))
    await remove(deps, id)
  }
}

/** Removes what is over; call it now and then. */
export type SweepExports = () => Promise<void>

export interface SweepExportsDeps extends RemoveDeps {
  readonly judgeExport: JudgeExport
  readonly clock: Clock
}

/** More than all clients have at once. */
const MOST = 10_000

export function makeSweepExports(deps: SweepExportsDeps): SweepExports {
  return async () => {
    for (const one of await listExports(deps.pool, MOST)) {
      const isExpired = one.expiresAt <= deps.clock()
      // One that runs hears by itself that its access has ended, and says so.
      const isLost = one.state !== 'running' && !isExpired && (await deps.judgeExport(one)).ended
      if (isExpired || isLost) await remove(deps, one.id)
    }
  }
}

async function remove({ pool, objects }: RemoveDeps, id: string): Promise<void> {
  const landings = await transaction(pool, (db) => deleteExport(db, id))
  for (const landing of landings) await objects.remove(landing)
}
