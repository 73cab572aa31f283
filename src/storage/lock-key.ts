/** Waiting for others that do the same thing, until the transaction ends. */
import type { Db } from './db.ts'

// Taken one by one, in the order of the array.
const LOCK_KEYS = `
select pg_advisory_xact_lock(hashtextextended(key, 0)) from unnest($1::text[]) as key`

/** Keys that differ may share a lock: they wait for each other and nothing else. */
export function lockKey(db: Db, key: string): Promise<void> {
  return lockKeys(db, [key])
}

/** Several in the order given, which is to be the same for everybody who takes more than one of them. */
export async function lockKeys(db: Db, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await db.query({ name: 'lock-keys', text: LOCK_KEYS, values: [keys] })
}
