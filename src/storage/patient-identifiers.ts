/** From an identifier of a person to the hub's Patient. */
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface Identifier {
  readonly system: string
  readonly value: string
}

const FIND = `
select patient from patient_identifier
where system = $1 and value = $2 and (custodian is null or custodian = $3::text)
order by custodian nulls first limit 1`

/** By a national id or, where `custodian` is given, by an id of that custodian's own too: never by another's. */
export async function findPatient(
  db: Db,
  identifier: Identifier,
  custodian?: OrganizationId,
): Promise<PatientId | undefined> {
  const { rows } = await db.query<{ patient: PatientId }>({
    name: 'find-patient-by-identifier',
    text: FIND,
    values: [identifier.system, identifier.value, custodian],
  })
  return rows[0]?.patient
}

// The update changes nothing: it makes the statement wait for whoever inserts the same, and return theirs.
const CLAIM = `
insert into patient_identifier (system, value, patient) values ($1, $2, $3)
on conflict (system, value, custodian) do update set patient = patient_identifier.patient
returning patient`

/** Whose the national id is: `patient`'s from now on, or that of the Patient that had it first. */
export async function claimNationalId(
  db: Db,
  identifier: Identifier,
  patient: PatientId,
): Promise<PatientId> {
  const { rows } = await db.query<{ patient: PatientId }>({
    name: 'claim-national-id',
    text: CLAIM,
    values: [identifier.system, identifier.value, patient],
  })
  return rows[0]?.patient ?? patient
}

// In one order, so that two publications of the same ids do not wait for each other in a circle.
const KEEP = `
with wanted as (
  select one.system, one.value, one.tokens
    from json_to_recordset($1::json) as one (system text, value text, tokens text[])
   where not exists (
     select from patient_identifier known
      where known.system = one.system and known.value = one.value and known.custodian = $2)
   order by one.system, one.value
   limit greatest(0, $4 - (
     select count(*) from patient_identifier own where own.patient = $3 and own.custodian = $2))
)
insert into patient_identifier (system, value, patient, custodian, tokens)
select system, value, $3, $2, tokens from wanted order by system, value
on conflict do nothing`

/** A person is known by some ids; a publisher that sends a new one each time is none to listen to. */
const MOST_LOCAL_IDS = 50

export interface LocalIds {
  readonly patient: PatientId
  readonly custodian: OrganizationId
  /** With the entries by which a search finds each. */
  readonly ids: readonly (Identifier & { readonly tokens: readonly string[] })[]
}

/** Ids by which the custodian knows the patient. One that it gave to another patient before stays there. */
export async function keepLocalIds(db: Db, { patient, custodian, ids }: LocalIds): Promise<void> {
  if (ids.length === 0) return
  await db.query({
    name: 'keep-local-ids',
    text: KEEP,
    values: [JSON.stringify(ids), custodian, patient, MOST_LOCAL_IDS],
  })
}
