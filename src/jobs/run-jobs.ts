/** The background jobs of one node: rows of the queue taken up one at a time (graphile-worker). */
import { Logger, parseCronItems, run } from 'graphile-worker'
import type { Pool } from 'pg'
import type { Log } from '../kernel/log.ts'
import type { ImagingStudyId } from '../kernel/ids.ts'
import type { SettleStudy } from '../services/settle-study.ts'
import type { SweepExpired } from '../services/sweep-expired.ts'

export interface JobsDeps {
  readonly pool: Pool
  readonly settleStudy: SettleStudy
  readonly sweepExpired: SweepExpired
  readonly log: Log
}

export interface Jobs {
  /** Takes up nothing new and waits for what runs. */
  stop(): Promise<void>
}

const CONCURRENCY = 2

export async function startJobs({ pool, settleStudy, sweepExpired, log }: JobsDeps): Promise<Jobs> {
  const runner = await run({
    pgPool: pool,
    concurrency: CONCURRENCY,
    // The process has its own handling of signals: a stop drains the faces first.
    noHandleSignals: true,
    logger: new Logger(() => (level, message) => {
      if (level === 'error' || level === 'warning') log.warn({ message }, 'A background job')
    }),
    taskList: {
      'settle-study': async (payload) => {
        await settleStudy(requireStudy(payload))
      },
      'sweep-expired': async () => {
        await sweepExpired()
      },
    },
    parsedCronItems: parseCronItems([
      { task: 'sweep-expired', match: '*/10 * * * *', options: { backfillPeriod: 0 } },
    ]),
  })
  // What the last run left behind need not wait for the clock; nodes that start at once ask once.
  await runner.addJob('sweep-expired', {}, { jobKey: 'sweep-at-start' })
  return { stop: () => runner.stop() }
}

function requireStudy(payload: unknown): ImagingStudyId {
  if (typeof payload === 'object' && payload !== null && 'imagingStudy' in payload)
    return String(payload.imagingStudy) as ImagingStudyId
  throw new Error('The job names no study')
}
