/** R4 search, "number" and "quantity": for eq, ne and ap the digits leave an interval open; else the value is exact. */
import type { TypedValue } from './elements.ts'

/** In millionths: exact for what the data hold. */
type Fixed = bigint
const PLACES = 6
const LOWEST: Fixed = -(10n ** 40n)
const HIGHEST: Fixed = 10n ** 40n

interface Asked {
  readonly value: Fixed
  /** Half a unit of the last digit. */
  readonly half: Fixed
}

function fixed(text: string): Fixed {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? []
  const shift = PLACES - fraction.length + Number(exponent)
  if (whole === '' || shift < 0) throw new Error(`Not a number of the tests: ${text}`)
  const size = BigInt(whole + fraction) * 10n ** BigInt(shift)
  return sign === '-' ? -size : size
}

function asked(text: string): Asked {
  const [mantissa = '', exponent] = text.split(/e/i)
  const digits = mantissa.split('.')[1]?.length ?? 0
  // R4's example: 1e2 is 95 to 105, one digit finer than 100 by hundreds would be.
  const unit =
    10n ** BigInt(PLACES - digits + Number(exponent ?? 0) - (exponent === undefined ? 0 : 1))
  return { value: fixed(text), half: unit / 2n }
}

type Limits = readonly [low: Fixed, high: Fixed]

export function numberMatches(prefix: string, text: string, [low, high]: Limits): boolean {
  const { value, half } = asked(text)
  const within = low >= value - half && high < value + half
  const tenth = (value < 0n ? -value : value) / 10n
  const about = tenth > half ? tenth : half
  const holds = {
    eq: within,
    ne: !within,
    gt: high > value,
    lt: low < value,
    ge: high >= value,
    le: low <= value,
    sa: low > value,
    eb: high < value,
    ap: low <= value + about && high >= value - about,
  }[prefix]
  if (holds === undefined) throw new Error(`No prefix ${prefix}`)
  return holds
}

/** Of a number, Quantity, Money or Range. */
export function limitsOf({ type, value }: TypedValue): Limits {
  if (typeof value === 'number') return [fixed(String(value)), fixed(String(value))]
  if (type === 'Range') {
    return [
      value.low === undefined ? LOWEST : fixed(String(value.low.value)),
      value.high === undefined ? HIGHEST : fixed(String(value.high.value)),
    ]
  }
  const number = fixed(String(value.value))
  if (/</.test(value.comparator ?? '')) return [LOWEST, number]
  return [number, />/.test(value.comparator ?? '') ? HIGHEST : number]
}

/** `system` and `code` as asked, '' where they are not: without a system the unit that people read will do. */
export function unitMatches(system: string, code: string, { type, value }: TypedValue): boolean {
  if (type === 'Money') {
    return (
      (system === '' || system === 'urn:iso:std:iso:4217') &&
      (code === '' || code === value.currency)
    )
  }
  const one = type === 'Range' ? (value.low ?? value.high) : value
  const isCode = one.code === code || (system === '' && one.unit === code)
  return (system === '' || one.system === system) && (code === '' || isCode)
}
