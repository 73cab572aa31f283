/** The small grammar of search values: escapes, lists and prefixes (R4 search, sections 3.1.1.4 and 3.1.1.4.5). */
import { isBetweenMilliseconds, parseDateInterval } from './date-interval.ts'
import { numberRange } from './decimal.ts'
import type { Token } from './search-keys.ts'
import {
  PREFIXES,
  type DateTest,
  type NumberTest,
  type Prefix,
  type QuantityTest,
} from './search.ts'

/** Splits at separators that no backslash escapes; the parts keep their escapes. */
export function splitUnescaped(text: string, separator: ',' | '|' | '$'): string[] {
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === separator) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

/** The alternatives of `a,b\,c`, still escaped within; empty ones are dropped. */
export function alternatives(text: string): string[] {
  return splitUnescaped(text, ',').filter((part) => part !== '')
}

export function unescape(text: string): string {
  return text.replaceAll(/\\([\\,|$])/g, '$1')
}

/** `value`, `system|value`, `|value` (no system) or `system|` (any value of it). */
export function parseToken(text: string): Token {
  const [first = '', ...rest] = splitUnescaped(text, '|')
  if (rest.length === 0) return { value: unescape(first) }
  return { system: unescape(first), value: unescape(rest.join('|')) }
}

interface Prefixed {
  readonly prefix: Prefix
  readonly rest: string
}

function splitPrefix(text: string): Prefixed {
  const prefix = PREFIXES.find((one) => text.startsWith(one))
  return prefix === undefined ? { prefix: 'eq', rest: text } : { prefix, rest: text.slice(2) }
}

/** Beyond nanoseconds. */
const TOO_FINE = /\.\d{10}/

/**
 * `ge2024-05`; undefined where no date follows the prefix. Rows keep times to the millisecond: a moment told more
 * finely lies between two of them for what asks for an order, and within one for what asks for sameness.
 */
export function parseDateTest(text: string): DateTest | undefined {
  const { prefix, rest } = splitPrefix(text)
  // A plus sign that nobody escaped has become a space on its way through a URL.
  const date = rest.replace(/ (?=\d{2}:\d{2}$)/, '+')
  const value = TOO_FINE.test(date) ? undefined : parseDateInterval(date)
  if (value === undefined) return undefined
  const isOrder = !['eq', 'ne', 'ap'].includes(prefix)
  return isOrder && isBetweenMilliseconds(date)
    ? { prefix, value: { from: value.until, until: value.until } }
    : { prefix, value }
}

/** `lt5.40`; undefined where no number follows the prefix. */
export function parseNumberTest(text: string): NumberTest | undefined {
  const { prefix, rest } = splitPrefix(text)
  const range = numberRange(rest, prefix === 'ap')
  return range && { prefix, ...range }
}

/** `5.4|http://unitsofmeasure.org|mg`, `5.4||mg` or `5.4`; undefined where the number is none. */
export function parseQuantityTest(text: string): QuantityTest | undefined {
  const [number = '', system = '', code = '', ...more] = splitUnescaped(text, '|')
  const test = parseNumberTest(number)
  if (test === undefined || more.length > 0) return undefined
  return {
    ...test,
    ...(system !== '' && { system: unescape(system) }),
    ...(code !== '' && { code: unescape(code) }),
  }
}
