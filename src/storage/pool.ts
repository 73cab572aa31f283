/** The connection pool: PostgreSQL is called with whole SQL statements, not abstracted. */
import pg from 'pg'
import type { Log } from '../kernel/log.ts'

export interface PoolOptions {
  readonly connection:
    | { readonly connectionString: string }
    | { readonly host: string; readonly user: string; readonly database: string }
  readonly max: number
  readonly log: Log
}

const INT8 = 20

/** The library's parsers by type, whatever the number's name in its own list. */
const builtIn = pg.types.getTypeParser as (oid: number, format?: 'text' | 'binary') => unknown

/** Counts and sizes stay below 2^53, so bigint columns come as numbers. */
function parserOf(oid: number, format?: 'text' | 'binary'): unknown {
  return oid === INT8 && format !== 'binary' ? Number : builtIn(oid, format)
}

const types: pg.CustomTypesConfig = { getTypeParser: parserOf }

const TIMESTAMPTZ = 1184

/** For statements whose times are handed back to the database alone: as it wrote them. */
export const timesAsTexts: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
    oid === TIMESTAMPTZ ? String : parserOf(oid, format),
}

export function makePool({ connection, max, log }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    ...connection,
    max,
    types,
    application_name: 'samsyn',
    connectionTimeoutMillis: 10_000,
    // A statement that hangs must not hold a clinician's request for ever.
    statement_timeout: 60_000,
    idle_in_transaction_session_timeout: 60_000,
  })
  onLoss(pool, (error) => {
    // At the end the server may be quicker to close a session than the pool is.
    if (!pool.ending) log.warn({ error: error.message }, 'A database connection was lost')
  })
  return pool
}

/** A few more connections to the same database, for statements that may take their time. End it after use. */
export function makeUnhurriedPool({ options }: pg.Pool): pg.Pool {
  const pool = new pg.Pool({
    ...options,
    max: 2,
    statement_timeout: 0,
    idle_in_transaction_session_timeout: 0,
  })
  // Whoever runs a statement at that moment is told by its failure.
  onLoss(pool, () => undefined)
  return pool
}

/** Without listeners a session that the server ends (57P01) would end this process as well. */
function onLoss(pool: pg.Pool, listener: (error: Error) => void): void {
  pool.on('error', listener)
  pool.on('connect', (client) => {
    client.on('error', listener)
  })
}
