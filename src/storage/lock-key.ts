/** Waiting for others that do the same thing, until the transaction ends. */
import type { Db } from './db.ts'

const LOCK_KEY = `select pg_advisory_xact_lock(hashtextextended($1, 0))`

/** Keys that differ may share a lock: they wait for each other and nothing else. */
export async function lockKey(db: Db, key: string): Promise<void> {
  await db.query(LOCK_KEY, [key])
}
