/** A Patient as a row: it is its own, and nobody is its custodian; a replaced one is its survivor's. */
import { NO_FACTS } from '../domain/access/filter.ts'
import type { PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { putResource, type NewResource, type WriteResource } from '../storage/resources.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { searchValues } from '../wire/fhir/search-values.ts'

export interface StoringPatient {
  readonly id: PatientId
  readonly at: Date
  /** The Patient that stands for it; itself where absent. */
  readonly current?: PatientId | undefined
}

/** The row: column `patient` says whose material shows that the person is known (visibility-sql.ts). */
export function patientRow(
  resource: JsonObject,
  { id, at, current = id }: StoringPatient,
): NewResource {
  const facts = { ...NO_FACTS, patient: current }
  const search = searchValues(resource)
  return { type: 'Patient', id, resource, facts, quarantined: false, search, at }
}

export async function storePatient(
  db: Db,
  resource: JsonObject,
  { method, ...storing }: StoringPatient & Pick<WriteResource, 'method'>,
): Promise<void> {
  await putResource(db, patientRow(resource, storing), { method })
}
