/**
 * An export at work: claimed by one node, written type by type, file by file. Whoever dies leaves whole files, the
 * place behind them and a job that comes due when its claim has ended: the next node goes on from there.
 */
import { randomUUID } from 'node:crypto'
import { transaction } from '../storage/db.ts'
import { hasPassed, readFence } from '../storage/export-rows.ts'
import {
  addExportFile,
  claimExport,
  findExport,
  type ExportPlace,
  type StoredExport,
} from '../storage/exports.ts'
import { scheduleExport } from '../storage/jobs.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import type { Access } from './authorize.ts'
import { cutterOf } from './cut-exported.ts'
import { AccessEnded, breakOffExport, finishExport } from './end-export.ts'
import type { ExportPace, RunExportDeps, Running } from './export-deps.ts'
import { LeaseLost, makeExportLease, type ExportLease } from './export-lease.ts'
import { filterConditions, patientConditions } from './export-scope.ts'
import { readStep, type ExportStep } from './export-steps.ts'
import { openExport, type AskedExport } from './sealed-export.ts'
import { writeStep } from './write-export-files.ts'

/** Goes on with the export until it is done, or the signal says stop. Rejects where it could not even be put off. */
export type RunExport = (id: string, signal: AbortSignal) => Promise<void>

const PACE: ExportPace = { leaseMs: 30_000, graceMs: 1_000, fileBytes: 64 * 1024 * 1024 }
/** One state of the database is held no longer. */
const HOLD_MS = 30_000
/** Transactions that write for longer than this are not waited for. */
const MOST_PATIENCE_MS = 5 * 60_000

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
      await breakOffExport(deps, { stored: claimed, lease, error, stopped: signal.aborted })
    }
  }
}

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
  await finishExport(deps, { stored, lease, access: (await judge()).access })
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
