/** What a benchmark starts is ended with it, and its database is one that keeps its promises (fsync on). */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres.ts'
import { makePool } from '../../src/storage/pool.ts'
import type { Scope } from '../support/database.ts'
import { silentLog } from '../support/log.ts'

export type BenchScope = Scope & AsyncDisposable

export function makeBenchScope(): BenchScope {
  const closers: (() => Promise<void>)[] = []
  return {
    after: (closer) => {
      closers.push(closer)
    },
    async [Symbol.asyncDispose]() {
      for (const closer of closers.splice(0).reverse()) await closer()
    },
  }
}

/** An empty database on a server of its own. */
export async function createTestDatabase(
  scope: Scope,
): Promise<{ readonly databaseUrl: string; readonly pool: pg.Pool }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'samsyn-bench-'))
  fs.chmodSync(folder, 0o755)
  const postgres = await startEmbeddedPostgres(folder, 'server')
  const { host, user, database } = postgres.connection
  const databaseUrl = `postgresql://${user}@/${database}?host=${encodeURIComponent(host)}`
  const pool = makePool({ connection: { connectionString: databaseUrl }, max: 4, log: silentLog })
  scope.after(async () => {
    await pool.end()
    await postgres.stop()
    fs.rmSync(folder, { recursive: true, force: true })
  })
  return { databaseUrl, pool }
}
