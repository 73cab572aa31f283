/** One sync of a source at a time, over all processes: a lock that ends with the session that holds it. */
import type { Pool } from 'pg'

const TRY_LOCK = `select pg_try_advisory_lock(hashtextextended($1, 0)) as locked`
const UNLOCK = `select pg_advisory_unlock(hashtextextended($1, 0))`

/** Resolves to undefined, without running `work`, where another holds the lock. */
export async function withSourceLock<Result>(
  pool: Pool,
  source: string,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const client = await pool.connect()
  const key = `sync/${source}`
  try {
    const { rows } = await client.query<{ locked: boolean }>(TRY_LOCK, [key])
    if (rows[0]?.locked !== true) return undefined
    try {
      return await work()
    } finally {
      await client.query(UNLOCK, [key])
    }
  } finally {
    client.release()
  }
}
