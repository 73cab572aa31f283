/**
 * Forward-only schema migrations: `migrations/NNNN-name.sql`, each applied once, in name order, in a
 * transaction with its row in table `migration`. An advisory lock lets one node do it while others wait.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs/promises'
import { Logger, runMigrations } from 'graphile-worker'
import type { Pool, PoolClient } from 'pg'
import { HubError } from '../kernel/errors.ts'
import { makeUnhurriedPool } from './pool.ts'

const FOLDER = new URL('migrations/', import.meta.url)
// A role or a database may have limits of its own.
const UNHURRIED = 'set statement_timeout = 0; set lock_timeout = 0'

/** Any constant will do, as long as it is ours alone in this database. */
const LOCK = 7_341_001

const TABLE = `
  create table if not exists migration (
    name        text primary key,
    sha256      text not null,
    applied_at  timestamptz not null default now()
  )`

interface Migration {
  readonly name: string
  readonly sha256: string
  readonly sql: string
}

/** Returns the names of what it applied. Throws `conflict` where the database is newer or was edited. */
export async function migrate(pool: Pool): Promise<readonly string[]> {
  const migrations = await readMigrations()
  const unhurried = makeUnhurriedPool(pool)
  const client = await unhurried.connect().catch(async (error: unknown) => {
    await unhurried.end()
    throw error
  })
  try {
    await client.query(UNHURRIED)
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await client.query(TABLE)
    const pending = await findPending(client, migrations)
    for (const migration of pending) await apply(client, migration)
    await runMigrations({ pgPool: unhurried, logger: new Logger(() => () => undefined) })
    return pending.map(({ name }) => name)
  } finally {
    // The lock is the session's and ends with it.
    client.release(true)
    await unhurried.end()
  }
}

/** What `migrate` would apply; empty when the schema is up to date. For doctor and readiness. */
export async function pendingMigrations(pool: Pool): Promise<readonly string[]> {
  const migrations = await readMigrations()
  const { rows } = await pool.query<{ found: boolean }>(
    `select to_regclass('migration') is not null as found`,
  )
  if (rows[0]?.found !== true) return migrations.map(({ name }) => name)
  return (await findPending(pool, migrations)).map(({ name }) => name)
}

async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await fs.readdir(FOLDER)).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name))
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await fs.readFile(new URL(name, FOLDER), 'utf8')
      return { name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

async function findPending(
  db: Pick<Pool, 'query'>,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  const { rows } = await db.query<{ name: string; sha256: string }>(
    'select name, sha256 from migration order by name',
  )
  const known = new Map(migrations.map((migration) => [migration.name, migration]))
  for (const { name, sha256 } of rows) {
    if (known.get(name)?.sha256 === sha256) continue
    throw new HubError(
      'conflict',
      known.has(name)
        ? `Migration ${name} differs from the one this database was made with`
        : `This database is newer than this program: it has migration ${name}`,
    )
  }
  const applied = new Set(rows.map(({ name }) => name))
  return migrations.filter(({ name }) => !applied.has(name))
}

async function apply(client: PoolClient, { name, sha256, sql }: Migration): Promise<void> {
  try {
    await client.query('begin')
    await client.query(sql)
    await client.query('insert into migration (name, sha256) values ($1, $2)', [name, sha256])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new HubError('conflict', `Migration ${name} failed`, { cause: error })
  }
}
