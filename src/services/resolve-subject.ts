/** From how a sender names a patient to the hub's Patient. */
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { holdLivePatient, holdPatient } from '../storage/patient-locks.ts'
import type { NamedPatient } from '../wire/fhir/report-links.ts'

/**
 * By reference, or by a national id or one of the custodian's own; undefined where the hub knows none. Runs in
 * the transaction that writes what names the patient, who is held until its end; one that was replaced is who
 * stands for it.
 */
export async function resolveSubject(
  db: Db,
  named: NamedPatient,
  custodian: OrganizationId,
): Promise<PatientId | undefined> {
  switch (named.kind) {
    case 'reference':
      return holdLivePatient(db, named.id)
    case 'identifier': {
      const patient = await findPatient(db, named, custodian)
      return patient && holdPatient(db, patient)
    }
    case 'other':
      return undefined
  }
}
