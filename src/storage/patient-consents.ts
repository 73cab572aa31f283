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
const READ = `
select id, content from resource_consent
where type = 'Consent' and patient = $1 and content is not null
  and coalesce(content::json ->> 'status', 'active') = 'active'
order by id`

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

const LOCK = `
select custodian, patient, version from resource_consent
where type = 'Consent' and id = $1 and content is not null for update`

export interface LockedConsent {
  readonly custodian: OrganizationId | null
  readonly patient: PatientId | null
  readonly version: number
}

/** Holds the consent until the transaction ends; undefined where there is none. */
export async function lockConsent(db: PoolClient, id: string): Promise<LockedConsent | undefined> {
  const { rows } = await db.query<LockedConsent>(LOCK, [id])
  return rows[0]
}
