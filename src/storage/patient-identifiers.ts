/** From an identifier of a person to the hub's Patient. */
import type { PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

const FIND = `select patient from patient_identifier where system = $1 and value = $2`

export async function findPatient(
  db: Db,
  identifier: { readonly system: string; readonly value: string },
): Promise<PatientId | undefined> {
  const { rows } = await db.query<{ patient: PatientId }>({
    name: 'find-patient-by-identifier',
    text: FIND,
    values: [identifier.system, identifier.value],
  })
  return rows[0]?.patient
}
