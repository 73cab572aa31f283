import assert from 'node:assert/strict'
import { it } from 'node:test'
import pg from 'pg'
import { migrate, pendingMigrations } from '../../src/storage/migrate.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import { createDatabase } from '../support/database.ts'

/** The one of migrate.ts, which another program may hold. */
const MIGRATION_LOCK = 7_341_001

it('finds nothing left to apply in a migrated database', async (t) => {
  const { pool } = await createDatabase(t)
  assert.deepEqual(await pendingMigrations(pool), [])
  assert.deepEqual(await migrate(pool), [])
})

it('lets several nodes migrate at once and applies each migration once', async (t) => {
  const { pool } = await createDatabase(t)
  const tables = `drop schema public cascade; create schema public`
  await pool.query(tables)
  const applied = await Promise.all([migrate(pool), migrate(pool), migrate(pool)])
  const names = applied.flat()
  assert.ok(names.length > 0)
  assert.equal(new Set(names).size, names.length)
})

it('refuses a database made by a newer program', async (t) => {
  const { pool } = await createDatabase(t)
  await pool.query(`insert into migration (name, sha256) values ('9999-later.sql', '')`)
  await assert.rejects(migrate(pool), (error) => isHubError(error, 'conflict'))
})

it('refuses a database whose migration was edited after release', async (t) => {
  const { pool } = await createDatabase(t)
  await pool.query(`update migration set sha256 = 'other' where name like '0001-%'`)
  await assert.rejects(migrate(pool), (error) => isHubError(error, 'conflict'))
})

it('waits for another node for longer than a request’s statement may take', async (t) => {
  const { pool, url } = await createDatabase(t)
  const hurried = new pg.Pool({ connectionString: url, statement_timeout: 50 })
  t.after(() => hurried.end())
  const other = await pool.connect()
  await other.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
  const migrated = migrate(hurried)
  try {
    while (!(await isWaitedFor(other))) await other.query('select pg_sleep(0.01)')
    await other.query('select pg_sleep(0.2)')
  } finally {
    other.release(true)
  }
  assert.deepEqual(await migrated, [])
})

const WAITING = `select exists (
  select from pg_locks join pg_database on pg_database.oid = database
  where datname = current_database() and objid = $1 and not granted) as waiting`

async function isWaitedFor(client: pg.PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ waiting: boolean }>(WAITING, [MIGRATION_LOCK])
  return rows[0]?.waiting === true
}
