/**
 * Character sets of MSH-18 (HL7 table 0211). What is declared is held against the bytes: text read in the
 * wrong set would be stored as somebody's name.
 */
import { lookup } from '../../kernel/lookup.ts'
import { ERROR_CODES, Hl7Fault } from './fault.ts'

export type Charset = 'ascii' | 'utf-8' | 'iso-8859-1' | 'iso-8859-2' | 'iso-8859-4' | 'iso-8859-15'

/** Spaces, dashes, dots and case left out: senders spell them in many ways. */
const NAMES: Readonly<Record<string, Charset>> = {
  ASCII: 'ascii',
  ISOIR6: 'ascii',
  UNICODEUTF8: 'utf-8',
  UTF8: 'utf-8',
  ISOIR192: 'utf-8',
  '8859/1': 'iso-8859-1',
  ISO88591: 'iso-8859-1',
  ISOIR100: 'iso-8859-1',
  '8859/2': 'iso-8859-2',
  ISO88592: 'iso-8859-2',
  ISOIR101: 'iso-8859-2',
  '8859/4': 'iso-8859-4',
  ISO88594: 'iso-8859-4',
  ISOIR110: 'iso-8859-4',
  '8859/15': 'iso-8859-15',
  ISO885915: 'iso-8859-15',
  ISOIR203: 'iso-8859-15',
}

/** Undefined for a set that this hub does not read. */
export function charsetNamed(name: string): Charset | undefined {
  return lookup(NAMES, name.toUpperCase().replaceAll(/[\s_.-]+/g, ''))
}

const PLACE = 'MSH-18'

/** Throws `Hl7Fault` where the bytes cannot be what is declared. */
export function decodeText(bytes: Uint8Array, charset: Charset): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isAscii(bytes)) return buffer.toString('latin1')
  if (charset === 'ascii') throw mismatch('The message has characters beyond the set it declares')
  if (charset === 'utf-8') {
    const text = decodeStrictly(bytes)
    if (text === undefined) throw mismatch('The message declares UTF-8, and its bytes are none')
    return text
  }
  // Text of a single-byte set is hardly ever valid UTF-8 by chance: each of its letters beyond ASCII would
  // have to be followed by a control character or a symbol.
  if (decodeStrictly(bytes) !== undefined)
    throw mismatch('The message declares a set of single bytes, and its bytes are UTF-8')
  if (bytes.some((byte) => byte >= 0x80 && byte < 0xa0))
    throw mismatch('The message has bytes that the set it declares leaves undefined')
  // The Encoding standard takes iso-8859-1 for windows-1252; the bytes that differ are refused above.
  return new TextDecoder(charset).decode(bytes)
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    return undefined
  }
}

/** A few bytes out of their context, which may be anything; undefined where they are no text of the set. */
export function decodeUnchecked(bytes: Uint8Array, charset: Charset): string | undefined {
  if (charset === 'utf-8') return decodeStrictly(bytes)
  return new TextDecoder(charset === 'ascii' ? 'iso-8859-1' : charset).decode(bytes)
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80)
}

function mismatch(text: string): Hl7Fault {
  return new Hl7Fault({ code: ERROR_CODES.tableValueNotFound, text, place: PLACE })
}
