/**
 * The order of a search and where a page goes on: keyset paging on the sort keys and the id, which is
 * unique, so that rows written meanwhile neither repeat nor push out others.
 */
import type { Search, SortKey } from '../wire/fhir/search.ts'

interface Key {
  readonly sql: string
  readonly descending: boolean
  readonly nullable: boolean
  readonly cast: 'text' | 'timestamptz'
}

/** Columns that hold each key's value, the ORDER BY list, and the test for rows after `position`. */
export interface Order {
  readonly columns: string
  readonly orderBy: string
  /** Values of the keys in order; null where the row had none. */
  afterSql(position: readonly (string | null)[], parameters: unknown[]): string
}

/** Without `_sort` the order is that of ids, which never change: the only order no writer disturbs. */
export function orderOf(search: Search, alias: string): Order {
  const keys = withId(search, alias)
  return {
    columns: keys.map((key, index) => `${key.sql} as key_${index}`).join(', '),
    orderBy: keys
      .map(({ sql, descending, nullable }) =>
        [sql, descending ? 'desc' : 'asc', nullable ? 'nulls last' : ''].join(' ').trimEnd(),
      )
      .join(', '),
    afterSql: (position, parameters) => afterSql(keys, position, parameters),
  }
}

function withId(search: Search, alias: string): readonly Key[] {
  const keys = search.sort.map((key) => keyOf(search.type, key, alias))
  const last = search.sort.at(-1)
  if (search.sort.some((key) => key.by.in === 'id')) return keys
  // With the time of change the id runs the same way, as in the index on both.
  const descending = last?.by.in === 'last-updated' && last.descending
  return [...keys, { sql: `${alias}.id`, descending, nullable: false, cast: 'text' }]
}

function keyOf(type: string, { by, descending }: SortKey, alias: string): Key {
  switch (by.in) {
    case 'id':
      return { sql: `${alias}.id`, descending, nullable: false, cast: 'text' }
    case 'last-updated':
      return { sql: `${alias}.last_updated`, descending, nullable: false, cast: 'timestamptz' }
    case 'clinical-date': {
      const column = type === 'ImagingStudy' ? 'started' : 'date_from'
      return { sql: `${alias}.${column}`, descending, nullable: true, cast: 'timestamptz' }
    }
    case 'strings': {
      const start = by.code.length + 2
      return {
        sql: `(select min(substr(entry, ${start}, 24)::timestamptz) from unnest(${alias}.strings) as entry
          where starts_with(entry, '${by.code}@'))`,
        descending,
        nullable: true,
        cast: 'timestamptz',
      }
    }
  }
}

function afterSql(
  keys: readonly Key[],
  position: readonly (string | null)[],
  parameters: unknown[],
): string {
  const alternatives = keys.map((key, index) => {
    const ties = keys.slice(0, index).map((tie, at) => equals(tie, position[at], parameters))
    return `(${[...ties, beyond(key, position[index], parameters)].join(' and ')})`
  })
  return `(${alternatives.join(' or ')})`
}

function equals(key: Key, value: string | null | undefined, parameters: unknown[]): string {
  return value === null || value === undefined
    ? `${key.sql} is null`
    : `${key.sql} = $${parameters.push(value)}::${key.cast}`
}

/** Nulls come last in either direction, so nothing lies beyond one. */
function beyond(key: Key, value: string | null | undefined, parameters: unknown[]): string {
  if (value === null || value === undefined) return 'false'
  const test = `${key.sql} ${key.descending ? '<' : '>'} $${parameters.push(value)}::${key.cast}`
  return key.nullable ? `(${test} or ${key.sql} is null)` : test
}
