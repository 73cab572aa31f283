/** Tests of dates and times as SQL (R4 search, section 3.1.1.4.5: how each prefix compares two intervals). */
import type { DateTest } from '../wire/fhir/search.ts'
import type { Push } from './search-keys-sql.ts'

/** SQL of the row's interval, from (inclusive) until (exclusive). */
export interface RowInterval {
  readonly from: string
  readonly until: string
}

export function intervalTestSql(test: DateTest, row: RowInterval, push: Push): string {
  const from = (): string => `${push(test.value.from)}::timestamptz`
  const until = (): string => `${push(test.value.until)}::timestamptz`
  const within = (): string => `${row.from} >= ${from()} and ${row.until} <= ${until()}`
  switch (test.prefix) {
    case 'eq':
      return `(${within()})`
    case 'ne':
      return `not (${within()})`
    case 'gt':
      return `${row.until} > ${until()}`
    case 'lt':
      return `${row.from} < ${from()}`
    case 'ge':
      return `(${row.until} > ${until()} or ${within()})`
    case 'le':
      return `(${row.from} < ${from()} or ${within()})`
    case 'sa':
      return `${row.from} >= ${until()}`
    case 'eb':
      return `${row.until} <= ${from()}`
    case 'ap':
      return `(${row.from} < ${until()} and ${row.until} > ${from()})`
  }
}

/** A date in its time zone. Rows whose date is longer are few, and have an index of their own (migration 0007). */
const DAY = `interval '25 hours'`

/**
 * The same tests, put so that each part of them is a range of beginnings, for columns with an index on those; the
 * planner then expects about as many rows as there are. An interval begins before it ends.
 */
export function indexedTestSql(test: DateTest, row: RowInterval, push: Push): string {
  const from = (): string => `${push(test.value.from)}::timestamptz`
  const until = (): string => `${push(test.value.until)}::timestamptz`
  switch (test.prefix) {
    case 'eq':
      return `(${row.from} >= ${from()} and ${row.from} < ${until()} and ${row.until} <= ${until()})`
    case 'gt':
      return beginsOrLasts(row, until(), until())
    case 'ge':
      return beginsOrLasts(row, from(), until())
    case 'le':
      return `(${row.from} < ${until()} and (${row.from} < ${from()} or ${row.until} <= ${until()}))`
    case 'eb':
      return `(${row.from} < ${from()} and ${row.until} <= ${from()})`
    case 'ap':
      return `(${row.from} < ${until()} and ${beginsOrLasts(row, from(), from())})`
    default:
      return intervalTestSql(test, row, push)
  }
}

/** The row begins at `start` or later, or has begun before and lasts beyond `end`, which is no earlier. */
function beginsOrLasts(row: RowInterval, start: string, end: string): string {
  const lasts = `${row.from} < ${start} and ${row.until} > ${end}`
  return `(${row.from} >= ${start}
    or (${row.from} >= ${end} - ${DAY} and ${lasts})
    or (${row.until} - ${row.from} > ${DAY} and ${lasts}))`
}

/** The same for a time without extent, as one range an index can use. */
export function instantTestSql({ prefix, value }: DateTest, column: string, push: Push): string {
  const from = (): string => `${push(value.from)}::timestamptz`
  const until = (): string => `${push(value.until)}::timestamptz`
  switch (prefix) {
    case 'eq':
    case 'ap':
      return `(${column} >= ${from()} and ${column} < ${until()})`
    case 'ne':
      return `(${column} < ${from()} or ${column} >= ${until()})`
    case 'gt':
    case 'sa':
      return `${column} >= ${until()}`
    case 'ge':
      return `${column} >= ${from()}`
    case 'lt':
    case 'eb':
      return `${column} < ${from()}`
    case 'le':
      return `${column} < ${until()}`
  }
}
