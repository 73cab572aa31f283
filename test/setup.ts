/**
 * Runs once before all test files: one PostgreSQL for the whole run, with a migrated template database
 * that each test copies. SAMSYN_TEST_DATABASE_URL names another server (CI: Debian's PostgreSQL 15).
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { makePool } from '../src/storage/pool.ts'
import { migrate } from '../src/storage/migrate.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/storage/embedded-postgres.ts'
import { silentLog } from './support/log.ts'
import { TEMPLATE } from './support/database.ts'

let embedded: EmbeddedPostgres | undefined
let folder: string | undefined

/** The tests' data are worth nothing: trading durability for speed is fine here and nowhere else. */
const FAST = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
}

export async function globalSetup(): Promise<void> {
  let server = process.env.SAMSYN_TEST_DATABASE_URL
  if (server === undefined || server === '') {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'samsyn-test-'))
    fs.chmodSync(folder, 0o755)
    embedded = await startEmbeddedPostgres(folder, 'server', FAST)
    const { host, user } = embedded.connection
    server = `postgresql://${user}@/postgres?host=${encodeURIComponent(host)}`
  }
  process.env.SAMSYN_TEST_SERVER = server
  await makeTemplate(server)
}

export async function globalTeardown(): Promise<void> {
  await embedded?.stop()
  if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true })
}

async function makeTemplate(server: string): Promise<void> {
  const admin = makePool({ connection: { connectionString: server }, max: 1, log: silentLog })
  await admin.query(`drop database if exists ${TEMPLATE} with (force)`)
  await admin.query(`create database ${TEMPLATE}`)
  await admin.end()
  const connectionString = server
    .replace('/postgres?', `/${TEMPLATE}?`)
    .replace(/\/postgres$/, `/${TEMPLATE}`)
  const template = makePool({ connection: { connectionString }, max: 2, log: silentLog })
  await migrate(template)
  await template.end()
}
