/** Source records. Address and credentials are sealed: a copy of the database does not hold them in clear. */
import type { ImageSource, SourceSettings } from '../domain/imaging/source.ts'
import type { OrganizationId, SourceId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { Db } from './db.ts'

export interface SourceRecord extends ImageSource {
  readonly createdAt: Date
  readonly lastSyncStarted: Date | null
  readonly lastSyncFinished: Date | null
  readonly lastSyncError: string | null
}

const INSERT_SOURCE = `
insert into source (id, custodian, kind, name, settings, default_issuer, time_zone, character_set, active, created_at)
values ($1, $2, 'dicomweb', $3, $4, $5, $6, $7, $8, $9)`

/** Throws PostgreSQL's unique violation where the id is taken. */
export async function insertSource(
  db: Db,
  sealer: Sealer,
  source: ImageSource & { readonly at: Date },
): Promise<void> {
  await db.query(INSERT_SOURCE, [
    source.id,
    source.custodian,
    source.name,
    sealer.seal(JSON.stringify(source.settings), sealContext(source.id)),
    source.defaultIssuer,
    source.timeZone,
    source.characterSet,
    source.active,
    source.at,
  ])
}

const MOVE_SOURCE = `update source set settings = $2 where id = $1`

/** Gives a source a new address or new credentials; its studies stay where they are indexed. */
export async function updateSourceSettings(
  db: Db,
  sealer: Sealer,
  { id, settings }: Pick<ImageSource, 'id' | 'settings'>,
): Promise<void> {
  await db.query(MOVE_SOURCE, [id, sealer.seal(JSON.stringify(settings), sealContext(id))])
}

const COLUMNS = `id, custodian, name, settings, default_issuer, time_zone, character_set, active, created_at,
  last_sync_started, last_sync_finished, last_sync_error`
const LIST_SOURCES = `select ${COLUMNS} from source order by custodian, name, id`
const FIND_SOURCE = `select ${COLUMNS} from source where id = $1`

interface SourceRow {
  readonly id: SourceId
  readonly custodian: OrganizationId
  readonly name: string
  readonly settings: Buffer
  readonly default_issuer: string | null
  readonly time_zone: string
  readonly character_set: string
  readonly active: boolean
  readonly created_at: Date
  readonly last_sync_started: Date | null
  readonly last_sync_finished: Date | null
  readonly last_sync_error: string | null
}

export async function listSources(db: Db, sealer: Sealer): Promise<readonly SourceRecord[]> {
  const { rows } = await db.query<SourceRow>(LIST_SOURCES)
  return rows.map((row) => toRecord(row, sealer))
}

export async function findSource(
  db: Db,
  sealer: Sealer,
  id: string,
): Promise<SourceRecord | undefined> {
  const { rows } = await db.query<SourceRow>({
    name: 'find-source',
    text: FIND_SOURCE,
    values: [id],
  })
  const [row] = rows
  return row === undefined ? undefined : toRecord(row, sealer)
}

function toRecord(row: SourceRow, sealer: Sealer): SourceRecord {
  return {
    id: row.id,
    custodian: row.custodian,
    name: row.name,
    // Sealed by this file, in the shape it had then.
    settings: JSON.parse(sealer.open(row.settings, sealContext(row.id))) as SourceSettings,
    defaultIssuer: row.default_issuer ?? undefined,
    timeZone: row.time_zone,
    characterSet: row.character_set,
    active: row.active,
    createdAt: row.created_at,
    lastSyncStarted: row.last_sync_started,
    lastSyncFinished: row.last_sync_finished,
    lastSyncError: row.last_sync_error,
  }
}

const sealContext = (id: string): string => `source/${id}`

const SYNC_STARTED = `update source set last_sync_started = $2, last_sync_error = null where id = $1`
const SYNC_ENDED = `update source set last_sync_finished = $2, last_sync_error = $3 where id = $1`

export async function noteSyncStarted(db: Db, id: SourceId, at: Date): Promise<void> {
  await db.query(SYNC_STARTED, [id, at])
}

/** `error` is what an operator may read; null when all went well. */
export async function noteSyncEnded(
  db: Db,
  id: SourceId,
  end: { readonly at: Date; readonly error: string | null },
): Promise<void> {
  await db.query(SYNC_ENDED, [id, end.at, end.error])
}
