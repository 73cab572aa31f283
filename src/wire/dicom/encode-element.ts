/** Data elements in Explicit VR Little Endian (PS3.5 section 7.1), values from the DICOM JSON model. */
import type { DicomJson, DicomJsonElement } from '../../domain/imaging/study.ts'
import { lookup } from '../../kernel/lookup.ts'

/** Elements in the order of their tags. */
export function encodeDataset(dataset: DicomJson): Buffer {
  const tags = Object.keys(dataset).sort()
  return Buffer.concat(
    tags.map((tag) => {
      const element = dataset[tag] ?? { vr: 'UN' }
      return encodeElement(tag, element.vr, encodeValue(element))
    }),
  )
}

/** Pads `value` to an even length as its VR asks (PS3.5 section 6.2). */
export function encodeElement(tag: string, vr: string, value: Uint8Array): Buffer {
  const padding = value.length % 2 === 0 ? 0 : 1
  const length = value.length + padding
  const header = Buffer.alloc(LONG.has(vr) ? 12 : 8)
  header.writeUInt16LE(parseInt(tag.slice(0, 4), 16), 0)
  header.writeUInt16LE(parseInt(tag.slice(4), 16), 2)
  header.write(vr, 4, 'latin1')
  if (LONG.has(vr)) header.writeUInt32LE(length, 8)
  else if (length < 65_536) header.writeUInt16LE(length, 6)
  else throw new TypeError(`The value of (${tag}) is too long for ${vr}`)
  if (padding === 0) return Buffer.concat([header, value])
  return Buffer.concat([header, value, Buffer.of(TEXTS.has(vr) ? 0x20 : 0)])
}

/** PS3.5 section 7.1.2: two reserved bytes and a 32-bit length. */
const LONG = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '))
/** Padded with a space; UI and binary with a zero. */
const TEXTS = new Set('AE AS CS DA DS DT IS LO LT PN SH ST TM UC UR UT'.split(' '))

function encodeValue(element: DicomJsonElement): Buffer {
  if (element.InlineBinary !== undefined) return Buffer.from(element.InlineBinary, 'base64')
  const values = element.Value ?? []
  const write = lookup(NUMBERS, element.vr)
  if (write !== undefined) return Buffer.concat(values.map((value) => write(Number(value))))
  if (element.vr === 'SQ') return Buffer.concat(values.map(encodeItem))
  if (element.vr === 'AT') return Buffer.concat(values.map(encodeTag))
  if (element.vr === 'UI' || TEXTS.has(element.vr))
    return Buffer.from(values.map(textOf).join('\\'), 'utf8')
  if (values.length === 0) return Buffer.alloc(0)
  throw new TypeError(`${element.vr} cannot be written from values`)
}

const NUMBERS: Readonly<Record<string, ((value: number) => Buffer) | undefined>> = {
  US: number(2, (bytes, value) => bytes.writeUInt16LE(value)),
  SS: number(2, (bytes, value) => bytes.writeInt16LE(value)),
  UL: number(4, (bytes, value) => bytes.writeUInt32LE(value)),
  SL: number(4, (bytes, value) => bytes.writeInt32LE(value)),
  FL: number(4, (bytes, value) => bytes.writeFloatLE(value)),
  FD: number(8, (bytes, value) => bytes.writeDoubleLE(value)),
}

function number(
  size: number,
  write: (bytes: Buffer, value: number) => number,
): (value: number) => Buffer {
  return (value) => {
    const bytes = Buffer.alloc(size)
    write(bytes, value)
    return bytes
  }
}

/** Items of defined length (PS3.5 section 7.5.1). */
function encodeItem(item: unknown): Buffer {
  const body = encodeDataset(isDataset(item) ? item : {})
  const header = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0])
  header.writeUInt32LE(body.length, 4)
  return Buffer.concat([header, body])
}

function isDataset(item: unknown): item is DicomJson {
  return typeof item === 'object' && item !== null && !Array.isArray(item)
}

function encodeTag(value: unknown): Buffer {
  const tag = textOf(value)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(parseInt(tag.slice(0, 4), 16), 0)
  bytes.writeUInt16LE(parseInt(tag.slice(4), 16), 2)
  return bytes
}

/** A person name is its component groups joined by `=` (PS3.5 section 6.2.1). */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return ''
  const groups: Readonly<Record<string, unknown>> = { ...value }
  return ['Alphabetic', 'Ideographic', 'Phonetic']
    .map((group) => (typeof groups[group] === 'string' ? groups[group] : ''))
    .join('=')
    .replace(/=+$/, '')
}
