/** Whose word a Patient's name is. */
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

const CLAIM = `
insert into patient_name (patient, custodian) values ($1, $2) on conflict do nothing`

/** Call where a Patient is given its name. */
export async function claimName(
  db: Db,
  patient: PatientId,
  custodian: OrganizationId,
): Promise<void> {
  await db.query({ name: 'claim-patient-name', text: CLAIM, values: [patient, custodian] })
}

const CONFIRM = `
update patient_name set confirmed_at = $2
where patient = $1 and confirmed_at is null and custodian is distinct from $3`

export interface Confirmation {
  readonly patient: PatientId
  readonly at: Date
  /** Absent where a person has looked at it. */
  readonly custodian?: OrganizationId | undefined
}

/** Somebody else than its first claimer says the same name. */
export async function confirmName(db: Db, { patient, at, custodian }: Confirmation): Promise<void> {
  const values = [patient, at, custodian]
  await db.query({ name: 'confirm-patient-name', text: CONFIRM, values })
}

const FIND_CLAIMER = `
select custodian from patient_name where patient = $1 and confirmed_at is null`

/** The one custodian that the name rests on; undefined where it is confirmed, or there is none. */
export async function findSoleClaimer(
  db: Db,
  patient: PatientId,
): Promise<OrganizationId | undefined> {
  const { rows } = await db.query<{ custodian: OrganizationId }>(FIND_CLAIMER, [patient])
  return rows[0]?.custodian
}
