/** The small grammar of search values: escapes, lists and prefixes (R4 search, sections 3.1.1.4 and 3.1.1.4.5). */
import { parseDateInterval } from './date-interval.ts'
import { DATE_PREFIXES, type DatePrefix, type DateTest } from './search.ts'
import type { Token } from './search-values.ts'

/** Splits at separators that no backslash escapes; the parts keep their escapes. */
function splitUnescaped(text: string, separator: ',' | '|'): string[] {
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

/** `ge2024-05`; undefined where no date follows the prefix. */
export function parseDateTest(text: string): DateTest | undefined {
  const prefix = text.slice(0, 2)
  const value = parseDateInterval(isDatePrefix(prefix) ? text.slice(2) : text)
  return value && { prefix: isDatePrefix(prefix) ? prefix : 'eq', value }
}

function isDatePrefix(text: string): text is DatePrefix {
  return DATE_PREFIXES.some((prefix) => prefix === text)
}
