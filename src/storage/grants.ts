/** Grants as rows: what is searched for as columns, the whole as JSON. */
import type { PoolClient } from 'pg'
import type { Grant } from '../domain/access/grant.ts'
import type { ClientId, GrantId, OrganizationId } from '../kernel/ids.ts'
import { announceChanges } from './access-changes.ts'
import type { Db } from './db.ts'

/** What the columns do not say; times are columns, so that SQL can ask for them. */
type GrantContent = Omit<Grant, 'id' | 'issuedAt' | 'expiresAt' | 'revokedAt'>

interface GrantRow {
  readonly id: GrantId
  readonly content: GrantContent
  readonly issued_at: Date
  readonly expires_at: Date
  readonly revoked_at: Date | null
}

const READ = `
select id, content, issued_at, expires_at, revoked_at from access_grant where id = $1`

/** The grant as stored, revoked or not. */
export async function readGrant(db: Db, id: GrantId): Promise<Grant | undefined> {
  const { rows } = await db.query<GrantRow>({ name: 'read-grant', text: READ, values: [id] })
  const [row] = rows
  if (row === undefined) return undefined
  const { content, issued_at: issuedAt, expires_at: expiresAt, revoked_at: revokedAt } = row
  return { ...content, id: row.id, issuedAt, expiresAt, revokedAt: revokedAt ?? undefined }
}

const INSERT = `
insert into access_grant
  (id, client, member, patient, purpose, content, attest, parent, issued_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

/** `attest` is the sealed evidence. A new grant narrows nothing, so no change is announced. */
export async function insertGrant(db: Db, grant: Grant, attest: Uint8Array): Promise<void> {
  await db.query(INSERT, [...columnsOf(grant, attest, null)])
}

// The lock holds off a revocation of the parent, which then finds the child.
const LOCK_PARENT = `
select attest from access_grant where id = $1 and revoked_at is null for share`

/** Returns false, writing nothing, where the parent has been revoked meanwhile. */
export async function insertChildGrant(
  db: PoolClient,
  grant: Grant,
  parent: GrantId,
): Promise<boolean> {
  const { rows } = await db.query<{ attest: Buffer }>(LOCK_PARENT, [parent])
  const [row] = rows
  if (row === undefined) return false
  await db.query(INSERT, [...columnsOf(grant, row.attest, parent)])
  return true
}

function columnsOf(grant: Grant, attest: Uint8Array, parent: GrantId | null): readonly unknown[] {
  const { id, issuedAt, expiresAt, revokedAt: _, ...content } = grant
  const { client, member, patient, purpose } = content
  const columns = [id, client, member, patient, purpose, JSON.stringify(content), attest, parent]
  return [...columns, issuedAt, expiresAt]
}

/** Whose grants are to end. */
export type GrantsOf =
  | { readonly kind: 'grant'; readonly id: GrantId }
  | { readonly kind: 'client'; readonly id: ClientId }
  | { readonly kind: 'member'; readonly id: OrganizationId }

const COLUMN = { grant: 'id', client: 'client', member: 'member' } as const

const lockGrants = (column: string): string => `
select id from access_grant where ${column} = $1 and revoked_at is null and expires_at > $2 for update`

// A statement of its own after the lock: its snapshot then holds every child that was being made.
const REVOKE = `
with recursive ended (id) as (
  select unnest($1::text[])
  union
  select child.id from access_grant child join ended on child.parent = ended.id
)
update access_grant set revoked_at = $2
where id in (select id from ended) and revoked_at is null and expires_at > $2
returning id`

/** Ends live grants and all that was derived from them; returns the ids of those that ended. */
export async function revokeGrants(
  db: PoolClient,
  target: GrantsOf,
  at: Date,
): Promise<readonly GrantId[]> {
  const locked = await db.query<{ id: GrantId }>(lockGrants(COLUMN[target.kind]), [target.id, at])
  if (locked.rows.length === 0) return []
  const { rows } = await db.query<{ id: GrantId }>(REVOKE, [locked.rows.map(({ id }) => id), at])
  const ended = rows.map(({ id }) => id)
  await announceChanges(
    db,
    ended.map((key) => ({ kind: 'grant', key })),
  )
  return ended
}
