/** FHIR dates are intervals: `2024-05` is the whole of May (R4 search, section 3.1.1.4.5). */

/** From (inclusive) until (exclusive), to the millisecond. */
export interface DateInterval {
  readonly from: Date
  readonly until: Date
}

const BEGINNING_OF_TIME = new Date('0001-01-01T00:00:00.000Z')
const END_OF_TIME = new Date('9999-12-31T23:59:59.999Z')

const DATE_TIME =
  /^(\d{4}(?:-\d{2}(?:-\d{2}(?:T(?:[01]\d|2[0-3]):\d{2}(?::\d{2})?)?)?)?)((?<=:\d{2}:\d{2})\.\d{1,32})?((?<=T.*)(?:Z|[+-]\d{2}:\d{2}))?$/
/** What completes a shorter text to the first moment it names. */
const FIRST_MOMENT = '0000-01-01T00:00:00'

/**
 * The interval a date, dateTime or instant names; undefined where the text is none or no such day
 * exists. What carries no zone is taken as UTC. A fraction of a second names one millisecond; finer digits are cut.
 */
export function parseDateInterval(text: string): DateInterval | undefined {
  const match = DATE_TIME.exec(text)
  if (match === null) return undefined
  const [, stated = '', fraction = '', zone = 'Z'] = match
  const moment = stated + FIRST_MOMENT.slice(stated.length)
  const from = new Date(moment + fraction.slice(0, 4) + zone)
  const outside = from < BEGINNING_OF_TIME || from >= END_OF_TIME
  if (Number.isNaN(from.getTime()) || outside || !isDay(moment.slice(0, 10))) return undefined
  const until = endOf(from, PRECISIONS[stated.length + fraction.length] ?? 'millisecond')
  return { from, until: until > END_OF_TIME ? END_OF_TIME : until }
}

/** Whether a time is told more finely than an interval can be: by digits beyond the millisecond. */
export function isBetweenMilliseconds(text: string): boolean {
  return /:\d{2}\.\d{3}\d*[1-9]/.test(text)
}

/** The outer limits; undefined of nothing. */
export function hullOf(intervals: readonly DateInterval[]): DateInterval | undefined {
  const [first, ...others] = intervals
  return others.reduce<DateInterval | undefined>(
    (all, one) =>
      all && {
        from: one.from < all.from ? one.from : all.from,
        until: one.until > all.until ? one.until : all.until,
      },
    first,
  )
}

/** A Period; an absent end is open. Undefined where a given end is not a date. */
export function periodInterval(start: unknown, end: unknown): DateInterval | undefined {
  if (start === undefined && end === undefined) return undefined
  const from = typeof start === 'string' ? parseDateInterval(start)?.from : BEGINNING_OF_TIME
  const until = typeof end === 'string' ? parseDateInterval(end)?.until : END_OF_TIME
  return from === undefined || until === undefined ? undefined : { from, until }
}

type Precision = 'year' | 'month' | 'day' | 'minute' | 'second' | 'millisecond'

/** By the number of characters before the zone. */
const PRECISIONS: Readonly<Record<number, Precision>> = {
  4: 'year',
  7: 'month',
  10: 'day',
  16: 'minute',
  19: 'second',
}

function endOf(from: Date, precision: Precision): Date {
  const until = new Date(from)
  if (precision === 'year') until.setUTCFullYear(until.getUTCFullYear() + 1)
  if (precision === 'month') until.setUTCMonth(until.getUTCMonth() + 1)
  if (precision === 'day') until.setUTCDate(until.getUTCDate() + 1)
  if (precision === 'minute') until.setUTCMinutes(until.getUTCMinutes() + 1)
  if (precision === 'second') until.setUTCSeconds(until.getUTCSeconds() + 1)
  if (precision === 'millisecond') until.setUTCMilliseconds(until.getUTCMilliseconds() + 1)
  return until
}

/** JavaScript turns 30 February into 1 March; FHIR says it is not a date. */
function isDay(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}
