/** How an export at work comes to its end: done, failed, or put off until it is tried again. */
import { isHubError } from '../kernel/errors.ts'
import { transaction } from '../storage/db.ts'
import {
  endExport,
  findExport,
  forgetExportFiles,
  releaseClaim,
  type StoredExport,
} from '../storage/exports.ts'
import { scheduleExport } from '../storage/jobs.ts'
import { accessRecord } from './access-record.ts'
import type { Access } from './authorize.ts'
import { exporterOf } from './export-access.ts'
import type { Running } from './export-deps.ts'
import { LeaseLost, type ExportLease } from './export-lease.ts'

const MOST_FAILURES = 6

/** Access is gone: not what the hub could go on with, and not for the client to try again. */
export class AccessEnded extends Error {
  override readonly name = 'AccessEnded'
}

interface Ending {
  readonly stored: StoredExport
  readonly lease: ExportLease
  readonly access: Pick<Access, 'principal' | 'grant'>
}

export async function finishExport(
  deps: Running,
  { stored, lease, access }: Ending,
): Promise<void> {
  await audit(deps, stored, access, { outcome: '0' })
  const { id } = stored
  const isEnded = await endExport(deps.pool, { id, claim: lease.claim }, { at: deps.clock() })
  if (!isEnded) throw new LeaseLost()
}

interface Breaking {
  readonly stored: StoredExport
  readonly lease: ExportLease
  readonly error: unknown
  readonly stopped: boolean
}

/** Throws where it could not even be put off: the job is tried again then. */
export async function breakOffExport(deps: Running, breaking: Breaking): Promise<void> {
  const { stored, lease, error, stopped } = breaking
  const { id } = stored
  if (error instanceof LeaseLost) return
  const failures = stopped ? stored.failures : await failuresOf(deps, stored)
  if (!stopped) deps.log.warn({ export: id, failures, err: error }, 'An export was broken off')
  if (error instanceof AccessEnded) return fail(deps, stored, lease, ACCESS_ENDED)
  if (isHubError(error, 'not-found')) return fail(deps, stored, lease, GROUP_GONE)
  if (failures > MOST_FAILURES) return fail(deps, stored, lease, NOT_DONE)
  const wait = stopped ? 0 : 2 ** failures * 500
  await transaction(deps.pool, async (db) => {
    await releaseClaim(db, { id, claim: lease.claim }, failures)
    await scheduleExport(db, id, new Date(deps.clock().getTime() + wait))
  })
}

/** Counted anew by whatever becomes a file meanwhile. */
async function failuresOf({ pool }: Running, { id }: StoredExport): Promise<number> {
  return ((await findExport(pool, id))?.failures ?? 0) + 1
}

const ACCESS_ENDED = { error: 'Access ended before the export was done', reason: 'access-ended' }
const GROUP_GONE = {
  error: 'The Group is gone, or is not to be seen any more',
  reason: 'not-found',
}
const NOT_DONE = { error: 'The export could not be completed: begin it again', reason: 'failed' }

/** What has been written is nobody's any more. */
async function fail(
  deps: Running,
  stored: StoredExport,
  { claim }: ExportLease,
  { error, reason }: { readonly error: string; readonly reason: string },
): Promise<void> {
  const { id } = stored
  const principal = exporterOf(stored, new Set(stored.actions))
  await audit(deps, stored, { principal }, { outcome: '8', reason })
  const landings = await transaction(deps.pool, async (db) => {
    const isEnded = await endExport(db, { id, claim }, { error, at: deps.clock() })
    // Another node's files are that one's.
    return isEnded ? forgetExportFiles(db, id) : []
  })
  for (const landing of landings) await deps.objects.remove(landing)
}

async function audit(
  { recordAudit, clock }: Running,
  { id }: StoredExport,
  access: Pick<Access, 'principal' | 'grant'>,
  how: { readonly outcome: '0' | '8'; readonly reason?: string },
): Promise<void> {
  const entities = [{ kind: 'query', query: `export/${id}` }] as const
  const context = { requestId: `export-${id}`, channel: 'job' }
  await recordAudit(accessRecord(access, { act: 'export', at: clock(), entities, ...how }, context))
}
