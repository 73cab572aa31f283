/** A migrated database for one test or one file, copied from the template and dropped afterwards. */
import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { makePool } from '../../src/storage/pool.ts'
import { silentLog } from './log.ts'

export const TEMPLATE = 'samsyn_template'

/** What `after` hooks and `TestContext`s have in common. */
export interface Scope {
  after(fn: () => Promise<void>): void
}

export interface TestDatabase {
  readonly pool: pg.Pool
  readonly url: string
}

/** In a test: `createDatabase(t)`. For a whole file: `createDatabase({ after })` at its top level. */
export async function createDatabase(scope: Scope): Promise<TestDatabase> {
  const server = process.env.SAMSYN_TEST_SERVER
  if (server === undefined) throw new Error('Run tests with --test-global-setup=test/setup.ts')
  const name = `t_${randomBytes(8).toString('hex')}`
  const admin = makePool({ connection: { connectionString: server }, max: 1, log: silentLog })
  await admin.query(`create database ${name} template ${TEMPLATE} strategy file_copy`)

  const url = server.replace('/postgres?', `/${name}?`).replace(/\/postgres$/, `/${name}`)
  const pool = makePool({ connection: { connectionString: url }, max: 10, log: silentLog })
  scope.after(async () => {
    if (!pool.ended) await pool.end()
    await admin.query(`drop database ${name} with (force)`)
    await admin.end()
  })
  return { pool, url }
}
