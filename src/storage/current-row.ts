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

const COLUMNS = `r.type, r.id, r.version, r.last_updated as "lastUpdated", r.content, r.quarantined, r.custodian, r.patient,
  r.study_uids as "studyUids", r.modalities, r.body_regions as "bodyRegions", r.started as "startedAt", r.labels`

const LOCK = (filter: string): string => `
select ${COLUMNS} from resource r where r.type = $1 and r.id = $2 and (${filter})
for update`

type Row = ObjectFacts & Omit<CurrentRow, 'facts'>

export interface RowName {
  readonly type: string
  readonly id: string
}

/**
 * The row, a deleted one too, among those that `filter` lets the caller change; undefined where there is
 * none. Quarantined rows are among them: whoever sent what is in doubt may correct it.
 */
export async function lockCurrentRow(
  db: PoolClient,
  { type, id }: RowName,
  filter: AccessFilter,
): Promise<CurrentRow | undefined> {
  const values: unknown[] = [type, id]
  const text = LOCK(accessFilterSql(filter, 'r', values))
  const name = statementName(text, 'everyday')
  const { rows } = await db.query<Row>({ text, values, ...(name !== undefined && { name }) })
  const [row] = rows
  return row && toCurrent(row)
}

const LOCK_SEVERAL = (filter: string): string => `
select ${COLUMNS}
from unnest($1::text[], $2::text[]) as named (type, id)
join resource r on r.type = named.type and r.id = named.id
where (${filter})
order by r.type, r.id
for update of r`

/** The same for several, always in one order: two that want the same rows do not wait for each other in a circle. */
export async function lockCurrentRows(
  db: PoolClient,
  names: readonly RowName[],
  filter: AccessFilter,
): Promise<readonly CurrentRow[]> {
  if (names.length === 0) return []
  const values: unknown[] = [names.map(({ type }) => type), names.map(({ id }) => id)]
  const text = LOCK_SEVERAL(accessFilterSql(filter, 'r', values))
  const { rows } = await db.query<Row>(text, values)
  return rows.map(toCurrent)
}

function toCurrent(row: Row): CurrentRow {
  const { type, id, version, lastUpdated, content, quarantined, ...facts } = row
  return { type, id, version, lastUpdated, content, quarantined, facts }
}
