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

// The update changes nothing: it makes the statement wait for whoever inserts the same, and return theirs.
const CLAIM = `
insert into patient_identifier (system, value, patient) values ($1, $2, $3)
on conflict (system, value) do update set patient = patient_identifier.patient
returning patient`

/** Whose the identifier is: `patient`'s from now on, or that of the Patient that had it first. */
export async function claimIdentifier(
  db: Db,
  identifier: { readonly system: string; readonly value: string },
  patient: PatientId,
): Promise<PatientId> {
  const { rows } = await db.query<{ patient: PatientId }>({
    name: 'claim-patient-identifier',
    text: CLAIM,
    values: [identifier.system, identifier.value, patient],
  })
  return rows[0]?.patient ?? patient
}
