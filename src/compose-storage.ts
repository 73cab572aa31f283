/** The ground of an installation: keys, database and object store, opened and closed together. */
import path from 'node:path'
import type { Pool } from 'pg'
import type { Config } from './config.ts'
import type { Log } from './kernel/log.ts'
import { makeSealer, type Sealer } from './kernel/seal.ts'
import { startEmbeddedPostgres, type Holder } from './storage/embedded-postgres.ts'
import { makeFileObjects } from './storage/file-objects.ts'
import { loadKeys, type Keys } from './storage/key-file.ts'
import { migrate } from './storage/migrate.ts'
import type { ObjectStore } from './storage/objects.ts'
import { makePool } from './storage/pool.ts'
import { makeDataFolder } from './storage/private-folder.ts'

/** Enough for a node's requests in flight; PostgreSQL's default limit is 100. */
const CONNECTIONS = 20

/** The audit log appends one batch at a time, and reads its head beside it. */
const AUDIT_CONNECTIONS = 3

export interface OpenDatabase {
  readonly pool: Pool
  /**
   * The audit log's own connections: a transaction waits for its audit record, so were all connections
   * in transactions, the record could not be written and none of them would end.
   */
  readonly auditPool: Pool
  close(): Promise<void>
}

/** The database that is configured, or the one embedded in the data directory. */
export async function openDatabase(
  config: Config,
  holder: Holder,
  log: Log,
): Promise<OpenDatabase> {
  const embedded =
    config.databaseUrl === undefined
      ? await startEmbeddedPostgres(path.join(config.dataDir, 'postgres'), holder)
      : undefined
  const connection = embedded?.connection ?? { connectionString: config.databaseUrl ?? '' }
  const pool = makePool({ connection, max: CONNECTIONS, log })
  const auditPool = makePool({ connection, max: AUDIT_CONNECTIONS, log })
  return {
    pool,
    auditPool,
    async close() {
      await Promise.all([pool.end(), auditPool.end()])
      await embedded?.stop()
    },
  }
}

export interface Storage extends OpenDatabase {
  readonly keys: Keys
  readonly sealer: Sealer
  readonly objects: ObjectStore
}

/** Opens all of it and brings the schema up to date. Throws, with everything closed again, where it cannot. */
export async function openStorage(config: Config, holder: Holder, log: Log): Promise<Storage> {
  await makeDataFolder(config.dataDir)
  const keys = await loadKeys(config.keyFile, config.mayCreateKeys)
  const objects = await openObjects(config)
  try {
    const database = await openMigrated(config, holder, log)
    return {
      ...database,
      keys,
      sealer: makeSealer(keys.master),
      objects,
      async close() {
        await database.close()
        await objects.close()
      },
    }
  } catch (error) {
    await objects.close()
    throw error
  }
}

async function openMigrated(config: Config, holder: Holder, log: Log): Promise<OpenDatabase> {
  const database = await openDatabase(config, holder, log)
  try {
    const applied = await migrate(database.pool)
    if (applied.length > 0) log.info({ applied }, 'The database schema was brought up to date')
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

export function openObjects(config: Pick<Config, 'objectsFolder'>): Promise<ObjectStore> {
  return makeFileObjects(config.objectsFolder, { clock: () => new Date() })
}
