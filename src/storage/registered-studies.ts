/** Studies that a custodian registers by their ImagingStudy alone: the index has the copy and none of its objects. */
import type { ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { Db } from './db.ts'

// Settled: nothing is on its way that would rewrite this version of the resource.
const PUT = `
insert into study (imaging_study, custodian, study_uid, patient, attributes, changed_at, registered_at, settled_at)
values ($1, $2, $3, $4, '{}', $5, $5, $5)
on conflict (imaging_study) do update set
  patient = excluded.patient, changed_at = excluded.changed_at, settled_at = excluded.settled_at`

export interface RegisteredStudyRow {
  readonly imagingStudy: ImagingStudyId
  readonly custodian: OrganizationId
  readonly study: StudyUid
  /** Null while it is not clear whose the study is. */
  readonly patient: PatientId | null
  readonly at: Date
}

export async function putRegisteredStudy(db: Db, row: RegisteredStudyRow): Promise<void> {
  await db.query({
    name: 'put-registered-study',
    text: PUT,
    values: [row.imagingStudy, row.custodian, row.study, row.patient, row.at],
  })
}
