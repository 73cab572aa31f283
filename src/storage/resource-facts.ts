/** The policy columns of a resource, rewritten without a new version: they are not part of its content. */
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { Db } from './db.ts'

const UPDATE_FACTS = `
update resource set custodian = $3, patient = $4, study_uids = $5, modalities = $6, body_regions = $7,
  labels = $8, started = $9, quarantined = $10
where type = $1 and id = $2`

export interface ResourceFacts {
  readonly type: string
  readonly id: string
  readonly facts: ObjectFacts
  readonly quarantined: boolean
}

export async function updateFacts(db: Db, row: ResourceFacts): Promise<void> {
  const { facts } = row
  await db.query({
    name: 'update-resource-facts',
    text: UPDATE_FACTS,
    values: [
      row.type,
      row.id,
      facts.custodian,
      facts.patient,
      facts.studyUids,
      facts.modalities,
      facts.bodyRegions,
      facts.labels,
      facts.startedAt,
      row.quarantined,
    ],
  })
}
