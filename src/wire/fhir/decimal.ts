/**
 * Decimals as text, exact: FHIR numbers carry a precision (R4 datatypes, "decimal") that floating point
 * would lose, and a search by number stands for the interval its digits leave open.
 */

/** `unscaled` × 10^-`scale` */
interface Decimal {
  readonly unscaled: bigint
  readonly scale: number
  /** Written with an exponent. */
  readonly scientific: boolean
}

export interface NumberRange {
  readonly value: string
  /** Inclusive. */
  readonly low: string
  /** Exclusive. */
  readonly high: string
}

const DECIMAL = /^([+-]?)(\d{1,80})(?:\.(\d{1,80}))?(?:[eE]([+-]?\d{1,3}))?$/

/** The same number without exponent, leading or trailing zeros; undefined for what is none or too long to be one. */
export function plainDecimal(text: string): string | undefined {
  const decimal = read(text)
  return decimal && textOfDecimal(decimal.unscaled, decimal.scale)
}

/**
 * The number and what its digits leave open: half a unit of the last digit to each side. With an exponent it is a
 * tenth of that, as R4 search (section 3.1.1.4.3) counts: `100` is [99.5, 100.5) and `1e2` is [95, 105).
 * `approximate` widens it to a tenth of the value. Undefined as for `plainDecimal`.
 */
export function numberRange(text: string, approximate: boolean): NumberRange | undefined {
  const decimal = read(text)
  if (decimal === undefined) return undefined
  const { unscaled, scale, scientific } = decimal
  const value = unscaled * 100n
  const half = scientific ? 5n : 50n
  const tenth = (value < 0n ? -value : value) / 10n
  const margin = approximate && tenth > half ? tenth : half
  return {
    value: textOfDecimal(unscaled, scale),
    low: textOfDecimal(value - margin, scale + 2),
    high: textOfDecimal(value + margin, scale + 2),
  }
}

function read(text: string): Decimal | undefined {
  const match = DECIMAL.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent] = match
  const digits = BigInt(whole + fraction)
  return {
    unscaled: sign === '-' ? -digits : digits,
    scale: fraction.length - Number(exponent ?? 0),
    scientific: exponent !== undefined,
  }
}

function textOfDecimal(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString()
  if (scale <= 0) return sign + (digits === '0' ? digits : digits + '0'.repeat(-scale))
  const padded = digits.padStart(scale + 1, '0')
  const whole = padded.slice(0, -scale)
  const fraction = padded.slice(-scale).replace(/0+$/, '')
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`
}
