/** The studies and reports that a clinical resource refers to, whoever's they are: for the hub's own judgement. */
import type { OrganizationId } from '../kernel/ids.ts'
import type { Db } from './db.ts'
import type { LinkedStudy } from './linked-studies.ts'

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
