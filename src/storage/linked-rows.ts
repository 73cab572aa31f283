/** The studies and reports that a clinical resource refers to, whoever's they are: for the hub's own judgement. */
import type { OrganizationId, StudyUid } from '../kernel/ids.ts'
import type { Db } from './db.ts'
import type { LinkedStudy } from './linked-studies.ts'
import { studyKey } from './resources.ts'

export interface LinkedRow extends LinkedStudy {
  readonly type: string
  readonly custodian: OrganizationId | null
}

const FIND = `
select type, id, custodian, patient, study_uids as "studyUids", modalities, body_regions as "bodyRegions", labels,
  started as "startedAt", quarantined
from resource
where type in ('ImagingStudy', 'DiagnosticReport') and id = any($1::text[]) and content is not null
order by type, id`

/** `references` are `Type/id`; what is not there is absent. Never an answer to a caller. */
export async function findLinkedRows(
  db: Db,
  references: readonly string[],
): Promise<readonly LinkedRow[]> {
  if (references.length === 0) return []
  const ids = references.map((reference) => reference.slice(reference.indexOf('/') + 1))
  const { rows } = await db.query<LinkedRow>({
    name: 'find-linked-rows',
    text: FIND,
    values: [ids],
  })
  return rows.filter(({ type, id }) => references.includes(`${type}/${id}`))
}

const FACTS = `
select type, id, custodian, patient, study_uids as "studyUids", modalities, body_regions as "bodyRegions", labels,
  started as "startedAt", quarantined
from resource
where type = $1 and id = $2 and custodian = $3 and content is not null`

/** One resource of the custodian's own, as policy sees it. */
export async function findOwnRow(
  db: Db,
  { type, id }: { readonly type: string; readonly id: string },
  custodian: OrganizationId,
): Promise<LinkedRow | undefined> {
  const { rows } = await db.query<LinkedRow>(FACTS, [type, id, custodian])
  return rows[0]
}

const NARROW = `
update resource set labels = array(select distinct unnest(labels || $3::text[]) order by 1)
 where type in ('Observation', 'DocumentReference', 'List', 'ServiceRequest', 'Task')
   and custodian = $1 and keys && array[search_key($2)] and not labels @> $3::text[]`

/** What the custodian has published about the study is kept back by the study's labels too. */
export async function narrowByStudy(
  db: Db,
  {
    custodian,
    studyUid,
    labels,
  }: {
    readonly custodian: OrganizationId
    readonly studyUid: StudyUid
    readonly labels: readonly string[]
  },
): Promise<void> {
  if (labels.length === 0) return
  await db.query({
    name: 'narrow-by-study',
    text: NARROW,
    values: [custodian, studyKey(studyUid), labels],
  })
}
