/** Tag, VR and length of one data element (PS3.5 section 7.1). */
import { DicomMetaDictionary } from './silent-dcmjs.ts'
import { unreadable } from './unreadable.ts'
import type { Encoding } from './transfer-syntaxes.ts'

export const UNDEFINED_LENGTH = 0xffffffff

export const ITEM = 0xfffee000
export const ITEM_END = 0xfffee00d
export const SEQUENCE_END = 0xfffee0dd
export const PIXEL_DATA = 0x7fe00010

export interface ElementHeader {
  /** Group in the upper 16 bits. */
  readonly tag: number
  /**
   * As encoded; where that is implicit or UN, as the dictionary has it, `xs` for US or SS. Empty for items
   * and delimiters.
   */
  readonly vr: string
  readonly length: number
  /** Bytes of the header itself. */
  readonly size: number
  /** The value was encoded as UN: what is nested in it is implicit VR (PS3.5 section 6.2.2, note 4). */
  readonly wasUnknown: boolean
}

const MIN_HEADER = 8
const MAX_HEADER = 12

/** PS3.5 section 7.1.2: those with a 16-bit length; every other VR, known or not, has 32 bits. */
const SHORT = new Set('AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US'.split(' '))

/** Reads the header at `at`; undefined where more bytes are needed. Throws where it cannot be one. */
export function readElementHeader(
  bytes: Buffer,
  at: number,
  encoding: Encoding,
): ElementHeader | undefined {
  if (bytes.length - at < MIN_HEADER) return undefined
  const word = (offset: number): number =>
    encoding.littleEndian ? bytes.readUInt16LE(at + offset) : bytes.readUInt16BE(at + offset)
  const double = (offset: number): number =>
    encoding.littleEndian ? bytes.readUInt32LE(at + offset) : bytes.readUInt32BE(at + offset)

  const tag = word(0) * 0x10000 + word(2)
  if (word(0) === 0xfffe)
    return { tag, vr: '', length: double(4), size: MIN_HEADER, wasUnknown: false }
  if (!encoding.explicit) return implicitHeader(tag, double(4))

  const written = bytes.toString('latin1', at + 4, at + 6)
  if (!/^[A-Z]{2}$/.test(written)) throw unreadable('malformed', 'an element has no valid VR')
  const vr = written === 'UN' ? lookUpVr(tag) : written
  if (SHORT.has(written)) return { tag, vr, length: word(6), size: MIN_HEADER, wasUnknown: false }
  if (bytes.length - at < MAX_HEADER) return undefined
  return { tag, vr, length: double(8), size: MAX_HEADER, wasUnknown: written === 'UN' }
}

function implicitHeader(tag: number, length: number): ElementHeader {
  const known = lookUpVr(tag)
  const vr = known === 'UN' && length === UNDEFINED_LENGTH ? 'SQ' : known
  return { tag, vr, length, size: MIN_HEADER, wasUnknown: false }
}

/** PS3.6 by dcmjs' dictionary; `UN` for private elements and unknown ones. */
function lookUpVr(tag: number): string {
  const element = tag & 0xffff
  const isPrivate = ((tag >>> 16) & 1) === 1
  if (element === 0) return 'UL'
  if (isPrivate) return element >= 0x10 && element <= 0xff ? 'LO' : 'UN'
  const hex = tagText(tag)
  const vr = DicomMetaDictionary.dictionary[`(${hex.slice(0, 4)},${hex.slice(4)})`]?.vr
  return CHOICES[vr ?? ''] ?? vr ?? 'UN'
}

/** dcmjs' names of VRs that depend on other attributes (PS3.5 annex A): the choice that reads all values. */
const CHOICES: Readonly<Record<string, string>> = { ox: 'OW', px: 'OW', lt: 'OW', up: 'UL' }

/** Eight upper-case hexadecimal digits. */
export function tagText(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(8, '0')
}
