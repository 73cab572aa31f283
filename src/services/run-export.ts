/**
 * An export at work: claimed by one node, written type by type, file by file. Whoever dies leaves whole files, the
 * place behind them and a job that comes due when its claim has ended: the next node goes on from there.
 */
import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import type { Clock } from '../kernel/clock.ts'
import { isHubError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Sealer } from '../kernel/seal.ts'
import { transaction } from '../storage/db.ts'
import { hasPassed, readFence } from '../storage/export-rows.ts'
import {
  addExportFile,
  claimExport,
  endExport,
  findExport,
  forgetExportFiles,
  releaseClaim,
  type ExportPlace,
  type StoredExport,
} from '../storage/exports.ts'
import { scheduleExport } from '../storage/jobs.ts'
import type { ObjectStore } from '../storage/objects.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import type { Summarize } from '../wire/fhir/summary.ts'
import { accessRecord } from './access-record.ts'
import type { Access } from './authorize.ts'
import { cutterOf } from './cut-exported.ts'
import { exporterOf, type JudgeExport } from './export-access.ts'
import { LeaseLost, makeExportLease, type ExportLease } from './export-lease.ts'
import { filterConditions, patientConditions } from './export-scope.ts'
import { readStep, type ExportStep } from './export-steps.ts'
import type { RecordAudit } from './record-audit.ts'
import { openExport, type AskedExport } from './sealed-export.ts'
import { writeStep } from './write-export-files.ts'

/** Goes on with the export until it is done, or the signal says stop. Rejects where it could not even be put off. */
export type RunExport = (id: string, signal: AbortSignal) => Promise<void>

export interface RunExportDeps {
  readonly pool: Pool
  readonly objects: ObjectStore
  readonly sealer: Sealer
  readonly judgeExport: JudgeExport
  readonly summarize: Summarize
  readonly recordAudit: RecordAudit
  readonly clock: Clock
  readonly log: Log
  /** The FHIR base address. */
  readonly base: string
  readonly pace?: Partial<ExportPace> | undefined
}

export interface ExportPace {
  /** How long a node that has died holds an export. */
  readonly leaseMs: number
  /** Writes that read the clock before an export began may begin their transaction so much later. */
  readonly graceMs: number
  readonly fileBytes: number
}

const PACE: ExportPace = { leaseMs: 30_000, graceMs: 1_000, fileBytes: 64 * 1024 * 1024 }
/** One state of the database is held no longer. */
const HOLD_MS = 30_000
/** Transactions that write for longer than this are not waited for. */
const MOST_PATIENCE_MS = 5 * 60_000
const MOST_FAILURES = 6

export function makeRunExport(given: RunExportDeps): RunExport {
  const deps: Running = { ...given, pace: { ...PACE, ...given.pace } }
  return async (id, signal) => {
    const claim = randomUUID()
    const claimed = await take(deps, id, claim)
    if (claimed === undefined) return
    const lease = makeExportLease({ ...deps, ...deps.pace }, { id, claim }, signal)
    try {
      await goOn(deps, claimed, lease)
    } catch (error) {
      await breakOff(deps, { stored: claimed, lease, error, stopped: signal.aborted })
    }
  }
}

type Running = RunExportDeps & { readonly pace: ExportPace }

/** With a job for the time after its end, should nobody be there any more to say how it went. */
function take(deps: Running, id: string, claim: string): Promise<StoredExport | undefined> {
  return transaction(deps.pool, async (db) => {
    const at = deps.clock()
    const until = new Date(at.getTime() + deps.pace.leaseMs)
    const claimed = await claimExport(db, { id, claim, until }, at)
    if (claimed !== undefined) await guard(deps, db, id)
    else {
      const other = await findExport(db, id)
      if (other?.state === 'running') await guard(deps, db, id)
    }
    return claimed
  })
}

function guard(
  { clock, pace }: Running,
  db: Parameters<typeof scheduleExport>[0],
  id: string,
): Promise<void> {
  return scheduleExport(db, id, new Date(clock().getTime() + pace.leaseMs + 1_000))
}

/** Access is gone: not what the hub could go on with, and not for the client to try again. */
class AccessEnded extends Error {
  override readonly name = 'AccessEnded'
}

async function goOn(deps: Running, stored: StoredExport, lease: ExportLease): Promise<void> {
  const asked = openExport(deps.sealer, stored.id, stored.asked)
  const judge = async (): Promise<{ access: Access; visibility: Visibility }> => {
    await lease.hold()
    const standing = await deps.judgeExport(stored)
    if (standing.ended) throw new AccessEnded('Access ended')
    return standing
  }
  const { access } = await judge()
  await waitForWriters(deps, stored, lease)
  const steps = await stepsOf(deps, { stored, asked, access })
  const reading = {
    pool: deps.pool,
    at: stored.requestedAt,
    since: asked.since,
    holdMs: HOLD_MS,
    now: () => performance.now(),
    look: async () => (await judge()).visibility,
  }
  for (const [index, step] of steps.entries()) {
    if (index < stored.place.step) continue
    const place = index === stored.place.step ? stored.place : { step: index }
    const writing = {
      objects: deps.objects,
      fileBytes: deps.pace.fileBytes,
      cut: cutterOf(deps.summarize, asked.elements, step.type),
      keep: keeper(deps, stored.id, lease),
    }
    await writeStep(writing, { ...step, place }, readStep(reading, step, place.after))
  }
  await finish(deps, { stored, lease, access: (await judge()).access })
}

/**
 * What was written up to the moment that is exported has to be there when it is read: it takes its time from the
 * clock, and is there for others when its transaction commits.
 */
async function waitForWriters(
  { pool, clock, pace }: Running,
  { requestedAt }: StoredExport,
  lease: ExportLease,
): Promise<void> {
  const grace = requestedAt.getTime() + pace.graceMs - clock().getTime()
  if (grace > 0) await lease.rest(Math.min(grace, pace.graceMs))
  const fence = await readFence(pool)
  const patience = clock().getTime() + MOST_PATIENCE_MS
  while (clock().getTime() < patience && !(await hasPassed(pool, fence))) await lease.rest(50)
}

async function stepsOf(
  deps: Running,
  {
    stored,
    asked,
    access,
  }: { readonly stored: StoredExport; readonly asked: AskedExport; readonly access: Access },
): Promise<readonly ExportStep[]> {
  const ofPatients = await patientConditions(deps, asked, access)
  const outputs = stored.types.map((type): ExportStep => ({
    type,
    kind: 'output',
    conditions: [...ofPatients, ...filterConditions(deps, asked, type)],
  }))
  if (asked.since === undefined) return outputs
  // What is deleted has nothing left to filter by.
  const deleted = stored.types.map((type): ExportStep => ({
    type,
    kind: 'deleted',
    conditions: ofPatients,
  }))
  return [...outputs, ...deleted]
}

function keeper(
  deps: Running,
  id: string,
  { claim, until }: ExportLease,
): Parameters<typeof writeStep>[0]['keep'] {
  return (file, place: ExportPlace) =>
    transaction(deps.pool, async (db) => {
      const isKept = await addExportFile(db, { id, claim, until: until() }, { file, place })
      if (!isKept) throw new LeaseLost()
      await guard(deps, db, id)
    })
}

interface Ending {
  readonly stored: StoredExport
  readonly lease: ExportLease
  readonly access: Pick<Access, 'principal' | 'grant'>
}

async function finish(deps: Running, { stored, lease, access }: Ending): Promise<void> {
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

async function breakOff(deps: Running, breaking: Breaking): Promise<void> {
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
    await endExport(db, { id, claim }, { error, at: deps.clock() })
    return forgetExportFiles(db, id)
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
