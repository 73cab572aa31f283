/** Patients held while something of theirs is written, or while they are made one. */
import type { PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'
import { lockKey } from './lock-key.ts'

// The column `patient` of a Patient says who stands for it: itself, or the one that has replaced it.
const HOLD = `
select patient from resource_patient where type = 'Patient' and id = $1 for share`

/**
 * The Patient that stands for this one until the transaction ends: the patient itself, or its survivor. Call
 * before a row of the patient's is written, so that a merge finds the row or the row its survivor.
 */
export async function holdPatient(db: Db, patient: PatientId): Promise<PatientId> {
  const { rows } = await db.query<{ patient: PatientId | null }>({
    name: 'hold-patient',
    text: HOLD,
    values: [patient],
  })
  return rows[0]?.patient ?? patient
}

const HOLD_LIVE = `
select coalesce(patient, id) as patient from resource_patient
where type = 'Patient' and id = $1 and content is not null for share`

/** As `holdPatient`; undefined where there is no such Patient, or it was deleted. */
export async function holdLivePatient(db: Db, id: string): Promise<PatientId | undefined> {
  const { rows } = await db.query<{ patient: PatientId }>({
    name: 'hold-live-patient',
    text: HOLD_LIVE,
    values: [id],
  })
  return rows[0]?.patient
}

const CURRENT = `select patient from resource where type = 'Patient' and id = $1`

/** The Patient that stands for this one now; itself where it is not there. */
export async function currentPatient(db: Db, patient: PatientId): Promise<PatientId> {
  const { rows } = await db.query<{ patient: PatientId | null }>({
    name: 'current-patient',
    text: CURRENT,
    values: [patient],
  })
  return rows[0]?.patient ?? patient
}

const LOCK = `
select id, patient as current, content, version from resource
where type = 'Patient' and id = any($1::text[]) order by id for update`

export interface LockedPatient {
  readonly id: PatientId
  /** Who stands for it. */
  readonly current: PatientId | null
  /** Null once deleted. */
  readonly content: string | null
  readonly version: number
}

/** Holds them against everybody else; what is not there is absent. */
export async function lockPatients(
  db: Db,
  patients: readonly PatientId[],
): Promise<readonly LockedPatient[]> {
  for (const patient of [...new Set(patients)].toSorted()) await lockKey(db, `patient/${patient}`)
  const { rows } = await db.query<LockedPatient>(LOCK, [patients])
  return rows
}
