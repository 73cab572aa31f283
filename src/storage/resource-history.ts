/**
 * The versions of a resource, or of all resources of a type, newest first (R4 http, section 3.1.0.11). Past
 * versions are shown to those who see the current one: facts that have narrowed since also rule the past.
 */
import { boundedRead } from './bounded-read.ts'
import type { Db } from './db.ts'
import type { Position } from './search-order-sql.ts'
import { idTest } from './resource-tables.ts'
import type { StoredResource, WriteMethod } from './resources.ts'
import { isCut, PAGE_BYTES, withinBytes, type SizedRow } from './sized-rows.ts'
import { visibleRows, type Visibility } from './visibility-sql.ts'

export interface HistoryQuery {
  readonly type: string
  /** Absent: of the whole type. */
  readonly id?: string | undefined
  /** `_since`: versions written at or after. */
  readonly since?: Date | undefined
  /** `_at`: versions that were current at some moment of the interval, from (inclusive) until (exclusive). */
  readonly at?: { readonly from: Date; readonly until: Date } | undefined
  readonly count: number
  readonly after?: Position | undefined
}

/** `content` is null for a deletion. */
export interface HistoryEntry extends StoredResource {
  readonly method: WriteMethod
}

export interface HistoryPage {
  readonly entries: readonly HistoryEntry[]
  /** Where the next page begins; absent on the last. */
  readonly next?: Position | undefined
}

interface Row extends SizedRow {
  readonly id: string
  readonly version: number
  readonly last_updated: Date
  readonly method: WriteMethod
  readonly content: string | null
}

/** Empty where there is none and where the caller sees none. Throws `invalid` where it takes too long. */
export function readHistory(
  db: Db,
  query: HistoryQuery,
  visibility: Visibility,
): Promise<HistoryPage> {
  return boundedRead(db, async (one) => {
    const parameters: unknown[] = []
    const text = historySql(query, { visibility, parameters })
    const { rows } = await one.query<Row>(text, parameters)
    const page = rows.slice(0, query.count)
    const isWhole = rows.length === page.length && !isCut(rows)
    const last = isWhole ? undefined : page.at(-1)
    return {
      entries: page.map(({ last_updated: lastUpdated, ahead: _ahead, among: _among, ...row }) => ({
        ...row,
        type: query.type,
        lastUpdated,
      })),
      next: last && [last.last_updated.toISOString(), last.id, String(last.version)],
    }
  })
}

interface Printing {
  readonly visibility: Visibility
  readonly parameters: unknown[]
}

/** Current and replaced versions, each in order from its own index, so that no more than a page is read of both. */
function historySql(query: HistoryQuery, printing: Printing): string {
  const { type, id, count } = query
  if (id !== undefined) printing.parameters.push(id)
  const push = (value: unknown): string => `$${printing.parameters.push(value)}`
  const ofOne = (alias: string): string => (id === undefined ? '' : ` and ${alias}.id = $1`)
  const seen = visibleRows(type, 'r', printing)
  const order = id === undefined ? 'last_updated desc, id desc, version desc' : 'version desc'
  const limit = `order by ${order} limit ${push(count + 1)}::int`
  const bytes = push(PAGE_BYTES)
  const columns = 'id, version, last_updated, method, content'
  const current = `select ${columns} ${seen}${id === undefined ? '' : ` and ${idTest(type, 'r')}`}
    ${within(query, 'r', push)} ${limit}`
  const replaced = `select ${columns} from resource_version v
    where v.type = '${type}'${ofOne('v')} ${within(query, 'v', push)}
      and exists (select 1 ${seen} and r.id = v.id offset 0) ${limit}`
  const page = `select * from ((${current}) union all (${replaced})) as entry ${limit}`
  return withinBytes(page, { orderBy: order, bytes })
}

/** A version is current from when it was written until the next one is. */
function within({ since, at, after, id }: HistoryQuery, alias: string, push: Push): string {
  const tests: string[] = []
  if (since !== undefined) tests.push(`${alias}.last_updated >= ${push(since)}::timestamptz`)
  if (at !== undefined) {
    tests.push(`${alias}.last_updated < ${push(at.until)}::timestamptz`)
    if (alias === 'v') tests.push(`v.replaced_at > ${push(at.from)}::timestamptz`)
  }
  if (after !== undefined) tests.push(afterSql(after, { alias, push, ofOne: id !== undefined }))
  return tests.map((test) => `and ${test}`).join(' ')
}

type Push = (value: unknown) => string

interface After {
  readonly alias: string
  readonly push: Push
  readonly ofOne: boolean
}

function afterSql([time, id, version]: Position, { alias, push, ofOne }: After): string {
  const number = `${push(version)}::text::bigint`
  if (ofOne) return `${alias}.version < ${number}`
  const from = `${push(time)}::text::timestamptz`
  return `${alias}.last_updated <= ${from}
    and (${alias}.last_updated, ${alias}.id, ${alias}.version) < (${from}, ${push(id)}::text, ${number})`
}
