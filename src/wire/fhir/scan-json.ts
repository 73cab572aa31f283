/** One look over a JSON text's bytes that tells whether the engine's own parser may have it. */

export interface JsonScan {
  /** Members and items, and one for each container. */
  readonly values: number
  /** Names with a colon behind them: more than the parsed objects have, where a name was repeated. */
  readonly names: number
  readonly depth: number
  /** Has what the engine would take, but lose or pass on: an inexact number, a control character, half a surrogate pair. */
  readonly peculiar: boolean
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const [COLON, COMMA, MINUS] = [0x3a, 0x2c, 0x2d]
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d]
const [ZERO, NINE] = [0x30, 0x39]
const [LOWER_U, LOWER_B, LOWER_F, LOWER_D, UPPER_D, ONE, EIGHT] = [
  0x75, 0x62, 0x66, 0x64, 0x44, 0x31, 0x38,
]

/** So many digits a double always holds. */
const SAFE_DIGITS = 15

/** Assumes JSON: of other text it says something, and the parser says the rest. */
export function scanJson(bytes: Uint8Array): JsonScan {
  const scan = { values: 0, names: 0, depth: 0, peculiar: false }
  let open = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE) at = endOfString(bytes, at, scan)
    else if (byte === COLON) scan.names++
    else if (byte === COMMA) scan.values++
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) open--
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      scan.values++
      scan.depth = Math.max(scan.depth, ++open)
    } else if (isDigit(byte) || byte === MINUS) at = endOfNumber(bytes, at, scan)
  }
  return scan
}

/** Index of the closing quote. */
function endOfString(bytes: Uint8Array, start: number, scan: { peculiar: boolean }): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) {
    if (bytes[at] === BACKSLASH) {
      at++
      if (isPeculiarEscape(bytes, at)) scan.peculiar = true
    }
    at++
  }
  return at
}

/** \b, \f, \u00xx below 0x20 and \uDxxx from D800. */
function isPeculiarEscape(bytes: Uint8Array, at: number): boolean {
  const letter = bytes[at]
  if (letter === LOWER_B || letter === LOWER_F) return true
  if (letter !== LOWER_U) return false
  const [first, second, third] = [bytes[at + 1], bytes[at + 2] ?? 0, bytes[at + 3] ?? 0]
  if (first === LOWER_D || first === UPPER_D) return second >= EIGHT
  return first === ZERO && second === ZERO && third <= ONE
}

/** Index of the last character. */
function endOfNumber(bytes: Uint8Array, start: number, scan: { peculiar: boolean }): number {
  let at = start
  let isInteger = isDigit(bytes[start] ?? 0)
  while (isNumberCharacter(bytes[at + 1] ?? 0)) {
    at++
    isInteger &&= isDigit(bytes[at] ?? 0)
  }
  if (isInteger && at - start < SAFE_DIGITS) return at
  const text = String.fromCharCode(...bytes.subarray(start, Math.min(at + 1, start + 32)))
  if (at - start >= 32 || JSON.stringify(Number(text)) !== text) scan.peculiar = true
  return at
}

function isNumberCharacter(byte: number): boolean {
  return isDigit(byte) || isNumberSign(byte)
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}

/** `.`, `e`, `E`, `+`, `-` */
function isNumberSign(byte: number): boolean {
  return byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === 0x2b || byte === MINUS
}
