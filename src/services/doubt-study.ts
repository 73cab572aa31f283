/** A study whose patient is not beyond doubt any more goes back to the queue, out of everybody's sight. */
import type { PoolClient } from 'pg'
import type { ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import { copyEnded, type JournalledChange } from '../storage/access-changes.ts'
import { scheduleSettle } from '../storage/jobs.ts'
import { findStudyRows, lockStudy, putStudy } from '../storage/studies.ts'
import { raiseDoubt } from '../storage/unclear-identities.ts'
import { patientAttributes, withoutPatient } from '../wire/dicom/patient-attributes.ts'
import { patientClaim } from '../wire/dicom/patient-claim.ts'
import { refreshReports } from './refresh-reports.ts'
import type { IdentityDoubt } from './resolve-patient.ts'
import { sealClaim } from './sealed-claim.ts'
import { writeStudyResources } from './write-study-resources.ts'

export interface DoubtStudyDeps {
  readonly sealer: Sealer
  /** As `RegisterStudyDeps` has them. */
  readonly settleMs: number
  readonly timeZone: string
}

export interface DoubtedStudy {
  readonly imagingStudy: ImagingStudyId
  readonly study: StudyUid
  readonly custodian: OrganizationId
  readonly reason: IdentityDoubt
  /** Whose it may be. */
  readonly candidate: PatientId
  readonly at: Date
}

/** Runs in the caller's transaction. Resolves to what is to be announced: streams of the copy are cut. */
export async function doubtStudy(
  db: PoolClient,
  { study, ...doubt }: DoubtedStudy,
  { sealer, settleMs, timeZone }: DoubtStudyDeps,
): Promise<readonly JournalledChange[]> {
  const { imagingStudy, custodian, at } = doubt
  await lockStudy(db, study)
  const rows = await findStudyRows(db, study)
  const own = rows.find((row) => row.imagingStudy === imagingStudy)
  if (own === undefined) return []
  const told = patientAttributes(own.attributes)
  const claim = patientClaim(own.attributes, undefined)
  await raiseDoubt(db, {
    ...doubt,
    claim: sealClaim(sealer, imagingStudy, { claim, told, before: {} }),
  })
  const attributes = withoutPatient(own.attributes)
  const source = own.source ?? undefined
  const indexed = { imagingStudy, custodian, study, patient: null, attributes, at }
  await putStudy(db, { ...indexed, source })
  await writeStudyResources(db, {
    ...indexed,
    own,
    publishedBy: { member: custodian },
    timeZone: own.timeZone ?? timeZone,
  })
  await refreshReports(db, { custodian, studyUid: study, at })
  await scheduleSettle(db, imagingStudy, new Date(at.getTime() + settleMs))
  return [copyEnded(custodian, study)]
}
