/** The database server of a registry bench: one that keeps its promises, in a folder that may be kept. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { startEmbeddedPostgres } from '../../../src/storage/embedded-postgres.ts'
import { makePool } from '../../../src/storage/pool.ts'
import type { Scope } from '../../support/database.ts'
import { silentLog } from '../../support/log.ts'

export interface BenchServer {
  /** Where databases and hubs keep what is theirs. */
  readonly folder: string
  /** Of the server's first process: all others are its children. */
  readonly pid: number
  /** Makes the database where it is not there. */
  database(name: string): Promise<{ readonly url: string; readonly isNew: boolean }>
}

/** As whoever runs a registry of millions on a machine like this one would set it up: nothing is unsafe. */
const SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  max_connections: '200',
}

/** Without a folder it has one of its own, which goes with it. */
export async function startBenchServer(
  scope: Scope,
  kept: string | undefined,
): Promise<BenchServer> {
  const folder = kept ?? fs.mkdtempSync(path.join(os.tmpdir(), 'samsyn-bench-'))
  fs.mkdirSync(folder, { recursive: true })
  fs.chmodSync(folder, 0o755)
  const postgres = await startEmbeddedPostgres(path.join(folder, 'postgres'), 'server', SETTINGS)
  const { host, user } = postgres.connection
  const url = (name: string): string =>
    `postgresql://${user}@/${name}?host=${encodeURIComponent(host)}`
  const admin = makePool({
    connection: { connectionString: url('postgres') },
    max: 1,
    log: silentLog,
  })
  scope.after(async () => {
    await admin.end()
    await postgres.stop()
    if (kept === undefined) fs.rmSync(folder, { recursive: true, force: true })
  })
  const pidFile = fs.readFileSync(path.join(postgres.folder, 'postmaster.pid'), 'utf8')
  return {
    folder,
    pid: Number(pidFile.split('\n', 1)[0]),
    async database(name) {
      const { rowCount } = await admin.query('select from pg_database where datname = $1', [name])
      if (rowCount === 0) await admin.query(`create database ${name}`)
      return { url: url(name), isNew: rowCount === 0 }
    },
  }
}
