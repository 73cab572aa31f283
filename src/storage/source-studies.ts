/** What the index has of a source, and taking out of it what the source no longer has. */
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { DicomJson } from '../domain/imaging/study.ts'
import type {
  ImagingStudyId,
  InstanceUid,
  OrganizationId,
  PatientId,
  SeriesUid,
  SourceId,
  StudyUid,
} from '../kernel/ids.ts'
import type { Db } from './db.ts'

const LIST_SOURCE_STUDIES = `
select study_uid as study, imaging_study as "imagingStudy" from study where source = $1 order by study_uid`

export interface SourceStudy {
  readonly study: StudyUid
  readonly imagingStudy: ImagingStudyId
}

export async function listSourceStudies(db: Db, source: SourceId): Promise<readonly SourceStudy[]> {
  const { rows } = await db.query<SourceStudy>(LIST_SOURCE_STUDIES, [source])
  return rows
}

export interface HeldStudy {
  readonly imagingStudy: ImagingStudyId
  readonly source: SourceId | null
  /** Null where whose it is is in doubt. */
  readonly patient: PatientId | null
  readonly attributes: DicomJson
  readonly series: ReadonlyMap<SeriesUid, DicomJson>
  readonly instances: ReadonlyMap<InstanceUid, HeldStudyInstance>
}

export interface HeldStudyInstance {
  readonly series: SeriesUid
  readonly sopClass: string
  readonly attributes: DicomJson
  readonly deposited: boolean
}

const READ_STUDY = `
select imaging_study as "imagingStudy", source, patient, attributes from study where custodian = $1 and study_uid = $2`
const READ_STUDY_SERIES = `select series_uid as series, attributes from series where imaging_study = $1`
const READ_STUDY_INSTANCES = `
select sop_instance_uid as instance, series_uid as series, sop_class_uid as "sopClass", attributes,
  landing is not null as deposited
from instance where imaging_study = $1`

/** The custodian's copy as the index has it, whoever asks: for the hub's own use. */
export async function readHeldStudy(
  db: Db,
  custodian: OrganizationId,
  study: StudyUid,
): Promise<HeldStudy | undefined> {
  const { rows } = await db.query<Omit<HeldStudy, 'series' | 'instances'>>(READ_STUDY, [
    custodian,
    study,
  ])
  const [row] = rows
  if (row === undefined) return undefined
  const series = await db.query<{ series: SeriesUid; attributes: DicomJson }>(READ_STUDY_SERIES, [
    row.imagingStudy,
  ])
  const instances = await db.query<HeldStudyInstance & { instance: InstanceUid }>(
    READ_STUDY_INSTANCES,
    [row.imagingStudy],
  )
  return {
    ...row,
    series: new Map(series.rows.map((one) => [one.series, one.attributes])),
    instances: new Map(instances.rows.map((one) => [one.instance, one])),
  }
}

const DELETE_SOURCE_INSTANCES = `
delete from instance where imaging_study = $1 and sop_instance_uid = any($2::text[]) and landing is null`

/** Deposited instances stay, whatever is named. */
export async function deleteSourceInstances(
  db: Db,
  imagingStudy: ImagingStudyId,
  instances: readonly InstanceUid[],
): Promise<void> {
  await db.query(DELETE_SOURCE_INSTANCES, [imagingStudy, instances])
}

const DELETE_STUDY = `delete from study where imaging_study = $1`
const CLOSE_DOUBTS = `
update unclear_identity set resolved_at = $2, resolved_by = 'withdrawn'
where imaging_study = $1 and resolved_at is null`

/** The copy's rows; its ImagingStudy is the caller's to delete in the same transaction. */
export async function deleteStudyRows(
  db: Db,
  imagingStudy: ImagingStudyId,
  at: Date,
): Promise<void> {
  await db.query(DELETE_STUDY, [imagingStudy])
  await db.query(CLOSE_DOUBTS, [imagingStudy, at])
}

const DETACH_SOURCE = `
update study set source = null, changed_at = $2, settled_at = null where imaging_study = $1`

/** What is left of the copy is deposited. */
export async function detachSource(db: Db, imagingStudy: ImagingStudyId, at: Date): Promise<void> {
  await db.query(DETACH_SOURCE, [imagingStudy, at])
}

const READ_FACTS = `
select custodian, patient, study_uids as "studyUids", modalities, body_regions as "bodyRegions",
  started as "startedAt", labels, quarantined
from resource where type = 'ImagingStudy' and id = $1`

export async function readStudyFacts(
  db: Db,
  imagingStudy: ImagingStudyId,
): Promise<(ObjectFacts & { readonly quarantined: boolean }) | undefined> {
  const { rows } = await db.query<ObjectFacts & { quarantined: boolean }>(READ_FACTS, [
    imagingStudy,
  ])
  return rows[0]
}
