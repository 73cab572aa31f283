/** Systems that may send HL7 v2 messages, each for one member. */
import type { OrganizationId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface Hl7SenderRow {
  readonly id: string
  readonly member: OrganizationId
  readonly name: string
  /** SHA-256 of the client certificate, lower-case hexadecimal. */
  readonly fingerprint: string | null
  /** An IP address or a network. */
  readonly address: string | null
  readonly application: string | null
  readonly facility: string | null
  readonly charset: string
  /** IANA zone. */
  readonly timeZone: string
  readonly defaultSystem: string | null
  readonly active: boolean
}

const COLUMNS = `id, member, name, fingerprint, address, application, facility, charset,
  time_zone as "timeZone", default_system as "defaultSystem", active`

const LIST = `select ${COLUMNS} from hl7_sender order by member, name, id`

export async function listHl7Senders(db: Db): Promise<readonly Hl7SenderRow[]> {
  const { rows } = await db.query<Hl7SenderRow>(LIST)
  return rows
}

// A certificate is the better proof: whoever has one is not known by address.
const FIND = `
select ${COLUMNS} from hl7_sender
 where active
   and case when fingerprint is not null then fingerprint = $1
            else $2::inet <<= address::inet end
   and (application is null or application = $3)
   and (facility is null or facility = $4)
 order by fingerprint nulls last, id
 limit 1`

export interface SenderMarks {
  readonly fingerprint: string | undefined
  /** IP address. */
  readonly address: string
  readonly application: string | undefined
  readonly facility: string | undefined
}

export async function findHl7Sender(db: Db, marks: SenderMarks): Promise<Hl7SenderRow | undefined> {
  const { fingerprint, address, application, facility } = marks
  const { rows } = await db.query<Hl7SenderRow>({
    name: 'find-hl7-sender',
    text: FIND,
    values: [fingerprint, address, application, facility],
  })
  return rows[0]
}

const INSERT = `
insert into hl7_sender (id, member, name, fingerprint, address, application, facility, charset, time_zone,
  default_system, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

/** Rejects with PostgreSQL's unique violation (23505) where the id or the certificate is another sender's. */
export async function insertHl7Sender(
  db: Db,
  sender: Omit<Hl7SenderRow, 'active'>,
  at: Date,
): Promise<void> {
  await db.query(INSERT, [
    sender.id,
    sender.member,
    sender.name,
    sender.fingerprint,
    sender.address,
    sender.application,
    sender.facility,
    sender.charset,
    sender.timeZone,
    sender.defaultSystem,
    at,
  ])
}

const DISABLE = `update hl7_sender set active = false where id = $1 and active returning id`

/** False where there is none, or it was disabled before. */
export async function disableHl7Sender(db: Db, id: string): Promise<boolean> {
  const { rows } = await db.query(DISABLE, [id])
  return rows.length === 1
}
