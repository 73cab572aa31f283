/** R4 search, "date": a date is the interval that its digits leave open; a prefix says how two intervals lie. */
import type { TypedValue } from './elements.ts'

/** Milliseconds, from (inclusive) until (exclusive). */
export type Interval = readonly [from: number, until: number]

const BEGINNING = Date.parse('0001-01-01T00:00:00Z')
const END = Date.parse('9999-12-31T23:59:59.999Z')

export function intervalOfText(text: string): Interval {
  const parts =
    /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(.*))?$/.exec(text)
  if (parts === null) throw new Error(`Not a date: ${text}`)
  const [, year, month, day, hour, minute, second, fraction, zone] = parts
  const at = (...[y = 0, mo = 1, d = 1, h = 0, mi = 0, s = 0, ms = 0]: number[]): number => {
    const day = new Date(0).setUTCFullYear(y, mo - 1, d)
    return day + ((h * 60 + mi - minutesOf(zone)) * 60 + s) * 1000 + ms
  }
  const given = [year, month, day, hour, minute, second]
    .filter((one) => one !== undefined)
    .map(Number)
  if (fraction !== undefined) {
    const from = at(...given, Number(fraction.slice(0, 3).padEnd(3, '0')))
    return [from, from + 1]
  }
  const last = given.at(-1) ?? 0
  return [at(...given), at(...given.slice(0, -1), last + 1)]
}

function minutesOf(zone: string | undefined): number {
  const parts = /^([+-])(\d\d):(\d\d)$/.exec(zone ?? '')
  if (parts === null) return 0
  const minutes = Number(parts[2]) * 60 + Number(parts[3])
  return parts[1] === '-' ? -minutes : minutes
}

/** Of a date, dateTime, instant, Period or Timing (its outer limits). */
export function intervalOf({ type, value }: TypedValue): Interval {
  if (type === 'Period') return period(value)
  if (type !== 'Timing') return intervalOfText(value)
  const bounds = value.repeat?.boundsPeriod
  const all = [
    ...(value.event ?? []).map(intervalOfText),
    ...(bounds === undefined ? [] : [period(bounds)]),
  ]
  return outer(all)
}

export function outer(all: readonly Interval[]): Interval {
  return [Math.min(...all.map(([from]) => from)), Math.max(...all.map(([, until]) => until))]
}

function period({ start, end }: { readonly start?: string; readonly end?: string }): Interval {
  return [
    start === undefined ? BEGINNING : intervalOfText(start)[0],
    end === undefined ? END : intervalOfText(end)[1],
  ]
}

export function dateMatches(
  prefix: string,
  [low, high]: Interval,
  [from, until]: Interval,
): boolean {
  const contained = low <= from && until <= high
  const holds = {
    eq: contained,
    ne: !contained,
    gt: until > high,
    lt: from < low,
    ge: until > high || contained,
    le: from < low || contained,
    sa: from >= high,
    eb: until <= low,
    ap: from < high && low < until,
  }[prefix]
  if (holds === undefined) throw new Error(`No prefix ${prefix}`)
  return holds
}
