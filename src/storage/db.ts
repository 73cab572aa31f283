/** What a storage function needs: a pool outside a transaction, a client inside one. */
import type { Pool, PoolClient } from 'pg'
import { isConnectionLoss } from './transaction-errors.ts'

export type Db = Pick<Pool, 'query'>

/** Runs `work` in one transaction; any throw rolls all of it back. */
export async function transaction<Result>(
  pool: Pool,
  work: (db: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    // A connection that broke inside a transaction is not given to the next caller.
    client.release(isConnectionLoss(failure) ? failure : undefined)
  }
}

const READ_ONE_MOMENT = `set transaction isolation level repeatable read, read only`

/** Runs `work` on the database as it is at one moment, whatever others commit meanwhile. */
export function snapshot<Result>(
  pool: Pool,
  work: (db: PoolClient) => Promise<Result>,
): Promise<Result> {
  return transaction(pool, async (db) => {
    await db.query(READ_ONE_MOMENT)
    return work(db)
  })
}
