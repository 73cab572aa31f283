/**
 * Reading a source's index into the hub's own, study by study, without copying a pixel. A sync that is
 * broken off is taken up by the next: what is unchanged costs no write.
 */
import type { Pool } from 'pg'
import type { ImageSource } from '../domain/imaging/source.ts'
import { isUid, parseStudyUid } from '../domain/imaging/uid.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { StudyUid } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { DicomwebSource, OpenDicomwebSource } from '../sources/dicomweb.ts'
import { transaction } from '../storage/db.ts'
import { withSourceLock } from '../storage/source-lock.ts'
import { listSourceStudies } from '../storage/source-studies.ts'
import { findSource, noteSyncEnded, noteSyncStarted } from '../storage/sources.ts'
import { textAt } from '../wire/dicom/attributes.ts'
import type { Administration, SyncProgress, SyncReport } from './administration.ts'
import type { RecordAudit } from './record-audit.ts'
import type { RegisterStudy } from './register-study.ts'
import { readSourceStudy, syncStudy } from './sync-study.ts'
import { withdrawStudy } from './withdraw-study.ts'

export type SyncSource = Administration['syncSource']

export interface SyncSourceDeps {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly clock: Clock
  readonly log: Log
  readonly recordAudit: RecordAudit
  readonly registerStudy: RegisterStudy
  readonly openSource: OpenDicomwebSource
}

/** Throws `not-found` for an unknown source, `conflict` while it is being synced, and what the source fails with. */
export function makeSyncSource(deps: SyncSourceDeps): SyncSource {
  return async (id, progress, by) => {
    const source = await findSource(deps.pool, deps.sealer, id)
    if (source === undefined) throw new HubError('not-found', `There is no source ${id}`)
    await deps.recordAudit({
      act: 'administration',
      at: deps.clock(),
      outcome: '0',
      reason: 'source-synced',
      ...by.context,
      principal: by.principal,
      entities: [{ kind: 'query', query: `source ${id}` }],
    })
    const report = await withSourceLock(deps.pool, id, () => noted(deps, source, progress))
    if (report === undefined)
      throw new HubError('conflict', 'This source is being synced already; wait for that to end')
    return report
  }
}

async function noted(
  deps: SyncSourceDeps,
  source: ImageSource,
  progress: SyncProgress,
): Promise<SyncReport> {
  const { pool, clock } = deps
  await noteSyncStarted(pool, source.id, clock())
  try {
    const report = await syncAll(deps, source, progress)
    await noteSyncEnded(pool, source.id, { at: clock(), error: problemOf(report) })
    return report
  } catch (error) {
    const text = isHubError(error) ? error.message : 'The sync failed; the log says why'
    await noteSyncEnded(pool, source.id, { at: clock(), error: text })
    throw error
  }
}

function problemOf({ failed }: SyncReport): string | null {
  return failed === 0 ? null : `${failed} studies could not be registered`
}

interface Tally {
  studies: number
  instances: number
  failed: number
  readonly series: Set<string>
}

async function syncAll(
  deps: SyncSourceDeps,
  source: ImageSource,
  progress: SyncProgress,
): Promise<SyncReport> {
  const from = deps.openSource(source)
  const seen = new Set<StudyUid>()
  const tally: Tally = { studies: 0, instances: 0, failed: 0, series: new Set() }
  for await (const result of from.searchStudies({}, progress.signal)) {
    const uid = textAt(result, '0020000D') ?? ''
    if (!isUid(uid)) {
      tally.failed += 1
      continue
    }
    const study = parseStudyUid(uid)
    if (seen.has(study)) continue
    seen.add(study)
    await syncOne(deps, { source, from, study, signal: progress.signal }, tally)
    progress.onStudy?.(seen.size, undefined)
  }
  await withdrawMissing(deps, { source, from, signal: progress.signal }, seen)
  const { studies, series, instances, failed } = tally
  return { studies, series: series.size, instances, failed }
}

interface Reading {
  readonly source: ImageSource
  readonly from: DicomwebSource
  readonly signal?: AbortSignal | undefined
}

/** One study that cannot be read or registered does not keep the others out. */
async function syncOne(
  deps: SyncSourceDeps,
  { source, from, study, signal }: Reading & { readonly study: StudyUid },
  tally: Tally,
): Promise<void> {
  try {
    const { headers, refused, reason } = await readSourceStudy(from, source, { study, signal })
    if (headers.length === 0)
      throw new HubError(
        'source-failed',
        `No instance can be indexed: ${reason ?? 'there is none'}`,
      )
    if (refused > 0)
      deps.log.warn({ source: source.id, study, refused, reason }, 'Instances were left out')
    const at = deps.clock()
    await transaction(deps.pool, (db) =>
      syncStudy(db, deps.registerStudy, { source, study, headers, at }),
    )
    tally.studies += 1
    tally.instances += headers.length
    for (const { seriesUid } of headers) tally.series.add(seriesUid)
  } catch (error) {
    if (signal?.aborted === true || isOutOfReach(error)) throw error
    tally.failed += 1
    deps.log.warn({ err: error, source: source.id, study }, 'A study could not be registered')
  }
}

function isOutOfReach(error: unknown): boolean {
  return isHubError(error, 'source-unavailable') || isHubError(error, 'source-timeout')
}

/** What the listing lacks is asked for by name before it goes: a page may have slipped meanwhile. */
async function withdrawMissing(
  { pool, clock, log }: SyncSourceDeps,
  { source, from, signal }: Reading,
  seen: ReadonlySet<StudyUid>,
): Promise<void> {
  for (const { study, imagingStudy } of await listSourceStudies(pool, source.id)) {
    if (seen.has(study) || (await isThere(from, study, signal))) continue
    await transaction(pool, (db) => withdrawStudy(db, { source, study, at: clock() }))
    log.info({ source: source.id, imagingStudy }, 'A study is gone from its source')
  }
}

async function isThere(
  from: DicomwebSource,
  study: StudyUid,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for await (const found of from.searchStudies({ StudyInstanceUID: study }, signal))
    if (textAt(found, '0020000D') === study) return true
  return false
}
