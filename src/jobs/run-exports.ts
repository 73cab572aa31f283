/**
 * The exports of one node: jobs of the same queue, taken up by a runner of their own. One of them may take an
 * hour, and what settles a study must not wait behind it.
 */
import { Logger, parseCronItems, run } from 'graphile-worker'
import type { Pool } from 'pg'
import type { Log } from '../kernel/log.ts'
import type { SweepExports } from '../services/cancel-export.ts'
import type { RunExport } from '../services/run-export.ts'
import type { Jobs } from './run-jobs.ts'

export interface ExportJobsDeps {
  readonly pool: Pool
  readonly runExport: RunExport
  readonly sweepExports: SweepExports
  readonly log: Log
}

const CONCURRENCY = 2

/** A stop breaks off what runs: the next node goes on with it at once. */
export async function startExportJobs(deps: ExportJobsDeps): Promise<Jobs> {
  const { pool, runExport, sweepExports, log } = deps
  const stopping = new AbortController()
  const runner = await run({
    pgPool: pool,
    concurrency: CONCURRENCY,
    noHandleSignals: true,
    logger: new Logger(() => (level, message) => {
      if (level === 'error' || level === 'warning') log.warn({ message }, 'An export job')
    }),
    taskList: {
      'run-export': async (payload) => {
        await runExport(requireExport(payload), stopping.signal)
      },
      'sweep-exports': async () => {
        await sweepExports()
      },
    },
    parsedCronItems: parseCronItems([
      { task: 'sweep-exports', match: '*/5 * * * *', options: { backfillPeriod: 0 } },
    ]),
  })
  return {
    async stop() {
      stopping.abort(new Error('The node stops'))
      await runner.stop()
    },
  }
}

function requireExport(payload: unknown): string {
  if (typeof payload === 'object' && payload !== null && 'export' in payload)
    return String(payload.export)
  throw new Error('The job names no export')
}
