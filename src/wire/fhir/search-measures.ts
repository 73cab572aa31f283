/** What a date, number, quantity or string parameter is compared with. */
import { hullOf, parseDateInterval, periodInterval, type DateInterval } from './date-interval.ts'
import { plainDecimal } from './decimal.ts'
import { numberText } from './exact-json.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from './json.ts'
import type { ComparedNumber, ComparedQuantity } from './search-entries.ts'

/** Of a date, dateTime, instant, Period or Timing. */
export function dateIntervals(value: unknown): readonly DateInterval[] {
  if (typeof value === 'string') return some(parseDateInterval(value))
  if (!isJsonObject(value)) return []
  const isTiming = value.event !== undefined || value.repeat !== undefined
  return some(isTiming ? timing(value) : periodInterval(value.start, value.end))
}

function some<Value>(value: Value | undefined): readonly Value[] {
  return value === undefined ? [] : [value]
}

/** The outer limits of what is scheduled: all that R4 search (section 3.1.1.4.5) asks of a Timing. */
function timing({ event, repeat }: JsonObject): DateInterval | undefined {
  const bounds = isJsonObject(repeat) ? repeat.boundsPeriod : undefined
  const events = listOf(event).flatMap((one) =>
    typeof one === 'string' ? some(parseDateInterval(one)) : [],
  )
  const period = isJsonObject(bounds) ? some(periodInterval(bounds.start, bounds.end)) : []
  return hullOf([...events, ...period])
}

/** Of a decimal, an integer or a Range. */
export function comparedNumbers(value: unknown): readonly ComparedNumber[] {
  if (isJsonObject(value) && isRange(value)) return [limits(value)]
  const number = decimalOf(value)
  return number === undefined ? [] : [{ low: number, high: number }]
}

const LOWEST = '-Infinity'
const HIGHEST = 'Infinity'

function isRange(value: JsonObject): boolean {
  return isJsonObject(value.low) || isJsonObject(value.high)
}

/** An end that is not given is open. */
function limits(range: JsonObject): ComparedNumber {
  const [low, high] = [range.low, range.high].map((end) =>
    isJsonObject(end) ? decimalOf(end.value) : undefined,
  )
  return { low: low ?? LOWEST, high: high ?? HIGHEST }
}

function decimalOf(value: unknown): string | undefined {
  const text = numberText(value)
  return text === undefined ? undefined : plainDecimal(text)
}

const CURRENCIES = 'urn:iso:std:iso:4217'

/** Of a Quantity (Age, Duration and so on too), Money or a Range. */
export function comparedQuantities(value: unknown): readonly ComparedQuantity[] {
  if (!isJsonObject(value)) return []
  if (isRange(value)) {
    const end = isJsonObject(value.low) ? value.low : value.high
    return [{ ...limits(value), ...unitOf(isJsonObject(end) ? end : {}) }]
  }
  const number = decimalOf(value.value)
  if (number === undefined) return []
  const currency = textOf(value.currency)
  return [
    {
      ...compared(number, value.comparator),
      ...(currency === undefined ? unitOf(value) : { system: CURRENCIES, code: currency }),
    },
  ]
}

/** Quantity.comparator says that the value itself is beyond what is written. */
function compared(number: string, comparator: unknown): ComparedNumber {
  if (comparator === '<' || comparator === '<=') return { low: LOWEST, high: number }
  if (comparator === '>' || comparator === '>=') return { low: number, high: HIGHEST }
  return { low: number, high: number }
}

function unitOf(quantity: JsonObject): Pick<ComparedQuantity, 'system' | 'code' | 'unit'> {
  const [system, code, unit] = [quantity.system, quantity.code, quantity.unit].map(storableOf)
  return {
    ...(system !== undefined && { system }),
    ...(code !== undefined && { code }),
    ...(unit !== undefined && { unit }),
  }
}

function storableOf(value: unknown): string | undefined {
  const text = textOf(value)
  return text === undefined ? undefined : storable(text)
}

/** PostgreSQL keeps neither half a surrogate pair nor U+0000 in JSON. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '')
}

/** Elements of HumanName and Address that a search for a name or an address looks at. */
const PARTS = [
  'text',
  'family',
  'given',
  'prefix',
  'suffix',
  'line',
  'city',
  'district',
  'state',
  'postalCode',
  'country',
] as const

/** Of a string, HumanName or Address: each part is a text of its own. */
export function textsOf(value: unknown): readonly string[] {
  if (!isJsonObject(value)) return some(textOf(value))
  return PARTS.flatMap((part) => listOf(value[part]).flatMap((one) => some(textOf(one))))
}
