/** Members of the network as rows; each has an Organization resource of the same id. */
import type { PoolClient } from 'pg'
import type { Member } from '../domain/access/network.ts'
import type { MemberRole } from '../domain/access/principal.ts'
import type { OrganizationId } from '../kernel/ids.ts'
import { announceChanges } from './access-changes.ts'
import type { Db } from './db.ts'

interface MemberRow {
  readonly id: OrganizationId
  readonly orgnr: string
  readonly name: string
  readonly roles: readonly MemberRole[]
  readonly active: boolean
}

const LIST = `select id, orgnr, name, roles, active from member order by name, id`

export async function listMembers(db: Db): Promise<readonly Member[]> {
  const { rows } = await db.query<MemberRow>(LIST)
  return rows
}

const INSERT = `
insert into member (id, orgnr, name, roles, active, created_at) values ($1, $2, $3, $4, $5, $6)`

/** Rejects with PostgreSQL's unique violation (23505) where id or organisation number is taken. */
export async function insertMember(db: PoolClient, member: Member, at: Date): Promise<void> {
  const { id, orgnr, name, roles, active } = member
  await db.query(INSERT, [id, orgnr, name, roles, active, at])
  await announceChanges(db, [{ kind: 'member', key: id }])
}

const UPDATE = `update member set name = $2, roles = $3, active = $4 where id = $1`

/** Everything but id and organisation number may change. Returns whether the member exists. */
export async function updateMember(db: PoolClient, member: Member): Promise<boolean> {
  const { id, name, roles, active } = member
  const { rowCount } = await db.query(UPDATE, [id, name, roles, active])
  await announceChanges(db, [{ kind: 'member', key: id }])
  return rowCount === 1
}

const IS_ENTRY = `
select exists (
  select from member
   where ($1 = 'Organization' and id = $2)
      or ($1 = 'Endpoint' and $2 in (id || '-wado-rs', id || '-qido-rs'))
) as "isEntry"`

/** Whether a directory resource is kept by the hub for one of its members (`putDirectoryEntry`). */
export async function isMembersEntry(db: Db, type: string, id: string): Promise<boolean> {
  const { rows } = await db.query<{ isEntry: boolean }>(IS_ENTRY, [type, id])
  return rows[0]?.isEntry === true
}
