/** A message's reports, all or none, with one event: what is acknowledged is committed and logged. */
import type { Pool } from 'pg'
import type { ReceivedReport } from '../domain/imaging/report.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Access } from './authorize.ts'
import { loggedTransaction } from './logged-transaction.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'
import { receiveReport, type ReceivedVersion, type ReceiveReportDeps } from './receive-report.ts'
import { despiteRaces, doneRecord, entityOf } from './write-deps.ts'

/** Throws `unprocessable` for what no valid resource can be made of, and `conflict` where others write the same. */
export type ReceiveReports = (
  access: Access,
  reports: readonly ReceivedReport[],
  context: RequestContext,
) => Promise<readonly ReceivedVersion[]>

export interface ReceiveReportsDeps extends ReceiveReportDeps {
  readonly pool: Pool
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

export function makeReceiveReports(deps: ReceiveReportsDeps): ReceiveReports {
  return (access, reports, context) =>
    despiteRaces(() =>
      loggedTransaction(deps, async (db) => {
        const result: ReceivedVersion[] = []
        for (const report of reports)
          result.push(await receiveReport(db, { access, report, at: deps.clock() }, deps))
        const entities = result.map(({ id }) => entityOf(access, 'DiagnosticReport', id))
        const done = { access, act: 'publish', entities, at: deps.clock() } as const
        return { result, record: doneRecord(done, context) }
      }),
    )
}
