/** Which Patient stands for which, and what each merge moved. */
import type { GrantId, ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { Db } from './db.ts'

export interface PatientMerge {
  readonly id: string
  readonly replaced: PatientId
  readonly survivor: PatientId
  readonly mergedAt: Date
  /** Whether the replaced Patient said that it was active; null where it said nothing. */
  readonly wasActive: boolean | null
  /** Elements that the survivor was given, by name. */
  readonly given: Readonly<Record<string, readonly unknown[]>>
}

const INSERT = `
insert into patient_merge (id, replaced, survivor, merged_at, merged_by, was_active, given)
values ($1, $2, $3, $4, $5, $6, $7)`

export async function insertMerge(db: Db, merge: PatientMerge, by: string): Promise<void> {
  const { id, replaced, survivor, mergedAt, wasActive, given } = merge
  const values = [id, replaced, survivor, mergedAt, by, wasActive, JSON.stringify(given)]
  await db.query(INSERT, values)
}

const FIND = `
select id, replaced, survivor, merged_at as "mergedAt", was_active as "wasActive", given
from patient_merge where replaced = $1 and undone_at is null`

/** The merge that is in force for the replaced Patient. */
export async function findMerge(db: Db, replaced: PatientId): Promise<PatientMerge | undefined> {
  const { rows } = await db.query<PatientMerge>(FIND, [replaced])
  return rows[0]
}

const END = `update patient_merge set undone_at = $2, undone_by = $3 where id = $1`

export async function endMerge(
  db: Db,
  id: string,
  { at, by }: { readonly at: Date; readonly by: string },
): Promise<void> {
  await db.query(END, [id, at, by])
}

const HAS_REPLACED = `
select exists (select 1 from patient_merge where survivor = $1 and undone_at is null) as found`

/** Whether the Patient stands for another one. */
export async function hasReplaced(db: Db, survivor: PatientId): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(HAS_REPLACED, [survivor])
  return rows[0]?.found === true
}

const REMEMBER_RESOURCE = `
insert into patient_merge_move (merge, kind, key, places) values ($1, 'resource', $2, $3)
on conflict do nothing`

export interface MovedResource {
  /** `Type/id` */
  readonly reference: string
  /** JSON pointers to the references that were rewritten. */
  readonly places: readonly string[]
}

export async function rememberResource(db: Db, merge: string, moved: MovedResource): Promise<void> {
  await db.query({
    name: 'remember-moved-resource',
    text: REMEMBER_RESOURCE,
    values: [merge, moved.reference, moved.places],
  })
}

const LIST_RESOURCES = `
select key as reference, places from patient_merge_move
where merge = $1 and kind = 'resource' order by key`

export async function listMovedResources(db: Db, merge: string): Promise<readonly MovedResource[]> {
  const { rows } = await db.query<MovedResource>(LIST_RESOURCES, [merge])
  return rows
}

/** Moves the rows of one table and remembers each of them under its key. */
const moving = (kind: string, key: string, update: string): string => `
with moved as (${update} returning ${key} as key)
insert into patient_merge_move (merge, kind, key) select $1, '${kind}', key from moved
on conflict do nothing`

const IDENTIFIER_KEY = `json_build_array(system, value, custodian)::text`
const MOVE_IDENTIFIERS = moving(
  'identifier',
  IDENTIFIER_KEY,
  `update patient_identifier set patient = $3 where patient = $2`,
)
const MOVE_GRANTS = moving(
  'grant',
  'id',
  `update access_grant set patient = $3, content = jsonb_set(content, '{patient}', to_jsonb($3::text))
   where patient = $2 and revoked_at is null`,
)
const MOVE_DOUBTS = moving(
  'doubt',
  'id::text',
  `update unclear_identity set candidate = $3 where candidate = $2 and resolved_at is null`,
)

/** Everything of the replaced Patient's that is no resource becomes the survivor's. */
export async function moveRows(
  db: Db,
  { id, replaced, survivor }: Pick<PatientMerge, 'id' | 'replaced' | 'survivor'>,
): Promise<void> {
  for (const statement of [MOVE_IDENTIFIERS, MOVE_GRANTS, MOVE_DOUBTS])
    await db.query(statement, [id, replaced, survivor])
}

// What somebody has given to another Patient meanwhile stays there.
const RESTORE_IDENTIFIERS = `
update patient_identifier set patient = $2
from patient_merge_move moved
where moved.merge = $1 and moved.kind = 'identifier' and moved.key = ${IDENTIFIER_KEY} and patient = $3`
const RESTORE_GRANTS = `
update access_grant set patient = $2, content = jsonb_set(content, '{patient}', to_jsonb($2::text))
from patient_merge_move moved
where moved.merge = $1 and moved.kind = 'grant' and moved.key = access_grant.id and patient = $3`
const RESTORE_DOUBTS = `
update unclear_identity set candidate = $2
from patient_merge_move moved
where moved.merge = $1 and moved.kind = 'doubt' and moved.key = unclear_identity.id::text and candidate = $3`

/** Takes back what `moveRows` has moved, as far as it is the survivor's still. */
export async function restoreRows(
  db: Db,
  { id, replaced, survivor }: Pick<PatientMerge, 'id' | 'replaced' | 'survivor'>,
): Promise<void> {
  for (const statement of [RESTORE_IDENTIFIERS, RESTORE_GRANTS, RESTORE_DOUBTS])
    await db.query(statement, [id, replaced, survivor])
}

// Whoever was replaced by the replaced one before, in however many steps.
const EARLIER = `
with recursive earlier (id) as (
  select replaced from patient_merge where survivor = $1 and undone_at is null
  union
  select merge.replaced from patient_merge merge join earlier on merge.survivor = earlier.id
  where merge.undone_at is null
)`

const FOLLOW = `${EARLIER}
update resource set patient = $2
where type = 'Patient' and id in (select id from earlier)`

/** Patients that `from` stands for are stood for by `to`: seen by whoever sees something of that one's. */
export async function followSurvivor(
  db: Db,
  { from, to }: { readonly from: PatientId; readonly to: PatientId },
): Promise<void> {
  await db.query(FOLLOW, [from, to])
}

/** The same back: those that the restored Patient stood for before. */
export async function followRestored(
  db: Db,
  { replaced }: Pick<PatientMerge, 'replaced'>,
): Promise<void> {
  await db.query(FOLLOW, [replaced, replaced])
}

const LIST_VERSIONS = `
select version, content from resource_version
where type = 'Patient' and id = $1 and last_updated >= $2 and content is not null order by version`

export interface PastPatient {
  readonly version: number
  /** JSON text. */
  readonly content: string
}

/** Versions of the survivor's record since the merge that have been replaced by later ones. */
export async function listPastVersions(
  db: Db,
  { survivor, mergedAt }: Pick<PatientMerge, 'survivor' | 'mergedAt'>,
): Promise<readonly PastPatient[]> {
  const { rows } = await db.query<PastPatient>(LIST_VERSIONS, [survivor, mergedAt])
  return rows
}

const REWRITE_VERSION = `
update resource_version set content = $3 where type = 'Patient' and id = $1 and version = $2`

export async function rewritePastVersion(
  db: Db,
  survivor: PatientId,
  { version, content }: PastPatient,
): Promise<void> {
  await db.query(REWRITE_VERSION, [survivor, version, content])
}

const LIVE_GRANTS = `
select id, issued_at as "issuedAt" from access_grant
where patient = $1 and revoked_at is null and expires_at > $2 order by id`

export interface LiveGrant {
  readonly id: GrantId
  readonly issuedAt: Date
}

/** Grants by which somebody may see the patient's material at this moment. */
export async function listLiveGrants(
  db: Db,
  patient: PatientId,
  at: Date,
): Promise<readonly LiveGrant[]> {
  const { rows } = await db.query<LiveGrant>(LIVE_GRANTS, [patient, at])
  return rows
}

const ARRIVED = `
select study.imaging_study as "imagingStudy", study.study_uid as study, study.custodian
from resource r join study on study.imaging_study = r.id
where r.type = 'ImagingStudy' and r.patient = $1 and study.registered_at >= $2 and exists (
  select 1 from patient_identifier known
  where known.patient = $3 and known.value = study.attributes #>> '{00100020,Value,0}'
    and (known.custodian is null or known.custodian = study.custodian))
order by study.study_uid`

export interface ArrivedStudy {
  readonly imagingStudy: ImagingStudyId
  readonly study: StudyUid
  readonly custodian: OrganizationId
}

/** Studies that came to the survivor since the merge under an id of the replaced Patient's. */
export async function listArrived(
  db: Db,
  { survivor, mergedAt, replaced }: Pick<PatientMerge, 'survivor' | 'mergedAt' | 'replaced'>,
): Promise<readonly ArrivedStudy[]> {
  const { rows } = await db.query<ArrivedStudy>(ARRIVED, [survivor, mergedAt, replaced])
  return rows
}
