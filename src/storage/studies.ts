/** The index's studies and series: one row per custodian's copy of each (decision 0003). */
import type { DicomJson } from '../domain/imaging/study.ts'
import type {
  ImagingStudyId,
  OrganizationId,
  PatientId,
  SeriesUid,
  SourceId,
  StudyUid,
} from '../kernel/ids.ts'
import type { Db } from './db.ts'
import { lockKey } from './lock-key.ts'

export interface StudyRow {
  readonly imagingStudy: ImagingStudyId
  readonly custodian: OrganizationId
  readonly source: SourceId | null
  readonly patient: PatientId | null
  readonly attributes: DicomJson
  /** Of the copies of one study, the lowest was registered first. */
  readonly registration: number
  /** In the index; none where the copy is registered by its ImagingStudy alone. */
  readonly instances: number
  /** Null while the study is growing. */
  readonly settledAt: Date | null
  /** IANA zone of the source that holds it; null where no source does. */
  readonly timeZone: string | null
  /** Security labels of its ImagingStudy. */
  readonly labels: readonly string[]
  /** Whose the study is was doubted for these reasons. */
  readonly doubts: readonly StudyDoubt[]
}

export interface StudyDoubt {
  readonly reason: string
  /** False once a person has settled it. */
  readonly open: boolean
}

/** One lock for all copies of a study, so that whose it is gets decided once; held to the transaction's end. */
export async function lockStudy(db: Db, study: StudyUid): Promise<void> {
  await lockKey(db, studyLock(study))
}

export function studyLock(study: StudyUid): string {
  return `study/${study}`
}

const FIND_STUDY_ROWS = `
select study.imaging_study as "imagingStudy", study.custodian, study.source, study.patient, study.attributes,
  study.registration, study.instances, study.settled_at as "settledAt", source.time_zone as "timeZone", coalesce(resource.labels, '{}') as labels,
  (select coalesce(json_agg(json_build_object('reason', doubt.reason, 'open', doubt.resolved_at is null)), '[]')
    from unclear_identity doubt where doubt.imaging_study = study.imaging_study) as doubts
from study
left join source on source.id = study.source
left join resource_imaging_study resource on resource.type = 'ImagingStudy' and resource.id = study.imaging_study
where study.study_uid = $1
order by study.registration`

/** Every custodian's copy, the one registered first before others: for the hub's own use, never an answer to a caller. */
export async function findStudyRows(db: Db, study: StudyUid): Promise<readonly StudyRow[]> {
  const { rows } = await db.query<StudyRow>({
    name: 'find-study-rows',
    text: FIND_STUDY_ROWS,
    values: [study],
  })
  return rows
}

const PUT_STUDY = `
insert into study (imaging_study, custodian, study_uid, source, patient, attributes, changed_at, registered_at)
values ($1, $2, $3, $4, $5, $6, $7, $7)
on conflict (imaging_study) do update set
  source = coalesce(excluded.source, study.source), patient = excluded.patient,
  attributes = excluded.attributes, changed_at = excluded.changed_at, settled_at = null`

export interface NewStudy {
  readonly imagingStudy: ImagingStudyId
  readonly custodian: OrganizationId
  readonly study: StudyUid
  readonly source: SourceId | undefined
  readonly patient: PatientId | null
  readonly attributes: DicomJson
  readonly at: Date
}

/** Creates the row or changes it; the study is then growing. A source once known stays. */
export async function putStudy(db: Db, row: NewStudy): Promise<void> {
  await db.query({
    name: 'put-study',
    text: PUT_STUDY,
    values: [
      row.imagingStudy,
      row.custodian,
      row.study,
      row.source,
      row.patient,
      JSON.stringify(row.attributes),
      row.at,
    ],
  })
}

const PUT_SERIES = `
insert into series (imaging_study, series_uid, modality, series_number, attributes)
select $1, * from unnest($2::text[], $3::text[], $4::integer[], $5::jsonb[])
on conflict (imaging_study, series_uid) do update set
  modality = coalesce(excluded.modality, series.modality),
  series_number = coalesce(excluded.series_number, series.series_number),
  attributes = series.attributes || excluded.attributes`

export interface NewSeries {
  readonly series: SeriesUid
  readonly modality: string | undefined
  readonly number: number | undefined
  readonly attributes: DicomJson
}

export async function putSeries(
  db: Db,
  imagingStudy: ImagingStudyId,
  rows: readonly NewSeries[],
): Promise<void> {
  await db.query({
    name: 'put-series',
    text: PUT_SERIES,
    values: [
      imagingStudy,
      rows.map(({ series }) => series),
      rows.map(({ modality }) => modality ?? null),
      rows.map(({ number }) => number ?? null),
      rows.map(({ attributes }) => JSON.stringify(attributes)),
    ],
  })
}

export interface SeriesRow {
  readonly series: SeriesUid
  readonly modality: string | null
  readonly number: number | null
  readonly attributes: DicomJson
  readonly instances: number
}

// The parts of one statement see the rows as they were before it: what was counted anew stands in `changed`.
const COUNT_INSTANCES = `
with counted as (
  select series_uid, count(*)::integer as instances, coalesce(sum(bytes), 0) as bytes
  from instance where imaging_study = $1 group by series_uid
), emptied as (
  delete from series where imaging_study = $1 and series_uid not in (select series_uid from counted)
), changed as (
  update series set instances = counted.instances from counted
  where series.imaging_study = $1 and series.series_uid = counted.series_uid
    and series.instances <> counted.instances
), summed as (
  update study set (instances, series, bytes) =
    (select coalesce(sum(instances), 0), count(*), coalesce(sum(bytes), 0) from counted)
  where imaging_study = $1
)
select series.series_uid as series, modality, series_number as number, attributes, counted.instances
from series join counted on counted.series_uid = series.series_uid
where series.imaging_study = $1
order by series_number nulls last, series.series_uid`

/**
 * Brings the counts in line with the instances and returns the series; one that no instance is left of
 * goes.
 */
export async function countInstances(
  db: Db,
  imagingStudy: ImagingStudyId,
): Promise<readonly SeriesRow[]> {
  const { rows } = await db.query<SeriesRow>({
    name: 'count-instances',
    text: COUNT_INSTANCES,
    values: [imagingStudy],
  })
  return rows
}

const SETTLE_STUDY = `
update study set settled_at = $2
where imaging_study = $1 and settled_at is null and changed_at <= $3
returning imaging_study`

/** True where the study was growing and has not changed since `quietSince`: it is settled now. */
export async function markSettled(
  db: Db,
  imagingStudy: ImagingStudyId,
  { at, quietSince }: { readonly at: Date; readonly quietSince: Date },
): Promise<boolean> {
  const { rowCount } = await db.query(SETTLE_STUDY, [imagingStudy, at, quietSince])
  return rowCount === 1
}

const SOURCE_TIME_ZONE = `select time_zone as "timeZone" from source where id = $1`

/** The zone of what a source holds. */
export async function findSourceTimeZone(db: Db, source: SourceId): Promise<string | undefined> {
  const { rows } = await db.query<{ timeZone: string }>(SOURCE_TIME_ZONE, [source])
  return rows[0]?.timeZone
}

const FIND_GROWING = `
select changed_at as "changedAt" from study where imaging_study = $1 and settled_at is null`

/** When the study last changed, where it is not settled. */
export async function findGrowing(db: Db, imagingStudy: ImagingStudyId): Promise<Date | undefined> {
  const { rows } = await db.query<{ changedAt: Date }>(FIND_GROWING, [imagingStudy])
  return rows[0]?.changedAt
}
