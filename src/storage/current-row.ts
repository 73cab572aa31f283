/** The current version of a resource for whoever is about to change it, held until the transaction ends. */
import type { PoolClient } from 'pg'
import type { AccessFilter, ObjectFacts } from '../domain/access/filter.ts'
import { accessFilterSql } from './access-filter-sql.ts'
import type { StoredResource } from './resources.ts'
import { statementName } from './statement-name.ts'

export interface CurrentRow extends StoredResource {
  readonly facts: ObjectFacts
  readonly quarantined: boolean
}

const LOCK = (filter: string): string => `
select r.version, r.last_updated as "lastUpdated", r.content, r.quarantined, r.custodian, r.patient,
  r.study_uids as "studyUids", r.modalities, r.body_regions as "bodyRegions", r.started as "startedAt", r.labels
from resource r where r.type = $1 and r.id = $2 and (${filter})
for update`

type Row = ObjectFacts & Pick<CurrentRow, 'version' | 'lastUpdated' | 'content' | 'quarantined'>

/**
 * The row, a deleted one too, among those that `filter` lets the caller change; undefined where there is
 * none. Quarantined rows are among them: whoever sent what is in doubt may correct it.
 */
export async function lockCurrentRow(
  db: PoolClient,
  { type, id }: { readonly type: string; readonly id: string },
  filter: AccessFilter,
): Promise<CurrentRow | undefined> {
  const values: unknown[] = [type, id]
  const text = LOCK(accessFilterSql(filter, 'r', values))
  const name = statementName(text, 'everyday')
  const { rows } = await db.query<Row>({ text, values, ...(name !== undefined && { name }) })
  const [row] = rows
  if (row === undefined) return undefined
  const { version, lastUpdated, content, quarantined, ...facts } = row
  return { type, id, version, lastUpdated, content, quarantined, facts }
}
