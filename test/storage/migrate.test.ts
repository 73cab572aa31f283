import assert from 'node:assert/strict'
import { it } from 'node:test'
import { migrate, pendingMigrations } from '../../src/storage/migrate.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import { createDatabase } from '../support/database.ts'

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
