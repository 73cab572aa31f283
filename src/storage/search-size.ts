/** How large a search is before it is run: what the planner expects, and how far it is worth counting. */
import type { AccessFilter } from '../domain/access/filter.ts'
import type { Condition, Search } from '../wire/fhir/search.ts'
import type { Db } from './db.ts'
import { conditionsSql } from './search-conditions-sql.ts'
import { livingRows, type Visibility } from './visibility-sql.ts'

/** So many rows are looked up one by one faster than the other side of a reference is found whole. */
const FEW_ROWS = 2_000

/**
 * Whether few rows are left before references are followed: known from the shape of the search, or asked of
 * the planner where it matters.
 */
export async function isNarrow(db: Db, search: Search, visibility: Visibility): Promise<boolean> {
  if (isBound(search, visibility)) return true
  if (!search.conditions.some(followsReference)) return false
  const plain = search.conditions.filter((one) => !followsReference(one))
  return (await estimateRows(db, { ...search, conditions: plain }, visibility)) <= FEW_ROWS
}

/** To one patient's rows, or to rows by id: by what is asked, or by what the caller may see. */
export function isBound({ type, conditions }: Search, visibility: Visibility): boolean {
  const filter = visibility.get(type)
  return (
    conditions.some(({ kind }) => BINDING.has(kind)) || (filter !== undefined && namesOne(filter))
  )
}

const BINDING: ReadonlySet<Condition['kind']> = new Set([
  'id',
  'patient',
  'patient-identifier',
  'own-identifier',
  'never',
])

function namesOne(filter: AccessFilter): boolean {
  switch (filter.kind) {
    case 'patient':
    case 'nothing':
      return true
    case 'and':
      return filter.of.some(namesOne)
    case 'or':
      return filter.of.every(namesOne)
    default:
      return false
  }
}

function followsReference(condition: Condition): boolean {
  switch (condition.kind) {
    case 'chain':
    case 'has':
      return true
    case 'any':
      return condition.of.some(followsReference)
    case 'not':
      return followsReference(condition.of)
    default:
      return false
  }
}

/** What the planner expects, from its statistics: no row is read. */
async function estimateRows(db: Db, search: Search, visibility: Visibility): Promise<number> {
  const { text, parameters } = matching(search, visibility, false)
  const { rows } = await db.query<{ 'QUERY PLAN': unknown }>(
    `explain (format json) select 1 ${text}`,
    parameters,
  )
  return planRows(rows[0]?.['QUERY PLAN'])
}

function planRows(plan: unknown): number {
  const [first] = Array.isArray(plan) ? (plan as readonly unknown[]) : []
  const top = memberOf(first, 'Plan')
  const rows = memberOf(top, 'Plan Rows')
  return typeof rows === 'number' ? rows : 0
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

/** `from … where …` of what matches and may be seen, with its values. */
export function matching(
  search: Search,
  visibility: Visibility,
  narrow: boolean,
): { readonly text: string; readonly parameters: unknown[] } {
  const { type, conditions } = search
  const parameters: unknown[] = []
  const printing = { visibility, parameters, isNarrow: narrow }
  const text =
    livingRows(type, 'r', printing) + conditionsSql(conditions, { type, alias: 'r' }, printing)
  return { text, parameters }
}

/** As far as an estimate is counted; beyond it the planner's word is taken. */
const COUNTED = 10_000

/** How many match: exact, or near enough once there are more than ten thousand. */
export async function countMatches(
  db: Db,
  search: Search,
  { visibility, narrow }: { readonly visibility: Visibility; readonly narrow: boolean },
): Promise<number> {
  const { text, parameters } = matching(search, visibility, narrow)
  const isEstimate = search.total === 'estimate' && !search.countOnly
  const counted = isEstimate ? `(select 1 ${text} limit ${COUNTED + 1}) as counted` : undefined
  const statement =
    counted === undefined
      ? `select count(*)::int as total ${text}`
      : `select count(*)::int as total from ${counted}`
  const { rows } = await db.query<{ total: number }>(statement, parameters)
  const total = rows[0]?.total ?? 0
  if (!isEstimate || total <= COUNTED) return total
  return Math.max(total, await estimateRows(db, search, visibility))
}
