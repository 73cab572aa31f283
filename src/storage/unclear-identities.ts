/** The queue of studies whose patient a person must settle. */
import type { ImagingStudyId, OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

const RAISE = `
insert into unclear_identity (imaging_study, custodian, reason, claim, candidate, raised_at,
  first_claimer)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (imaging_study, reason) where resolved_at is null do nothing`

export interface RaisedDoubt {
  readonly imagingStudy: ImagingStudyId
  readonly custodian: OrganizationId
  readonly reason: string
  /** What the object said, sealed. */
  readonly claim: Buffer
  readonly candidate: PatientId | null
  /** Who alone has told the name that the claim contradicts. */
  readonly firstClaimer?: OrganizationId | undefined
  readonly at: Date
}

/** A doubt that is in the queue already is not raised again. */
export async function raiseDoubt(db: Db, doubt: RaisedDoubt): Promise<void> {
  await db.query(RAISE, [
    doubt.imagingStudy,
    doubt.custodian,
    doubt.reason,
    doubt.claim,
    doubt.candidate,
    doubt.at,
    doubt.firstClaimer,
  ])
}

const LIFT = `
update unclear_identity set resolved_at = $3, resolved_by = $4
where imaging_study = $1 and reason = $2 and resolved_at is null`

export interface LiftedDoubt extends Pick<RaisedDoubt, 'imagingStudy' | 'reason' | 'at'> {
  /** What was learnt, in place of the person who would have settled it. */
  readonly by: string
}

/** For a doubt that turns out to be unfounded without a person. */
export async function liftDoubt(
  db: Db,
  { imagingStudy, reason, at, by }: LiftedDoubt,
): Promise<void> {
  await db.query(LIFT, [imagingStudy, reason, at, by])
}

const LIST_SETTLED = `
select reason, claim from unclear_identity where imaging_study = $1 and resolved_at is not null`

export interface SettledClaim {
  readonly reason: string
  /** Sealed. */
  readonly claim: Buffer
}

/** What was doubted about the study and is settled. */
export async function listSettledClaims(
  db: Db,
  imagingStudy: ImagingStudyId,
): Promise<readonly SettledClaim[]> {
  const { rows } = await db.query<SettledClaim>(LIST_SETTLED, [imagingStudy])
  return rows
}
