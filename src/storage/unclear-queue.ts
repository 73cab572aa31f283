/** The queue of doubts as a person works through it. */
import type { ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { Db } from './db.ts'

interface Queued {
  readonly id: number
  readonly custodian: OrganizationId
  readonly reason: string
  /** What the object or message said, sealed. */
  readonly claim: Buffer
  /** The patient that the study or report was registered for, where there was one. */
  readonly candidate: PatientId | null
  /** The custodian that alone has told the name which the claim contradicts. */
  readonly firstClaimer: OrganizationId | null
  readonly raisedAt: Date
  readonly resolvedAt: Date | null
}

export interface QueuedStudyDoubt extends Queued {
  readonly imagingStudy: ImagingStudyId
  readonly study: StudyUid
  /** Other custodians' copies of the study, the one registered first before others. */
  readonly otherCopies: readonly OtherCopy[]
  readonly report: null
}

export interface QueuedReportDoubt extends Queued {
  readonly imagingStudy: null
  readonly study: null
  readonly otherCopies: readonly []
  /** Id of the DiagnosticReport. */
  readonly report: string
}

export type QueuedDoubt = QueuedStudyDoubt | QueuedReportDoubt

export interface OtherCopy {
  readonly imagingStudy: ImagingStudyId
  readonly custodian: OrganizationId
  /** Null where it is in doubt itself. */
  readonly patient: PatientId | null
  readonly instances: number
  /** RFC 3339. */
  readonly registeredAt: string
}

const COLUMNS = `
select doubt.id, doubt.report, doubt.imaging_study as "imagingStudy", study.study_uid as study, doubt.custodian,
       doubt.reason, doubt.claim, doubt.candidate, doubt.first_claimer as "firstClaimer",
       doubt.raised_at as "raisedAt",
       doubt.resolved_at as "resolvedAt",
       (select coalesce(json_agg(json_build_object(
            'imagingStudy', other.imaging_study, 'custodian', other.custodian, 'patient', other.patient,
            'instances', other.instances, 'registeredAt', other.registered_at)
          order by other.registration), '[]')
          from study other
         where other.study_uid = study.study_uid and other.imaging_study <> study.imaging_study
       ) as "otherCopies"
  from unclear_identity doubt left join study on study.imaging_study = doubt.imaging_study`

const LIST_OPEN = `${COLUMNS}
 where doubt.resolved_at is null and doubt.id > $1
   and (study.imaging_study is not null or doubt.report is not null)
 order by doubt.id
 limit $2`

/** Doubts that nobody has settled, oldest first, from after the id `after`. */
export async function listOpenDoubts(
  db: Db,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly QueuedDoubt[]> {
  const { rows } = await db.query<QueuedDoubt>(LIST_OPEN, [after, limit])
  return rows
}

const FIND = `${COLUMNS}
 where doubt.id = $1`

export async function findDoubt(db: Db, id: number): Promise<QueuedDoubt | undefined> {
  const { rows } = await db.query<QueuedDoubt>(FIND, [id])
  return rows[0]
}

const SETTLE = `
update unclear_identity set resolved_at = $2, resolved_by = $3
 where imaging_study = $1 and resolved_at is null`

/** Whose a study is settles every doubt about it. */
export async function settleDoubts(
  db: Db,
  imagingStudy: ImagingStudyId,
  { at, by }: { readonly at: Date; readonly by: string },
): Promise<void> {
  await db.query(SETTLE, [imagingStudy, at, by])
}
