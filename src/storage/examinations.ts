/** What belongs to one examination of a custodian's: its study, the reports on it, and the order for it. */
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { Db } from './db.ts'
import { lockKeys } from './lock-key.ts'
import { studyKey } from './resources.ts'
import { studyLock } from './studies.ts'

export interface ExaminationNames {
  readonly custodian: OrganizationId
  /** Accession and order numbers. */
  readonly numbers: readonly string[]
  readonly studyUids: readonly StudyUid[]
}

/**
 * Keeps two parts of one examination from arriving without seeing each other. Numbers before studies, each in
 * one order, and both before any row: so no two transactions wait for each other in a circle.
 */
export async function lockExamination(
  db: Db,
  { custodian, numbers, studyUids }: ExaminationNames,
): Promise<void> {
  await lockKeys(db, [
    ...sorted(numbers).map((number) => `examination/${custodian}/${number}`),
    ...sorted(studyUids).map(studyLock),
  ])
}

function sorted<Text extends string>(texts: readonly Text[]): readonly Text[] {
  return [...new Set(texts)].toSorted()
}

// The order in which `sorted` has them, and what `studyLock` names.
const LOCK_FOUND = `
select uid, pg_advisory_xact_lock(hashtextextended('study/' || uid, 0))
  from (
    select uid
      from (
        select unnest(study_uids) as uid
          from resource_imaging_study
         where custodian = $1 and content is not null
           and (id = any ($2::text[]) or keys && search_keys($3::text[]))
         union
        select unnest($4::text[])
      ) as wanted
     order by uid collate "C"
  ) as ordered`

/**
 * Holds the studies of `studyUids` and the custodian's by id or by a key of their identifiers, as
 * `lockExamination` does, and returns the UIDs of all of them. Call it under the locks of the numbers.
 */
export async function lockStudies(
  db: Db,
  { custodian, ids, keys, studyUids }: StudyKeys,
): Promise<readonly StudyUid[]> {
  if (ids.length + keys.length + studyUids.length === 0) return []
  const { rows } = await db.query<{ uid: StudyUid }>({
    name: 'lock-studies',
    text: LOCK_FOUND,
    values: [custodian, ids, keys, studyUids],
  })
  return rows.map(({ uid }) => uid)
}

export interface StudyKeys {
  readonly custodian: OrganizationId
  readonly ids: readonly string[]
  readonly keys: readonly string[]
  readonly studyUids: readonly StudyUid[]
}

const FACTS = `custodian, patient, study_uids as "studyUids", modalities, body_regions as "bodyRegions",
       started as "startedAt", labels`

const FIND_STUDY = `
select r.id, r.content, r.last_updated as "lastUpdated", r.quarantined,
       r.custodian, r.patient, r.study_uids as "studyUids", r.modalities, r.body_regions as "bodyRegions",
       r.started as "startedAt", r.labels, held.settled_at is null as "isGrowing"
  from study held join resource_imaging_study r on r.type = 'ImagingStudy' and r.id = held.imaging_study
 where held.study_uid = $1 and held.custodian = $2 and r.content is not null`

export interface ExaminedStudy extends ObjectFacts {
  readonly id: string
  /** JSON text. */
  readonly content: string
  readonly lastUpdated: Date
  readonly quarantined: boolean
  /** Its current version may be rewritten in place. */
  readonly isGrowing: boolean
}

/** The custodian's copy of the study. Call it under the study's lock. */
export async function findExaminedStudy(
  db: Db,
  custodian: OrganizationId,
  studyUid: StudyUid,
): Promise<ExaminedStudy | undefined> {
  const { rows } = await db.query<ExaminedStudy>({
    name: 'find-examined-study',
    text: FIND_STUDY,
    values: [studyUid, custodian],
  })
  return rows[0]
}

// What a report says of its own state is among its keys. A label of its own hides a report from some who see the
// study, and the state is for all who do.
const FIND_PARTS = `
select coalesce(bool_or(r.keys && search_keys($5::text[])), false) as issued,
       coalesce(bool_or(r.keys && search_keys($6::text[])), false) as drafted,
       coalesce(bool_or(r.keys && search_keys($7::text[])), false) as referred,
       exists (
         select from resource_workflow o
          where o.type = 'ServiceRequest' and o.custodian = $1 and o.content is not null and not o.quarantined
            and o.patient is not distinct from $3 and (o.id = any ($9::text[]) or o.keys && search_keys($8::text[]))
            and not o.keys && search_keys(array['status|entered-in-error'])
       ) as ordered
  from resource_report r
 where r.type = 'DiagnosticReport' and r.custodian = $1 and r.keys && array[search_key($2)] and r.content is not null
   and not r.quarantined and r.patient is not distinct from $3 and r.labels <@ $4::text[]`

export interface StudyParts {
  readonly issued: boolean
  readonly drafted: boolean
  /** A report on it knows of an order. */
  readonly referred: boolean
  readonly ordered: boolean
}

export interface PartsQuestion {
  readonly custodian: OrganizationId
  readonly patient: PatientId | null
  readonly studyUid: StudyUid
  readonly labels: readonly string[]
  readonly orderIds: readonly string[]
  /** Keys of orders' identifiers. */
  readonly orderKeys: readonly string[]
}

export async function findStudyParts(db: Db, question: PartsQuestion): Promise<StudyParts> {
  const { custodian, patient, studyUid, labels, orderIds, orderKeys } = question
  const keys = [ISSUED, DRAFTED, REFERRED]
  const { rows } = await db.query<StudyParts>({
    name: 'find-study-parts',
    text: FIND_PARTS,
    values: [custodian, studyKey(studyUid), patient, labels, ...keys, orderKeys, orderIds],
  })
  return rows[0] ?? { issued: false, drafted: false, referred: false, ordered: false }
}

const ISSUED = ['final', 'appended', 'amended', 'corrected'].map((status) => `status|${status}`)
const DRAFTED = ['partial', 'preliminary'].map((status) => `status|${status}`)
const REFERRED = [
  'referral',
  'report-referral',
  'preliminary-referral',
  'images-referral',
  'images-preliminary-referral',
  'complete',
].map((code) => `completeness|${code}`)

const HAS_ORDER = `
select exists (
  select from resource_workflow
   where type = 'ServiceRequest' and custodian = $1 and content is not null and not quarantined
     and patient is not distinct from $2 and (id = any ($3::text[]) or keys && search_keys($4::text[]))
     and not keys && search_keys(array['status|entered-in-error'])
) as known`

/** Whether the custodian has published an order for this patient by one of the ids or keys. */
export async function hasOrder(
  db: Db,
  order: {
    readonly custodian: OrganizationId
    readonly patient: PatientId | null
    readonly ids: readonly string[]
    readonly keys: readonly string[]
  },
): Promise<boolean> {
  if (order.ids.length === 0 && order.keys.length === 0) return false
  const values = [order.custodian, order.patient, order.ids, order.keys]
  const { rows } = await db.query<{ known: boolean }>({
    name: 'has-order',
    text: HAS_ORDER,
    values,
  })
  return rows[0]?.known === true
}

const FIND_REPORTS = `
select id, content, quarantined, ${FACTS}
  from resource_report
 where type = 'DiagnosticReport' and custodian = $1 and content is not null and keys && search_keys($2::text[])
 order by id`

export interface ExaminedReport extends ObjectFacts {
  readonly id: string
  /** JSON text. */
  readonly content: string
  readonly quarantined: boolean
}

/** Keys of resources of one custodian's. */
export interface OwnKeys {
  readonly custodian: OrganizationId
  readonly keys: readonly string[]
}

/** The custodian's reports that one of the keys finds, as they are now. */
export async function findReportsByKeys(
  db: Db,
  { custodian, keys }: OwnKeys,
): Promise<readonly ExaminedReport[]> {
  if (keys.length === 0) return []
  const values = [custodian, keys]
  const { rows } = await db.query<ExaminedReport>({
    name: 'find-reports-by-keys',
    text: FIND_REPORTS,
    values,
  })
  return rows
}

/** As `findReportsByKeys`, held until the transaction ends. */
export async function holdReportsByKeys(
  db: Db,
  { custodian, keys }: OwnKeys,
): Promise<readonly ExaminedReport[]> {
  const values = [custodian, keys]
  const { rows } = await db.query<ExaminedReport>({
    name: 'hold-reports-by-keys',
    text: `${FIND_REPORTS} for update`,
    values,
  })
  return rows
}
