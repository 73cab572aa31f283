/** Values of one element, read by dcmjs, in the DICOM JSON model (PS3.18 section F.2). */
import type { DicomJsonElement } from '../../domain/imaging/study.ts'
import { lookup } from '../../kernel/lookup.ts'
import type { TextCodec } from './character-set.ts'
import { tagText } from './element-header.ts'
import type { HeaderBudget } from './header-budget.ts'
import { ReadBufferStream, ValueRepresentation } from './silent-dcmjs.ts'
import { isProperText } from './text-characters.ts'
import { EXPLICIT_LITTLE_ENDIAN } from './transfer-syntaxes.ts'
import { unreadable } from './unreadable.ts'

export interface ValueReader {
  readonly bytes: Buffer
  element(vr: string, at: number, length: number, codec: TextCodec): DicomJsonElement
}

/** VRs of bytes, and of numbers whose size dcmjs does not know. */
const BINARY = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])
const NUMBERS: Readonly<Record<string, number>> = { FL: 4, FD: 8, SL: 4, SS: 2, UL: 4, US: 2 }
const SIZES: Readonly<Record<string, number>> = { ...NUMBERS, AT: 4, SV: 8, UV: 8 }
const SINGLE_TEXTS = new Set(['LT', 'ST', 'UT', 'UR'])
const TEXTS = new Set(['AE', 'AS', 'CS', 'DA', 'DT', 'LO', 'SH', 'TM', 'UC', 'UI'])
const PLAIN = new Set(['DS', 'IS', 'UI'])
const PERSON_NAME_GROUPS = ['Alphabetic', 'Ideographic', 'Phonetic'] as const

/** One reader for all elements of a head; `head` is not copied again per element. */
export function makeValueReader(
  head: Buffer,
  littleEndian: boolean,
  budget: HeaderBudget,
): ValueReader {
  const copy = new Uint8Array(head).buffer
  const bytes = Buffer.from(copy)
  const stream = new ReadBufferStream(copy, littleEndian)

  function read(vr: string, at: number, length: number): { value?: unknown; rawValue?: unknown } {
    stream.setEndian(littleEndian)
    stream.offset = at
    return (
      ValueRepresentation.createByTypeString(vr).read(stream, length, EXPLICIT_LITTLE_ENDIAN) ?? {}
    )
  }

  function numbers(vr: string, at: number, length: number, size: number): unknown[] {
    const values: unknown[] = []
    for (let from = at; from + size <= at + length; from += size)
      values.push(jsonNumber(read(vr, from, size).value))
    return values
  }

  function values(vr: string, at: number, length: number, codec: TextCodec): unknown[] {
    const size = lookup(NUMBERS, vr)
    if (size !== undefined) return numbers(vr, at, length, size)
    if (vr === 'AT') return attributeTags(bytes.subarray(at, at + length), littleEndian)
    if (vr === 'SV' || vr === 'UV')
      return longNumbers(vr, bytes.subarray(at, at + length), littleEndian)
    // dcmjs takes a NUL out of these wherever it stands, and would make one UID of another.
    const plain = PLAIN.has(vr) ? bytes.toString('latin1', at, at + length) : ''
    if (vr === 'UI') return textValues(vr, plain)
    properText(vr, plain)
    stream.setDecoder(codec)
    const { value, rawValue } = read(vr, at, length)
    if (vr === 'PN') return personNames(value)
    if (vr === 'DS' || vr === 'IS') return numericTexts(vr, value, rawValue)
    return textValues(vr, value)
  }

  return {
    bytes,
    element(vr, at, length, codec) {
      if (length === 0) return { vr }
      if (isBinary(vr))
        return { vr, InlineBinary: inlineBinary(bytes.subarray(at, at + length), vr, littleEndian) }
      budget.spendOnValues(vr, countValues(vr, bytes.subarray(at, at + length)))
      const read = values(vr, at, length, codec)
      return read.every((value) => value === null) ? { vr } : { vr, Value: read }
    },
  }
}

/** A VR nobody knows is bytes too. */
function isBinary(vr: string): boolean {
  if (BINARY.has(vr)) return true
  const isKnown = lookup(NUMBERS, vr) !== undefined || SINGLE_TEXTS.has(vr) || TEXTS.has(vr)
  return !isKnown && !['AT', 'SV', 'UV', 'PN', 'DS', 'IS'].includes(vr)
}

/** JSON has no infinities: they are strings (PS3.18 table F.2.3-1). */
function jsonNumber(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

function textValues(vr: string, value: unknown): unknown[] {
  const text = Array.isArray(value) ? value.join('\\') : asText(value)
  const parts = SINGLE_TEXTS.has(vr) ? [text] : text.split('\\')
  return parts.map((part) => properText(vr, part) || null)
}

function numericTexts(vr: string, value: unknown, rawValue: unknown): unknown[] {
  const raw: readonly unknown[] = Array.isArray(rawValue) ? rawValue : [rawValue]
  const parsed: readonly unknown[] = Array.isArray(value) ? value : [value]
  return raw.map((text, at) => parsed[at] ?? (properText(vr, asText(text)) || null))
}

function personNames(value: unknown): unknown[] {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value]
  return names.map((name) => {
    const groups = PERSON_NAME_GROUPS.flatMap((group) => {
      const text = isRecord(name) ? properText('PN', asText(name[group])) : ''
      return text === '' ? [] : [[group, text] as const]
    })
    return groups.length === 0 ? null : Object.fromEntries(groups)
  })
}

function attributeTags(bytes: Buffer, littleEndian: boolean): unknown[] {
  const tags: string[] = []
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const [group, element] = littleEndian
      ? [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)]
      : [bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2)]
    tags.push(tagText(group * 0x10000 + element))
  }
  return tags
}

function longNumbers(vr: string, bytes: Buffer, littleEndian: boolean): unknown[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values: unknown[] = []
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const value =
      vr === 'SV' ? view.getBigInt64(at, littleEndian) : view.getBigUint64(at, littleEndian)
    const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    values.push(isSafe ? Number(value) : String(value))
  }
  return values
}

/** InlineBinary is little endian (PS3.18 section F.2.7). */
function inlineBinary(bytes: Buffer, vr: string, littleEndian: boolean): string {
  const size = littleEndian ? 1 : ({ OW: 2, OF: 4, OL: 4, OD: 8, OV: 8 }[vr] ?? 1)
  if (size === 1 || bytes.length % size !== 0) return bytes.toString('base64')
  const copy = Buffer.from(bytes)
  if (size === 2) return copy.swap16().toString('base64')
  return (size === 4 ? copy.swap32() : copy.swap64()).toString('base64')
}

/** Padding is spaces, or nulls where a writer was careless (PS3.5 section 6.2); a null within is refused. */
function properText(vr: string, text: string): string {
  const trimmed = text.replace(/^ +|[ \0]+$/g, '')
  if (isProperText(vr, trimmed)) return trimmed
  throw unreadable('malformed-text', `a text (${vr}) holds control characters`)
}

const BACKSLASH = 0x5c

/** As many as there may be: in some character sets a backslash is the half of a character. */
function countValues(vr: string, bytes: Buffer): number {
  const size = lookup(SIZES, vr)
  if (size !== undefined) return bytes.length / size
  let count = 1
  for (let at = bytes.indexOf(BACKSLASH); at >= 0; at = bytes.indexOf(BACKSLASH, at + 1)) count += 1
  return count
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
