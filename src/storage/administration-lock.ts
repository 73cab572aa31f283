/** Operators' acts are one at a time: each reads a row, changes a part of it and writes it back. */
import type { PoolClient } from 'pg'

/** Any constant will do that is ours alone in this database. */
const LOCK = 7_341_002

/** Waits for the act before; the end of the transaction lets the next one in. */
export async function lockAdministration(db: PoolClient): Promise<void> {
  await db.query('select pg_advisory_xact_lock($1)', [LOCK])
}
