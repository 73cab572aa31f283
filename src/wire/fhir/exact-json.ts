/**
 * Numbers that keep their digits. FHIR's decimals have a precision (R4 datatypes, "decimal": 1.50 is not 1.5)
 * and a double does not; where writing a number again would give another text, a parsed resource holds
 * `JSON.rawJSON(text)`, which JSON.stringify writes as it came.
 */

/** What `JSON.rawJSON` makes: frozen, without a prototype, and told from an object of the same look by the engine alone. */
export interface RawNumber {
  readonly rawJSON: string
}

declare global {
  interface JSON {
    rawJSON(text: string): RawNumber
    isRawJSON(value: unknown): value is RawNumber
  }
}

/** Longer numbers, and those a double cannot come near, measure nothing and cost the database dearly. */
const MAX_DIGITS = 64
const EXPONENT_TOO_LONG = /[eE][+-]?\d{4}/

export function isRawNumber(value: unknown): value is RawNumber {
  return JSON.isRawJSON(value)
}

/** The digits of a number as its sender wrote them; undefined where the value is no number. */
export function numberText(value: unknown): string | undefined {
  if (typeof value === 'number') return JSON.stringify(value)
  return isRawNumber(value) ? value.rawJSON : undefined
}

/** The number of a JSON number's text; undefined where it is too long or too large to be kept. */
export function exactNumber(text: string): number | RawNumber | undefined {
  const value = Number(text)
  if (JSON.stringify(value) === text) return value
  if (text.length > MAX_DIGITS || EXPONENT_TOO_LONG.test(text) || !Number.isFinite(value)) {
    return undefined
  }
  return JSON.rawJSON(text)
}

/** The value with ordinary numbers in it, for readers that know no others; itself where it has no others. */
export function plain<Value>(value: Value): Value
export function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isRawNumber(value)) return Number(value.rawJSON)
  return Array.isArray(value) ? plainList(value) : plainObject(value)
}

function plainList(list: readonly unknown[]): readonly unknown[] {
  const copy = list.map((one) => plain(one))
  return copy.some((one, index) => one !== list[index]) ? copy : list
}

function plainObject(object: object): object {
  const entries = Object.entries<unknown>({ ...object })
  const copies = entries.map(([name, one]): [string, unknown] => [name, plain(one)])
  const changed = copies.some(([, one], index) => one !== entries[index]?.[1])
  return changed ? Object.fromEntries(copies) : object
}
