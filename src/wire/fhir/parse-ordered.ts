/** Date, number, quantity, string and uri parameters (R4 search, section 3.1.1.4). */
import { MAX_KEYS, UNKNOWN_MODIFIER, type Understanding } from './parse-name.ts'
import { keysCondition, textCondition } from './parse-token.ts'
import { exactKey, targetKey } from './search-keys.ts'
import type { SearchParameter } from './search-parameters.ts'
import {
  alternatives,
  parseDateTest,
  parseNumberTest,
  parseQuantityTest,
  unescape,
} from './search-text.ts'
import type { Condition, DatePlace } from './search.ts'

export const NO_DATE =
  'Not a date: YYYY, YYYY-MM, YYYY-MM-DD or a time with a zone, after an optional prefix'
export const NO_NUMBER = 'Not a number, after an optional prefix'
export const NO_QUANTITY =
  'Not a quantity: number, number||unit or number|system|code, after an optional prefix'

export function dateConditions(parameter: SearchParameter, value: string): Understanding {
  const anyOf = all(alternatives(value).map(parseDateTest))
  return anyOf === undefined ? NO_DATE : [{ kind: 'date', place: datePlace(parameter), anyOf }]
}

export function datePlace({ code, place }: SearchParameter): DatePlace {
  return place === 'clinical-date' || place === 'last-updated'
    ? { in: place }
    : { in: 'compared', code }
}

export function numberConditions({ code }: SearchParameter, value: string): Understanding {
  const anyOf = all(alternatives(value).map(parseNumberTest))
  return anyOf === undefined ? NO_NUMBER : [{ kind: 'number', code, anyOf }]
}

export function quantityConditions({ code }: SearchParameter, value: string): Understanding {
  const anyOf = all(alternatives(value).map(parseQuantityTest))
  return anyOf === undefined ? NO_QUANTITY : [{ kind: 'quantity', code, anyOf }]
}

function all<Value>(values: readonly (Value | undefined)[]): readonly Value[] | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === values.length ? known : undefined
}

export function stringConditions(
  { code }: SearchParameter,
  modifier: string | undefined,
  value: string,
): Understanding {
  const values = alternatives(value)
  switch (modifier) {
    case undefined:
      return [textCondition(code, { match: 'begins', values })]
    case 'contains':
      return [textCondition(code, { match: 'contains', values })]
    case 'exact':
      return [keysCondition(values.map((text) => exactKey(code, unescape(text))))]
    default:
      return UNKNOWN_MODIFIER
  }
}

/** `:above` and `:below` are about URLs alone (R4 search, section 3.1.1.4.4): a URN has no parts to be above. */
export function uriConditions(
  { code }: SearchParameter,
  modifier: string | undefined,
  value: string,
): Understanding {
  const values = alternatives(value).map(unescape)
  switch (modifier) {
    case undefined:
      return [keysCondition(values.map((uri) => targetKey(code, uri)))]
    case 'above':
      return above(code, values)
    case 'below':
      return code.startsWith('_') ? UNKNOWN_MODIFIER : [below(code, values.filter(isUrl))]
    default:
      return UNKNOWN_MODIFIER
  }
}

function above(code: string, values: readonly string[]): Understanding {
  const urls = values.flatMap(urlsAbove)
  if (urls.length > MAX_KEYS) return 'Too many URLs to be above of: ask for fewer at a time'
  return [keysCondition(urls.map((url) => targetKey(code, url)))]
}

function below(code: string, anyOf: readonly string[]): Condition {
  return anyOf.length === 0 ? { kind: 'never' } : { kind: 'text', code, match: 'begins', anyOf }
}

const HOST = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i
const MAX_ABOVE = 100

function isUrl(text: string): boolean {
  return HOST.test(text)
}

/** The URL itself and what it begins with, as far as a name ends there; the nearest ones of a very long URL. */
function urlsAbove(url: string): readonly string[] {
  const host = HOST.exec(url)?.[0].length
  if (host === undefined) return []
  const ends = [...url.slice(host).matchAll(/[^\p{L}\p{N}]/gu)].flatMap(({ index }) => [
    host + index,
    host + index + 1,
  ])
  const distinct = [...new Set([host, ...ends, url.length])]
  return distinct.slice(-MAX_ABOVE).map((end) => url.slice(0, end))
}
