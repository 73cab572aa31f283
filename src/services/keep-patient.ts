/** Creating the hub's Patient and adding to it what publishers tell, in the caller's transaction. */
import { claimedLocalIds } from '../domain/identity/claimed-identifiers.ts'
import type { NationalId } from '../domain/identity/national-id.ts'
import type { PatientClaim } from '../domain/imaging/study.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { lockKey } from '../storage/lock-key.ts'
import { claimNationalId, keepLocalIds } from '../storage/patient-identifiers.ts'
import { currentPatient } from '../storage/patient-locks.ts'
import { claimName } from '../storage/patient-names.ts'
import { readResource } from '../storage/resources.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { completePatient, patientResource } from '../wire/fhir/patient.ts'
import { identifierKeys } from '../wire/fhir/search-keys.ts'
import { storePatient } from './store-patient.ts'

/** What one custodian says of a person. */
export interface ToldPatient {
  readonly id: PatientId
  readonly custodian: OrganizationId
  readonly told: PatientClaim
  readonly at: Date
}

export interface NewPatient extends ToldPatient {
  /** Absent for a person whom somebody has entered by hand. */
  readonly national?: NationalId | undefined
}

export interface EnteredPatient {
  readonly patient: PatientId
  /** False for the Patient that has the national id already: then nothing is changed. */
  readonly created: boolean
}

export async function createPatient(db: Db, person: NewPatient): Promise<EnteredPatient> {
  const { id, national, told, at } = person
  if (national !== undefined) {
    const owner = await claimNationalId(db, national, id)
    // Two publishers of a new person make the same id of the number, and one of them is the second.
    if (owner !== id || (await readPatient(db, id)) !== undefined)
      return { patient: owner, created: false }
  }
  await storePatient(db, patientResource(id, national, told), { id, at, method: 'POST' })
  if (isNamed(told)) await claimName(db, id, person.custodian)
  await rememberLocalIds(db, person)
  return { patient: id, created: true }
}

/** The Patient's content; undefined where it is not there or was deleted. */
export async function readPatient(db: Db, id: PatientId): Promise<JsonObject | undefined> {
  const stored = await readResource(db, 'Patient', id)
  const content = parseJsonText(stored?.content ?? 'null')
  return isJsonObject(content) ? content : undefined
}

/**
 * Fills in what the Patient lacks; a new version only where something is new. The custodian's own ids for the
 * person are kept beside it, and change nothing that others see.
 */
export async function completeStoredPatient(db: Db, person: ToldPatient): Promise<void> {
  const { id, told, at } = person
  await rememberLocalIds(db, person)
  const before = await readPatient(db, id)
  if (before === undefined || completePatient(before, told) === undefined) return
  await changePatient(db, { id, at }, async (patient) => {
    if (patient.name === undefined && isNamed(told)) await claimName(db, id, person.custodian)
    return completePatient(patient, told)
  })
}

function isNamed({ familyName, givenName }: PatientClaim): boolean {
  return familyName !== undefined || givenName !== undefined
}

/** They find the custodian's own material and nothing else: no link between people rests on them. */
async function rememberLocalIds(db: Db, { id, custodian, told }: ToldPatient): Promise<void> {
  const ids = claimedLocalIds(told).map(({ system, value }) => ({
    system,
    value,
    tokens: identifierKeys(system, value),
  }))
  await keepLocalIds(db, { patient: id, custodian, ids })
}

/** Reads and rewrites the Patient while nobody else does. `change` gives undefined for "leave it". */
export async function changePatient(
  db: Db,
  { id, at }: { readonly id: PatientId; readonly at: Date },
  change: (patient: JsonObject) => Promise<JsonObject | undefined>,
): Promise<void> {
  await lockKey(db, `patient/${id}`)
  // What is learnt of a Patient that has been replaced meanwhile comes with the next study, to its survivor.
  if ((await currentPatient(db, id)) !== id) return
  const patient = await readPatient(db, id)
  const changed = patient && (await change(patient))
  if (changed !== undefined) await storePatient(db, changed, { id, at, method: 'PUT' })
}
