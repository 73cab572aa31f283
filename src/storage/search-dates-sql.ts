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
 * What follows from the test for the beginning of an interval, as a range that an index on beginnings can use:
 * nothing new for the row, and the difference between a range and the whole index for the planner.
 */
export function beginningSql({ prefix, value }: DateTest, row: RowInterval, push: Push): string {
  const notAfter = (time: Date): string => `${row.from} <= ${push(time)}::timestamptz`
  const notLongBefore = (time: Date): string =>
    `(${row.from} >= ${push(time)}::timestamptz - ${DAY} or ${row.until} - ${row.from} > ${DAY})`
  const bounds = {
    eq: () => [notAfter(value.until)],
    ne: () => [],
    gt: () => [notLongBefore(value.until)],
    lt: () => [],
    ge: () => [notLongBefore(value.from)],
    le: () => [notAfter(value.until)],
    sa: () => [],
    eb: () => [notAfter(value.from)],
    ap: () => [notAfter(value.until), notLongBefore(value.from)],
  }[prefix]()
  return bounds.map((bound) => ` and ${bound}`).join('')
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
