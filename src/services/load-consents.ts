/** A patient's consents as the decision reads them, from the Consents of the registry. */
import type { PatientConsent } from '../domain/access/consent.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { Db } from '../storage/db.ts'
import { readActiveConsents } from '../storage/patient-consents.ts'
import { findReferencedStudies } from '../storage/study-references.ts'
import { studyReferencesOf } from '../wire/fhir/consent-references.ts'
import { readConsent } from '../wire/fhir/consent.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'

export interface LoadConsentsDeps {
  readonly db: Db
  readonly memberByOrgnr: (orgnr: string) => OrganizationId | undefined
  readonly log: Log
}

interface Stored {
  readonly id: string
  readonly resource: JsonObject
}

/** All active ones. One that cannot be read any more denies everything until it is put right. */
export async function loadConsents(
  { db, memberByOrgnr, log }: LoadConsentsDeps,
  patient: PatientId,
): Promise<readonly PatientConsent[]> {
  const stored = (await readActiveConsents(db, patient)).map(({ id, content }): Stored => {
    const resource: unknown = JSON.parse(content)
    return { id, resource: isJsonObject(resource) ? resource : { status: 'active' } }
  })
  const found = await findReferencedStudies(
    db,
    stored.flatMap(({ resource }) => studyReferencesOf(resource)),
  )
  const references = {
    studies: (reference: string) => found.get(reference)?.studies,
    member: memberByOrgnr,
  }
  return stored.flatMap(({ id, resource }) => {
    try {
      const consent = readConsent(resource, references)
      return consent === undefined ? [] : [{ ...consent, id, patient }]
    } catch (error) {
      log.error({ consent: id, err: error }, 'A consent cannot be read: its patient is blocked')
      return [{ id, patient, provision: { effect: 'deny' as const, nested: [] } }]
    }
  })
}
