/** Reading one resource for a caller: what may not be seen and what is not there are the same nothing. */
import type { Db } from './db.ts'
import { idTest, mayName } from './resource-tables.ts'
import type { StoredResource } from './resources.ts'
import { statementName } from './statement-name.ts'
import { visibleRows, type Visibility } from './visibility-sql.ts'

export interface ResourceName {
  readonly type: string
  readonly id: string
  /** A version number; absent for the current one. */
  readonly version?: number | undefined
}

export interface VisibleResource extends StoredResource {
  readonly custodian: string | null
  readonly patient: string | null
}

interface Row {
  readonly version: number
  readonly last_updated: Date
  readonly content: string | null
  readonly custodian: string | null
  readonly patient: string | null
}

/**
 * The resource, or undefined where the caller sees none. `content` is null where it was deleted. An
 * earlier version is seen by those who see the current one: facts that have narrowed since also rule the past.
 */
export async function readVisibleResource(
  db: Db,
  name: ResourceName,
  visibility: Visibility,
): Promise<VisibleResource | undefined> {
  if (!mayName(name)) return undefined
  const parameters: unknown[] = [name.id]
  const push = (value: unknown): string => `$${parameters.push(value)}`
  const visible = `${visibleRows(name.type, 'r', { visibility, parameters })} and ${idTest(name.type, 'r')}`
  const current = `select r.version, r.last_updated, r.content, r.custodian, r.patient ${visible}`
  const statement =
    name.version === undefined ? current : versionSql(current, name.type, push(name.version))
  const { rows } = await db.query<Row>({
    name: statementName(statement, 'everyday'),
    text: statement,
    values: parameters,
  })
  const [row] = rows
  if (row === undefined) return undefined
  const { last_updated: lastUpdated, ...rest } = row
  return { ...rest, lastUpdated, type: name.type, id: name.id }
}

// The current version is in its own table, and what it has replaced among the old ones.
function versionSql(current: string, type: string, version: string): string {
  return `
with seen as materialized (${current})
select version, last_updated, content, custodian, patient from seen where version = ${version}::bigint
union all
select v.version, v.last_updated, v.content, seen.custodian, seen.patient
  from seen join resource_version v on v.type = '${type}' and v.id = $1
 where v.version = ${version}::bigint and seen.version <> v.version`
}
