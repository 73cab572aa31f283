/** The studies a report is about, as their policy columns say, and what policy asks of the report. */
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface LinkedStudy {
  readonly id: string
  readonly patient: PatientId | null
  readonly studyUids: readonly StudyUid[]
  readonly modalities: readonly string[]
  readonly bodyRegions: readonly string[]
  readonly labels: readonly string[]
  readonly startedAt: Date | null
  readonly quarantined: boolean
}

const COLUMNS = `id, patient, study_uids as "studyUids", modalities, body_regions as "bodyRegions",
       labels, started as "startedAt", quarantined`

// Locked against a study that changes while its report is written; the order keeps two writers apart.
const FIND_OWN_STUDIES = `
select ${COLUMNS}
  from resource_imaging_study
 where custodian = $1 and content is not null and (id = any ($2::text[]) or keys && search_keys($3::text[]))
 order by id
 limit 100
   for share`

export interface StudyNames {
  readonly custodian: OrganizationId
  readonly ids: readonly string[]
  /** Keys of ImagingStudy's `identifier`. */
  readonly identifiers: readonly string[]
}

/** The custodian's own copies only: another member's study is as good as not there. */
export async function findOwnStudies(db: Db, names: StudyNames): Promise<readonly LinkedStudy[]> {
  const values = [names.custodian, names.ids, names.identifiers]
  const { rows } = await db.query<LinkedStudy>({
    name: 'find-own-studies',
    text: FIND_OWN_STUDIES,
    values,
  })
  return rows
}

const SET_REPORT_FACTS = `
update resource_report
   set modalities = $2, body_regions = $3, labels = $4, started = $5, quarantined = $6
 where type = 'DiagnosticReport' and id = $1`

export interface ReportFactsUpdate {
  readonly facts: ObjectFacts
  readonly quarantined: boolean
}

/** What policy asks of the report, without a new version: the report itself has not changed. */
export async function setReportFacts(
  db: Db,
  id: string,
  { facts, quarantined }: ReportFactsUpdate,
): Promise<void> {
  const { modalities, bodyRegions, labels, startedAt } = facts
  await db.query(SET_REPORT_FACTS, [id, modalities, bodyRegions, labels, startedAt, quarantined])
}
