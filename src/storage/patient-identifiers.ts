/** From an identifier of a person to the hub's Patient, and back to all that the person is known by. */
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface Identifier {
  readonly system: string
  readonly value: string
}

/** An identifier as the index has it; `system` is the key under which the value names one person. */
export interface IndexedIdentifier extends Identifier {
  /** Whose word and whose own it is; null for one that is a person's in the whole country. */
  readonly custodian: OrganizationId | null
  readonly assigner: string | null
  /** FHIR dateTime texts, as told. */
  readonly starts: string | null
  readonly ends: string | null
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
insert into patient_identifier (system, value, patient, assigner, starts_at, ends_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (system, value, custodian) do update set patient = patient_identifier.patient
returning patient`

export interface ClaimedIdentifier extends Identifier {
  readonly assigner?: string | undefined
  readonly start?: string | undefined
  readonly end?: string | undefined
}

/** Whose the national id is: `patient`'s from now on, or that of the Patient that had it first. */
export async function claimNationalId(
  db: Db,
  { system, value, assigner, start, end }: ClaimedIdentifier,
  patient: PatientId,
): Promise<PatientId> {
  const { rows } = await db.query<{ patient: PatientId }>({
    name: 'claim-national-id',
    text: CLAIM,
    values: [system, value, patient, assigner, start, end],
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

const SET = `
insert into patient_identifier (system, value, patient, custodian, tokens, assigner, starts_at, ends_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (system, value, custodian) do update set
  patient = excluded.patient, assigner = coalesce(excluded.assigner, patient_identifier.assigner),
  starts_at = coalesce(excluded.starts_at, patient_identifier.starts_at), ends_at = excluded.ends_at`

export interface SetIdentifier extends ClaimedIdentifier {
  readonly patient: PatientId
  readonly custodian: OrganizationId | null
  /** The entries by which a search finds a custodian's own. */
  readonly tokens: readonly string[]
}

/** What the identifier's authority says of it, in place of what was said before. */
export async function setIdentifier(db: Db, one: SetIdentifier): Promise<void> {
  const { system, value, patient, custodian, tokens, assigner, start, end } = one
  const values = [system, value, patient, custodian, tokens, assigner, start, end]
  await db.query({ name: 'set-identifier', text: SET, values })
}

const LIST = `
select system, value, custodian, assigner, starts_at as starts, ends_at as ends
from patient_identifier where patient = $1
order by custodian nulls first, system, value limit 1000`

/** All that the person is known by, to anyone: for the hub's own judgement. */
export async function listIdentifiers(
  db: Db,
  patient: PatientId,
): Promise<readonly IndexedIdentifier[]> {
  const { rows } = await db.query<IndexedIdentifier>({
    name: 'list-patient-identifiers',
    text: LIST,
    values: [patient],
  })
  return rows
}

const REMOVE = `
delete from patient_identifier
where system = $1 and value = $2 and custodian is not distinct from $3 and patient = $4`

/** Forgets one identifier; true where the patient had it. */
export async function removeIdentifier(
  db: Db,
  {
    system,
    value,
    custodian,
    patient,
  }: Identifier & { readonly custodian: OrganizationId | null; readonly patient: PatientId },
): Promise<boolean> {
  const { rowCount } = await db.query(REMOVE, [system, value, custodian, patient])
  return rowCount === 1
}

const REMOVE_ALL = `delete from patient_identifier where patient = $1`

/** Forgets every identifier of a Patient that is deleted. */
export async function removeIdentifiers(db: Db, patient: PatientId): Promise<void> {
  await db.query(REMOVE_ALL, [patient])
}

const HAS_SYSTEM = `
select exists (select 1 from patient_identifier where system = $1 and custodian = $2) as known`

/** Whether the custodian has ids of its own under this system. */
export async function hasSystem(
  db: Db,
  system: string,
  custodian: OrganizationId,
): Promise<boolean> {
  const { rows } = await db.query<{ known: boolean }>(HAS_SYSTEM, [system, custodian])
  return rows[0]?.known === true
}
