/** Answering a search from the rows a caller may see, as JSON text that is not parsed again. */
import type { Inclusion, Search } from '../wire/fhir/search.ts'
import type { Db } from './db.ts'
import { conditionSql } from './search-conditions-sql.ts'
import { orderOf } from './search-order-sql.ts'
import { statementName } from './statement-name.ts'
import { visibleRows, type Printing, type Visibility } from './visibility-sql.ts'

export interface FoundResource {
  readonly type: string
  readonly id: string
  /** JSON text as served. */
  readonly content: string
}

/** Values of the sort keys and the id of a page's last match. */
export type Position = readonly (string | null)[]

export interface FoundPage {
  readonly matches: readonly FoundResource[]
  readonly included: readonly FoundResource[]
  /** Where the next page begins; absent on the last. */
  readonly next?: Position | undefined
  /** How many match in all, where it was asked for or the page holds them all. */
  readonly total?: number | undefined
}

export interface SearchInput {
  readonly search: Search
  readonly visibility: Visibility
  readonly after?: Position | undefined
}

/** Resources that `_include` and `_revinclude` may add to one page. */
const MAX_INCLUDED = 1000

export async function searchResources(db: Db, input: SearchInput): Promise<FoundPage> {
  const { search, after } = input
  if (search.countOnly) return { matches: [], included: [], total: await countMatches(db, input) }
  const rows = await findRows(db, input)
  const page = rows.slice(0, search.count)
  const whole = rows.length === page.length
  const matches = page.map((row) => ({ type: search.type, id: row.id, content: row.content }))
  const included = await findIncluded(db, input, page)
  return {
    matches,
    included,
    next: whole ? undefined : positionOf(page.at(-1)),
    total: await totalOf(db, input, whole && after === undefined ? page.length : undefined),
  }
}

interface Row {
  readonly id: string
  readonly content: string
  readonly refs?: readonly string[]
  readonly patient?: string | null
  readonly [key: `key_${number}`]: Date | string | null
}

async function findRows(
  db: Db,
  { search, visibility, after }: SearchInput,
): Promise<readonly Row[]> {
  const parameters: unknown[] = []
  const order = orderOf(search, 'r')
  const where = matchesSql(search, { visibility, parameters })
  const beyond = after === undefined ? '' : ` and ${order.afterSql(after, parameters)}`
  const links = search.include.length > 0 ? ', r.refs, r.patient' : ''
  const text = `select r.id, r.content${links}, ${order.columns} ${where}${beyond}
     order by ${order.orderBy} limit $${parameters.push(search.count + 1)}`
  const name = statementName(text, isTimeline(search, after) ? 'everyday' : 'search')
  const { rows } = await db.query<Row>({ name, text, values: parameters })
  return rows
}

/** What every reader begins with: the first page of one patient's material, in the order of time or of ids. */
function isTimeline({ conditions, sort }: Search, after: Position | undefined): boolean {
  const [only, ...more] = conditions
  const isPlain = more.length === 0 && sort.length <= 1 && after === undefined
  const byTime = sort.every(({ by }) => by.in === 'clinical-date')
  return isPlain && byTime && only?.kind === 'patient' && only.anyOf.length === 1
}

function matchesSql(search: Search, printing: Printing): string {
  const conditions = search.conditions.map(
    (condition) => ` and ${conditionSql(condition, 'r', printing)}`,
  )
  return `${visibleRows(search.type, 'r', printing)} and r.content is not null${conditions.join('')}`
}

async function countMatches(db: Db, { search, visibility }: SearchInput): Promise<number> {
  const parameters: unknown[] = []
  const { rows } = await db.query<{ total: number }>(
    `select count(*)::int as total ${matchesSql(search, { visibility, parameters })}`,
    parameters,
  )
  return rows[0]?.total ?? 0
}

/** A first page that holds every match has counted them already. */
async function totalOf(
  db: Db,
  input: SearchInput,
  known: number | undefined,
): Promise<number | undefined> {
  if (known !== undefined) return known
  return input.search.total ? countMatches(db, input) : undefined
}

function positionOf(row: Row | undefined): Position | undefined {
  if (row === undefined) return undefined
  const keys = Object.entries(row).filter(([name]) => name.startsWith('key_'))
  return keys.map(([, value]) => (value instanceof Date ? value.toISOString() : textOrNull(value)))
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

async function findIncluded(
  db: Db,
  { search, visibility }: SearchInput,
  page: readonly Row[],
): Promise<readonly FoundResource[]> {
  if (page.length === 0) return []
  const forward = search.include.flatMap((inclusion) => forwardReferences(inclusion, page))
  const backward = search.revinclude.map((inclusion) => ({
    type: inclusion.type,
    entries: page.map((row) => `${inclusion.code}|${search.type}/${row.id}`),
    patients: search.type === 'Patient' ? page.map((row) => row.id) : [],
    column: inclusion.code === 'patient' || inclusion.code === 'subject',
  }))
  const found = [
    ...(await Promise.all(
      byType(forward).map(([type, ids]) => findByIds(db, visibility, { type, ids })),
    )),
    ...(await Promise.all(backward.map((reverse) => findReferring(db, visibility, reverse)))),
  ].flat()
  const matched = new Set(page.map((row) => `${search.type}/${row.id}`))
  const distinct = new Map(found.map((one) => [`${one.type}/${one.id}`, one]))
  return [...distinct].filter(([key]) => !matched.has(key)).map(([, one]) => one)
}

interface Reference {
  readonly type: string
  readonly id: string
}

function forwardReferences({ code, targets }: Inclusion, page: readonly Row[]): Reference[] {
  const entries = page.flatMap((row) =>
    code === 'patient' || code === 'subject'
      ? [`${code}|Patient/${row.patient ?? ''}`]
      : (row.refs ?? []),
  )
  return entries
    .filter((entry) => entry.startsWith(`${code}|`))
    .map((entry) => entry.slice(code.length + 1).split('/'))
    .flatMap(([type = '', id = '', ...more]) =>
      more.length === 0 && targets.includes(type) ? [{ type, id }] : [],
    )
}

function byType(references: readonly Reference[]): readonly (readonly [string, string[]])[] {
  const ids = new Map<string, Set<string>>()
  for (const { type, id } of references) ids.set(type, (ids.get(type) ?? new Set()).add(id))
  return [...ids].map(([type, set]) => [type, [...set]])
}

async function findByIds(
  db: Db,
  visibility: Visibility,
  { type, ids }: { readonly type: string; readonly ids: readonly string[] },
): Promise<readonly FoundResource[]> {
  if (!visibility.has(type)) return []
  const parameters: unknown[] = [ids]
  const { rows } = await db.query<{ id: string; content: string }>(
    `select r.id, r.content ${visibleRows(type, 'r', { visibility, parameters })}
     and r.content is not null and r.id = any($1::text[]) limit ${MAX_INCLUDED}`,
    parameters,
  )
  return rows.map((row) => ({ type, ...row }))
}

interface ReverseInclusion {
  readonly type: string
  readonly entries: readonly string[]
  readonly patients: readonly string[]
  readonly column: boolean
}

async function findReferring(
  db: Db,
  visibility: Visibility,
  { type, entries, patients, column }: ReverseInclusion,
): Promise<readonly FoundResource[]> {
  if (!visibility.has(type)) return []
  const parameters: unknown[] = [column ? patients : entries]
  const refers = column ? 'r.patient = any($1::text[])' : 'r.refs && $1::text[]'
  const { rows } = await db.query<{ id: string; content: string }>(
    `select r.id, r.content ${visibleRows(type, 'r', { visibility, parameters })}
     and r.content is not null and ${refers} limit ${MAX_INCLUDED}`,
    parameters,
  )
  return rows.map((row) => ({ type, ...row }))
}
