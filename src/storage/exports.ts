/** Bulk exports as rows: what was asked, how far it is, and which files are whole. */
import type { Action } from '../domain/access/principal.ts'
import type { ClientId, GrantId, OrganizationId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

/** Where the work goes on: every row of the step up to here is in a file that is whole. */
export interface ExportPlace {
  readonly step: number
  readonly after?: { readonly at: Date; readonly id: string } | undefined
}

export interface NewExport {
  readonly id: string
  readonly client: ClientId
  readonly member: OrganizationId
  readonly grant?: GrantId | undefined
  readonly actions: readonly Action[]
  /** Sealed. */
  readonly asked: Uint8Array
  readonly types: readonly string[]
  readonly requestedAt: Date
  readonly expiresAt: Date
}

export interface StoredExport extends NewExport {
  readonly state: 'running' | 'done' | 'failed'
  readonly error?: string | undefined
  readonly place: ExportPlace
  readonly resources: number
  readonly claimedUntil?: Date | undefined
  readonly failures: number
}

export interface ExportFile {
  readonly number: number
  readonly kind: 'output' | 'deleted'
  readonly type: string
  readonly landing: string
  readonly bytes: number
  readonly resources: number
}

interface ExportRow {
  readonly id: string
  readonly client: ClientId
  readonly member: OrganizationId
  readonly access_grant: GrantId | null
  readonly actions: readonly Action[]
  readonly asked: Buffer
  readonly types: readonly string[]
  readonly requested_at: Date
  readonly expires_at: Date
  readonly state: StoredExport['state']
  readonly error: string | null
  readonly step: number
  readonly after_time: Date | null
  readonly after_id: string | null
  readonly resources: number | string
  readonly claimed_until: Date | null
  readonly failures: number
}

const COLUMNS = `id::text, client, member, access_grant, actions, asked, types, requested_at, expires_at, state, error,
  step, after_time, after_id, resources, claimed_until, failures`

function exportOf(row: ExportRow): StoredExport {
  const { id, client, member, actions, asked, types, state, failures } = row
  return {
    ...{ id, client, member, actions, asked, types, state, failures },
    grant: row.access_grant ?? undefined,
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
    error: row.error ?? undefined,
    place: { step: row.step, after: afterOf(row) },
    resources: Number(row.resources),
    claimedUntil: row.claimed_until ?? undefined,
  }
}

function afterOf({ after_time: at, after_id: id }: ExportRow): ExportPlace['after'] {
  return at === null || id === null ? undefined : { at, id }
}

const INSERT = `
insert into export (id, client, member, access_grant, actions, asked, types, requested_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

export async function insertExport(db: Db, row: NewExport): Promise<void> {
  const { id, client, member, grant, actions, asked, types, requestedAt, expiresAt } = row
  const values = [id, client, member, grant ?? null, actions, asked, types, requestedAt, expiresAt]
  await db.query(INSERT, values)
}

const COUNT = `
select count(*)::int as kept, count(*) filter (where state = 'running')::int as running
from export where client = $1 and expires_at > $2`

/** How many the client has: in all, and under way. */
export async function countExports(
  db: Db,
  client: ClientId,
  at: Date,
): Promise<{ readonly kept: number; readonly running: number }> {
  const { rows } = await db.query<{ kept: number; running: number }>(COUNT, [client, at])
  return rows[0] ?? { kept: 0, running: 0 }
}

const FIND = `select ${COLUMNS} from export where id = $1`

export async function findExport(db: Db, id: string): Promise<StoredExport | undefined> {
  const { rows } = await db.query<ExportRow>({ name: 'find-export', text: FIND, values: [id] })
  return rows[0] && exportOf(rows[0])
}

const FILES = `
select number, kind, type, landing::text, bytes, resources from export_file where export = $1 order by number`

type FileRow = Omit<ExportFile, 'bytes'> & { readonly bytes: number | string }

/** In the order in which they were written. */
export async function listExportFiles(db: Db, id: string): Promise<readonly ExportFile[]> {
  const { rows } = await db.query<FileRow>({ name: 'list-export-files', text: FILES, values: [id] })
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }))
}

const CLAIM = `
update export set claim = $2, claimed_until = $3
 where id = $1 and state = 'running' and (claimed_until is null or claimed_until <= $4)
returning ${COLUMNS}`

export interface Claim {
  readonly id: string
  readonly claim: string
  readonly until: Date
}

/** Undefined where another holds it, or there is nothing to do. */
export async function claimExport(
  db: Db,
  { id, claim, until }: Claim,
  at: Date,
): Promise<StoredExport | undefined> {
  const { rows } = await db.query<ExportRow>(CLAIM, [id, claim, until, at])
  return rows[0] && exportOf(rows[0])
}

const RENEW = `update export set claimed_until = $3 where id = $1 and claim = $2 and state = 'running'`

/** False where it was taken over, or cancelled. */
export async function renewClaim(db: Db, { id, claim, until }: Claim): Promise<boolean> {
  const { rowCount } = await db.query(RENEW, [id, claim, until])
  return rowCount === 1
}

const RELEASE = `
update export set claim = null, claimed_until = null, failures = $3 where id = $1 and claim = $2`

export async function releaseClaim(
  db: Db,
  { id, claim }: Pick<Claim, 'id' | 'claim'>,
  failures: number,
): Promise<void> {
  await db.query(RELEASE, [id, claim, failures])
}

const ADVANCE = `
update export set step = $3, after_time = $4, after_id = $5, resources = resources + $6, claimed_until = $7,
  failures = 0
 where id = $1 and claim = $2 and state = 'running'`

const ADD_FILE = `
insert into export_file (export, number, kind, type, landing, bytes, resources)
select $1, count(*) + 1, $2, $3, $4, $5, $6 from export_file where export = $1`

/** One more file is whole, and the place behind it. False, with nothing written, where the claim is lost. */
export async function addExportFile(
  db: Db,
  { id, claim, until }: Claim,
  { file, place }: { readonly file: Omit<ExportFile, 'number'>; readonly place: ExportPlace },
): Promise<boolean> {
  const { step, after } = place
  const { kind, type, landing, bytes, resources } = file
  const counted = kind === 'output' ? resources : 0
  const values = [id, claim, step, after?.at, after?.id, counted, until]
  const { rowCount } = await db.query(ADVANCE, values)
  if (rowCount !== 1) return false
  await db.query(ADD_FILE, [id, kind, type, landing, bytes, resources])
  return true
}

const END = `
update export set state = $3, error = $4, finished_at = $5, claim = null, claimed_until = null
 where id = $1 and claim = $2 and state = 'running'`

/** False where the claim is lost. */
export async function endExport(
  db: Db,
  { id, claim }: Pick<Claim, 'id' | 'claim'>,
  end: { readonly error?: string | undefined; readonly at: Date },
): Promise<boolean> {
  const state = end.error === undefined ? 'done' : 'failed'
  const { rowCount } = await db.query(END, [id, claim, state, end.error ?? null, end.at])
  return rowCount === 1
}

const FORGET_FILES = `delete from export_file where export = $1 returning landing::text`

/** Returns the landings that nothing names any more. */
export async function forgetExportFiles(db: Db, id: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ landing: string }>(FORGET_FILES, [id])
  return rows.map(({ landing }) => landing)
}

const LOCK = `select from export where id = $1 for update`
const DELETE = `delete from export where id = $1`

/** Returns the landings of its files, which nothing names any more. Call it in a transaction. */
export async function deleteExport(db: Db, id: string): Promise<readonly string[]> {
  // Whoever is at it adds no file behind this one's back.
  await db.query(LOCK, [id])
  const landings = await forgetExportFiles(db, id)
  await db.query(DELETE, [id])
  return landings
}

const LIST_ALL = `select ${COLUMNS} from export order by expires_at limit $1`

/** Those that end first. */
export async function listExports(db: Db, limit: number): Promise<readonly StoredExport[]> {
  const { rows } = await db.query<ExportRow>(LIST_ALL, [limit])
  return rows.map(exportOf)
}

const KNOWN = `select landing::text from export_file where landing = any($1::uuid[])`

/** Which of `ids` hold a file of an export: what the object store's sweep asks. */
export async function knownExportLandings(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ landing: string }>(KNOWN, [ids])
  return new Set(rows.map(({ landing }) => landing))
}
