/** Reads that a caller shapes: as of one moment, and no longer than a moment. */
import pg from 'pg'
import { HubError } from '../kernel/errors.ts'
import type { Db } from './db.ts'
import { isTimeout } from './transaction-errors.ts'

/** What a statement of a search may take; what a request's own transaction may is the pool's to say. */
const STATEMENT_MS = 10_000

const BEGIN = `begin isolation level repeatable read read only; set local statement_timeout = ${STATEMENT_MS}`

/**
 * Runs `work`, whose statements see one state of the database and are given up after ten seconds each: throws
 * `invalid` then, with reason `too-costly`. Inside a caller's transaction that one's state and limits hold.
 */
export async function boundedRead<Result>(
  db: Db,
  work: (db: Db) => Promise<Result>,
): Promise<Result> {
  return db instanceof pg.Pool ? withinTransaction(db, work) : refusing(() => work(db))
}

async function withinTransaction<Result>(
  pool: pg.Pool,
  work: (db: Db) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let failure: unknown
  try {
    await client.query(BEGIN)
    return await refusing(() => work(client))
  } catch (error) {
    failure = error
    throw error
  } finally {
    const end = await client.query('rollback').catch((error: unknown) => error)
    client.release(failure !== undefined && end instanceof Error)
  }
}

async function refusing<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!isTimeout(error)) throw error
    const text = 'This search takes too long: ask for one patient, fewer values or a shorter period'
    throw new HubError('invalid', text, { reason: 'too-costly', cause: error })
  }
}
