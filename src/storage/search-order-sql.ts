/**
 * The order of a search and where a page goes on: keyset paging on the sort keys and the id, which is
 * unique, so that rows written meanwhile neither repeat nor push out others. Rows without a value come last.
 */
import type { Search, SortKey } from '../wire/fhir/search.ts'
import { tieOf } from './resource-tables.ts'
import type { Push } from './search-keys-sql.ts'

/** Values of the sort keys and the id of a page's last match. */
export type Position = readonly (string | null)[]

interface Key {
  readonly sql: string
  readonly descending: boolean
  readonly nullable: boolean
  readonly cast: 'text' | 'timestamptz' | 'numeric' | 'bigint'
}

/** The rows are asked for in one part, or those with a value of the first key before those without. */
export type Part = 'all' | 'valued' | 'valueless'

/** Columns `key_0`… with each key's value, the ORDER BY list, and the tests of a part. */
export interface Order {
  readonly columns: string
  readonly orderBy: string
  /** The same by the names of the columns. */
  readonly byName: string
  readonly firstIsNullable: boolean
  /** ` and …`: what keeps the statement to the part, and to rows after `position`. */
  within(part: Part, position: Position | undefined): string
}

/** Without `_sort` the order is that of ids, which never change: the only order no writer disturbs. */
export function orderOf(search: Search, alias: string, push: Push): Order {
  const keys = withTie(search, alias, push)
  return {
    columns: keys.map((key, index) => `${key.sql} as key_${index}`).join(', '),
    orderBy: keys.map((key) => directed(key.sql, key)).join(', '),
    byName: keys.map((key, index) => directed(`key_${index}`, key)).join(', '),
    firstIsNullable: keys[0]?.nullable === true,
    within: (part, position) => partSql(keys, part) + afterSql({ keys, part, position, push }),
  }
}

function directed(sql: string, { descending, nullable }: Key): string {
  return [sql, descending ? 'desc' : 'asc', nullable ? 'nulls last' : ''].join(' ').trimEnd()
}

function withTie(search: Search, alias: string, push: Push): readonly Key[] {
  const { type, sort } = search
  const tie = tieOf(type)
  const asked = isLog(search) && sort.length === 0 ? NEWEST_FIRST : sort
  const ids = asked.findIndex(({ by }) => by.in === 'id')
  // What comes after an id orders nothing.
  const kept = ids === -1 ? asked : asked.slice(0, ids + 1)
  const keys = kept.map((key) => keyOf(key, { type, alias, push }))
  if (ids !== -1) return keys
  // With a time the tie runs the same way, as in an index on both.
  const last = kept.at(-1)
  const descending = last?.descending === true && last.by.in === 'last-updated'
  return [...keys, { sql: `${alias}.${tie.column}`, descending, nullable: false, cast: tie.cast }]
}

const isLog = ({ type }: Search): boolean => type === 'AuditEvent'
const NEWEST_FIRST: readonly SortKey[] = [{ by: { in: 'last-updated' }, descending: true }]

interface Place {
  readonly type: string
  readonly alias: string
  readonly push: Push
}

function keyOf({ by, descending }: SortKey, { type, alias, push }: Place): Key {
  const lastUpdated = { sql: `${alias}.last_updated`, descending, cast: 'timestamptz' } as const
  switch (by.in) {
    case 'id':
      return { sql: `${alias}.id`, descending, nullable: false, cast: 'text' }
    case 'last-updated':
      return { ...lastUpdated, nullable: false }
    case 'clinical-date':
      // An event's date is when it was recorded, which an index holds under that name.
      if (type === 'AuditEvent') return { ...lastUpdated, nullable: false }
      return { ...lastUpdated, sql: `${alias}.date_from`, nullable: true }
    case 'compared': {
      const dates = `jsonb_array_elements(${alias}.compared->'d'->${push(by.code)}::text)`
      const sql = `(select min(compared_time(one->>0)) from ${dates} as one)`
      return { ...lastUpdated, sql, nullable: true }
    }
    case 'compared-value':
      return comparedKey(by, `${alias}.compared->'${by.letter}'->${push(by.code)}::text->0`, {
        descending,
      })
    case 'content':
      // By code points, whatever the database's locale: one order on every installation.
      return {
        sql: `content_value(${alias}.content, ${push(by.paths.map(jsonPath))}::text[]::jsonpath[]) collate "C"`,
        descending,
        nullable: true,
        cast: 'text',
      }
  }
}

function comparedKey(
  { letter }: { readonly letter: 's' | 'n' | 'q' },
  first: string,
  { descending }: { readonly descending: boolean },
): Key {
  return letter === 's'
    ? { sql: `(${first} #>> '{}') collate "C"`, descending, nullable: true, cast: 'text' }
    : { sql: `compared_number(${first}->>'low')`, descending, nullable: true, cast: 'numeric' }
}

/** `a.b` of the stored JSON, through lists wherever there are some. */
function jsonPath(dotted: string): string {
  const steps = dotted.split('.').map((name) => `.${JSON.stringify(name)}`)
  return `lax $${steps.join('')}`
}

function partSql([first]: readonly Key[], part: Part): string {
  if (part === 'all' || first === undefined) return ''
  return ` and ${first.sql} is ${part === 'valued' ? 'not null' : 'null'}`
}

interface After {
  readonly keys: readonly Key[]
  readonly part: Part
  readonly position: Position | undefined
  readonly push: Push
}

function afterSql({ keys, part, position, push }: After): string {
  const [first] = keys
  if (position === undefined || first === undefined) return ''
  const isPast = part === 'valueless' && position[0] !== null
  if (isPast) return ''
  const known = keys.map((key, index) => ({ key, value: valueSql(key, position[index], push) }))
  const alternatives = known.map(({ key, value }, index) => {
    const ties = known.slice(0, index).map((tie) => equals(tie.key, tie.value))
    return `(${[...ties, beyond(key, value)].join(' and ')})`
  })
  return `${boundSql(first, known[0]?.value, part)} and (${alternatives.join(' or ')})`
}

/** What follows from the alternatives for the first key alone: a range that an index begins at. */
function boundSql(key: Key, value: string | undefined, part: Part): string {
  const isRange = value !== undefined && (!key.nullable || part === 'valued')
  return isRange ? ` and ${key.sql} ${key.descending ? '<=' : '>='} ${value}` : ''
}

function valueSql(key: Key, value: string | null | undefined, push: Push): string | undefined {
  return value === null || value === undefined ? undefined : `${push(value)}::text::${key.cast}`
}

function equals(key: Key, value: string | undefined): string {
  return value === undefined ? `${key.sql} is null` : `${key.sql} = ${value}`
}

/** Nulls come last in either direction, so nothing lies beyond one. */
function beyond(key: Key, value: string | undefined): string {
  if (value === undefined) return 'false'
  const test = `${key.sql} ${key.descending ? '<' : '>'} ${value}`
  return key.nullable ? `(${test} or ${key.sql} is null)` : test
}
