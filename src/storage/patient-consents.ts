/** A patient's Consents as stored; `wire/fhir/consent.ts` says what they mean. */
import type { PoolClient } from 'pg'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface StoredConsent {
  readonly id: string
  /** JSON text. */
  readonly content: string
}

// What does not say that it is not in force is.
const ACTIVE = `
  from resource_consent
 where type = 'Consent' and patient = $1 and content is not null
   and coalesce(content::json ->> 'status', 'active') = 'active'`

const READ = `select id, content ${ACTIVE} order by id`
const COUNT = `select count(*)::int as others ${ACTIVE} and id <> $2`

/** Those in force; the others say nothing. */
export async function readActiveConsents(
  db: Db,
  patient: PatientId,
): Promise<readonly StoredConsent[]> {
  const { rows } = await db.query<StoredConsent>({
    name: 'read-active-consents',
    text: READ,
    values: [patient],
  })
  return rows
}

/** How many are in force beside the one with this id. */
export async function countOtherActiveConsents(
  db: Db,
  patient: PatientId,
  id: string,
): Promise<number> {
  const { rows } = await db.query<{ others: number }>(COUNT, [patient, id])
  return rows[0]?.others ?? 0
}

const LOCK = `
select custodian, patient from resource_consent
where type = 'Consent' and id = $1 and content is not null for update`

export interface LockedConsent {
  readonly custodian: OrganizationId | null
  readonly patient: PatientId | null
}

/** Holds the consent until the transaction ends; undefined where there is none. */
export async function lockConsent(db: PoolClient, id: string): Promise<LockedConsent | undefined> {
  const { rows } = await db.query<LockedConsent>(LOCK, [id])
  return rows[0]
}
