/** A patient's Consents as stored; `wire/fhir/consent.ts` says what they mean. */
import type { PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface StoredConsent {
  readonly id: string
  /** JSON text. */
  readonly content: string
}

const READ = `
select id, content from resource_consent
where type = 'Consent' and patient = $1 and content is not null order by id`

/** All of them, whatever their status. */
export async function readPatientConsents(
  db: Db,
  patient: PatientId,
): Promise<readonly StoredConsent[]> {
  const { rows } = await db.query<StoredConsent>({
    name: 'read-patient-consents',
    text: READ,
    values: [patient],
  })
  return rows
}
