/**
 * What an export has of one type, as of one moment, in the order of when it was last changed. The place of a row
 * is that of the version which was current at that moment: it never moves, whoever writes meanwhile, so that the
 * reading may be broken off and taken up again without repeating or losing a row.
 */
import type { Pool, PoolClient } from 'pg'
import type { Condition } from '../wire/fhir/search.ts'
import { tableOf } from './resource-tables.ts'
import { conditionsSql } from './search-conditions-sql.ts'
import { isConnectionLoss } from './transaction-errors.ts'
import { visibleRows, type Visibility } from './visibility-sql.ts'

export interface ExportQuery {
  readonly type: string
  readonly conditions: readonly Condition[]
  readonly visibility: Visibility
  /** The state of this moment is read. */
  readonly at: Date
  /** Only what changed after it. */
  readonly since?: Date | undefined
  /** `deleted`: what is deleted at that moment, in place of what is there. */
  readonly kind: 'output' | 'deleted'
  readonly after?: { readonly at: Date; readonly id: string } | undefined
}

export interface ExportedRow {
  readonly id: string
  readonly lastUpdated: Date
  /** JSON text; undefined for a deletion, and for a large one, which is read by `read`. */
  readonly content?: string | undefined
  readonly read?: (() => Promise<string>) | undefined
}

export interface ExportReader {
  /** The next rows, at most 500, while those after them are already on their way; empty at the end. */
  next(): Promise<readonly ExportedRow[]>
  close(): Promise<void>
}

const BATCH = 500
/** Larger ones are read one by one, so that no batch is larger than some tens of megabytes. */
const LARGE = 64 * 1024

// Nothing is changed, so that nothing is held up; the first rows of a filter that shows few may take long.
const BEGIN = `begin isolation level repeatable read read only; set local statement_timeout = 600000;
  set local cursor_tuple_fraction = 1`
const FETCH = `fetch forward ${BATCH} from exported`

const READ_LARGE = (table: string): string => `
select content from ${table} where type = $1 and id = $2 and version = $3
union all
select content from resource_version where type = $1 and id = $2 and version = $3`

interface Row {
  readonly id: string
  readonly version: number
  readonly last_updated: Date
  readonly content: string | null
  readonly is_large: boolean
}

/** Holds one connection, and one state of the database, until it is closed. */
export async function openExportReader(pool: Pool, query: ExportQuery): Promise<ExportReader> {
  const client = await pool.connect()
  let failure: Error | undefined
  let fetching: Promise<readonly Row[]> | undefined

  async function fetchRows(): Promise<readonly Row[]> {
    return (await client.query<Row>(FETCH)).rows
  }

  function ahead(): Promise<readonly Row[]> {
    const rows = fetchRows()
    // Thrown by whoever asks for them.
    rows.catch((error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error))
    })
    return rows
  }

  async function close(): Promise<void> {
    await fetching?.catch(() => undefined)
    const end = await client.query('rollback').catch((error: unknown) => error)
    client.release(isConnectionLoss(failure) || end instanceof Error)
  }

  try {
    await client.query(BEGIN)
    const parameters: unknown[] = []
    const text = `declare exported no scroll cursor for ${exportSql(query, parameters)}`
    await client.query(text, parameters)
  } catch (error) {
    await close()
    throw error
  }
  return {
    async next() {
      const rows = await (fetching ?? ahead())
      fetching = rows.length < BATCH ? Promise.resolve([]) : ahead()
      return rows.map((row) => exportedRow(client, query, row))
    },
    close,
  }
}

function exportedRow(client: PoolClient, { type }: ExportQuery, row: Row): ExportedRow {
  const { id, version, last_updated: lastUpdated, content, is_large: isLarge } = row
  return {
    id,
    lastUpdated,
    content: content ?? undefined,
    ...(isLarge && { read: () => readLarge(client, { type, id, version }) }),
  }
}

async function readLarge(
  client: PoolClient,
  { type, id, version }: { readonly type: string; readonly id: string; readonly version: number },
): Promise<string> {
  const { rows } = await client.query<{ content: string }>(READ_LARGE(tableOf(type)), [
    type,
    id,
    version,
  ])
  const [row] = rows
  if (row === undefined) throw new Error('A row is gone from the state that it was read in')
  return row.content
}

/**
 * Rows that are as they were then, and versions that have been replaced since. The latter's row is judged as it
 * is now: whoever may not see it any more sees nothing that it was.
 */
function exportSql(query: ExportQuery, parameters: unknown[]): string {
  const { type, conditions, visibility, kind } = query
  const push = (value: unknown): string => `$${parameters.push(value)}`
  const at = `${push(query.at)}::timestamptz`
  const printing = { visibility, parameters, isNarrow: false }
  const seen =
    visibleRows(type, 'r', printing) + conditionsSql(conditions, { type, alias: 'r' }, printing)
  const there = kind === 'output' ? 'is not null' : 'is null'
  const order = 'order by last_updated, id'
  const columns = 'id, version, last_updated, content'
  return `
select id, version, last_updated, case when octet_length(content) <= ${LARGE} then content end as content,
  coalesce(octet_length(content) > ${LARGE}, false) as is_large
from (
  (select ${columns} ${seen} and r.content ${there} and r.last_updated <= ${at} ${rangeSql(query, 'r', push)} ${order})
  union all
  (select ${columns} from resource_version v
    where v.type = '${type}' and v.content ${there} and v.replaced_at > ${at} and v.last_updated <= ${at}
      ${rangeSql(query, 'v', push)}
      and exists (select 1 ${seen} and r.id = v.id and r.last_updated > ${at} offset 0) ${order})
) as entry ${order}`
}

function rangeSql(
  { since, after }: ExportQuery,
  alias: string,
  push: (value: unknown) => string,
): string {
  const tests: string[] = []
  if (since !== undefined) tests.push(`${alias}.last_updated > ${push(since)}::timestamptz`)
  if (after !== undefined) {
    const from = `${push(after.at)}::timestamptz`
    tests.push(`${alias}.last_updated >= ${from}`)
    tests.push(`(${alias}.last_updated, ${alias}.id) > (${from}, ${push(after.id)}::text)`)
  }
  return tests.map((test) => `and ${test}`).join(' ')
}

const FENCE = `select pg_snapshot_xmax(pg_current_snapshot())::text as fence`
const PASSED = `select pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 as passed`

/** Names every transaction that has begun to write so far. */
export async function readFence(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ fence: string }>(FENCE)
  return rows[0]?.fence ?? '0'
}

/** Whether all of them have ended. */
export async function hasPassed(pool: Pool, fence: string): Promise<boolean> {
  const { rows } = await pool.query<{ passed: boolean }>(PASSED, [fence])
  return rows[0]?.passed === true
}
