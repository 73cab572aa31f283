/** Whose feed is listened to for the ids of which system (PIXm 2:3.104.4.1.3: one source for each domain). */
import type { OrganizationId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface AssigningAuthority {
  readonly system: string
  readonly member: OrganizationId
  readonly name: string
  /** HD.1 in the HL7 v2 messages of the member, where they name the authority so. */
  readonly namespace?: string | undefined
}

interface Row {
  readonly system: string
  readonly member: OrganizationId
  readonly name: string
  readonly namespace: string | null
}

const LIST = `select system, member, name, namespace from assigning_authority order by system`

/** All of them: there are some for each member. */
export async function listAuthorities(db: Db): Promise<readonly AssigningAuthority[]> {
  const { rows } = await db.query<Row>({ name: 'list-authorities', text: LIST })
  return rows.map(({ namespace, ...row }) => ({ ...row, namespace: namespace ?? undefined }))
}

const INSERT = `
insert into assigning_authority (system, member, name, namespace, added_at) values ($1, $2, $3, $4, $5)`

/** A system that has its member keeps it: PostgreSQL's unique violation. */
export async function insertAuthority(
  db: Db,
  { system, member, name, namespace }: AssigningAuthority,
  at: Date,
): Promise<void> {
  await db.query(INSERT, [system, member, name, namespace, at])
}

const REMOVE = `delete from assigning_authority where system = $1 returning member`

/** The member that it was of; undefined where there is none. */
export async function removeAuthority(db: Db, system: string): Promise<OrganizationId | undefined> {
  const { rows } = await db.query<{ member: OrganizationId }>(REMOVE, [system])
  return rows[0]?.member
}
