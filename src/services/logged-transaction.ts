/**
 * An act and its event: the event is in the log before the act commits, so that a full log or a crash
 * leaves an event without its act and never an act without its event. The log has connections of its own
 * (compose-storage.ts): transactions that hold all others do not keep it from being written.
 */
import type { Pool, PoolClient } from 'pg'
import type { AuditRecord } from '../domain/audit/event.ts'
import type { Clock } from '../kernel/clock.ts'
import { transaction } from '../storage/db.ts'
import { isUncertain } from '../storage/transaction-errors.ts'
import type { RecordAudit } from './record-audit.ts'

export interface LoggedTransactionDeps {
  readonly pool: Pool
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

export interface Acted<Result> {
  readonly result: Result
  /** What was done, as it will be once the transaction commits. */
  readonly record: AuditRecord
}

/**
 * Runs `work`, logs its record, commits. Where the commit then fails, a second event with outcome 8 says
 * `not-committed`, or `commit-uncertain` where the connection broke at it. Throws what `work` throws, and
 * what the log throws: nothing is committed then.
 */
export async function loggedTransaction<Result>(
  { pool, recordAudit, clock }: LoggedTransactionDeps,
  work: (db: PoolClient) => Promise<Acted<Result>>,
): Promise<Result> {
  let logged: AuditRecord | undefined
  try {
    return await transaction(pool, async (db) => {
      const { result, record } = await work(db)
      await recordAudit(record)
      logged = record
      return result
    })
  } catch (error) {
    if (logged !== undefined) {
      const reason = isUncertain(error) ? 'commit-uncertain' : 'not-committed'
      const failed = { ...logged, at: clock(), outcome: '8', reason } as const
      // The caller is told of the act's failure, not of this one.
      await recordAudit(failed).catch(() => undefined)
    }
    throw error
  }
}
