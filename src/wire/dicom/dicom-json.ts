/**
 * A data set's header in the DICOM JSON model (PS3.18 annex F): UTF-8 whatever its character set was,
 * bulk values left out. Values are read by dcmjs; the structure is walked here, since dcmjs reads nested
 * text by the wrong character set and stops in silence at what it does not know.
 */
import type { DicomJson, DicomJsonElement } from '../../domain/imaging/study.ts'
import { textCodec, type TextCodec } from './character-set.ts'
import { BULK_THRESHOLD, BULK_VRS, MAX_DEPTH } from './dataset-scanner.ts'
import {
  ITEM,
  ITEM_END,
  readElementHeader,
  SEQUENCE_END,
  tagText,
  UNDEFINED_LENGTH,
  type ElementHeader,
} from './element-header.ts'
import { HeaderBudget } from './header-budget.ts'
import { makeValueReader, type ValueReader } from './read-values.ts'
import type { Encoding } from './transfer-syntaxes.ts'
import { unreadable } from './unreadable.ts'
import { WHEREABOUTS } from './whereabouts.ts'

const CHARACTER_SET = 0x00080005
const PIXEL_REPRESENTATION = 0x00280103
const PADDING = 0xfffcfffc

interface Context {
  readonly budget: HeaderBudget
  readonly values: ValueReader
  readonly encoding: Encoding
  readonly codec: TextCodec
  /** By (0028,0103): what tells SS from US where the VR is not written. */
  readonly signed: boolean
  readonly depth: number
}

interface Extent {
  readonly at: number
  /** Where the enclosing structure ends, at the latest. */
  readonly end: number
}

interface Read<Result> {
  readonly result: Result
  /** Where the next element begins. */
  readonly next: number
}

/** `head` is a whole data set without its bulk values; `characterSet` holds where it names none. */
export function toDicomJson(head: Buffer, encoding: Encoding, characterSet: string): DicomJson {
  const budget = new HeaderBudget()
  const context = {
    budget,
    values: makeValueReader(head, encoding.littleEndian, budget),
    encoding,
    codec: textCodec([characterSet]),
    signed: false,
    depth: 0,
  }
  return readDataset({ at: 0, end: head.length }, context, false).result
}

/** Reads elements up to the end, or to the delimiter of an item of undefined length. */
function readDataset(extent: Extent, context: Context, delimited: boolean): Read<DicomJson> {
  const elements: [tag: string, element: DicomJsonElement][] = []
  let { at } = extent
  let { codec, signed } = context
  while (at < extent.end) {
    const header = headerAt(at, extent.end, context)
    at += header.size
    if (header.tag === ITEM_END && delimited) return { result: ordered(elements), next: at }
    const element = readElement(header, { at, end: extent.end }, { ...context, codec, signed })
    at = element.next
    if (header.tag === PIXEL_REPRESENTATION) signed = element.result.Value?.[0] === 1
    if (header.tag === CHARACTER_SET) {
      codec = textCodec(texts(element.result))
      elements.push([tagText(header.tag), { vr: 'CS', Value: ['ISO_IR 192'] }])
    } else if (isAttribute(header.tag)) elements.push([tagText(header.tag), element.result])
  }
  if (delimited) throw unreadable('truncated', 'a sequence item is not closed')
  return { result: ordered(elements), next: at }
}

function readElement(
  header: ElementHeader,
  extent: Extent,
  context: Context,
): Read<DicomJsonElement> {
  const { length } = header
  const vr = header.vr === 'xs' ? signedOrNot(context) : header.vr
  if (length === UNDEFINED_LENGTH || vr === 'SQ') return readSequence(header, extent, context)
  const next = extent.at + length
  if (next > extent.end) throw unreadable('truncated', 'an element runs past its end')
  if (BULK_VRS.has(vr) && length > BULK_THRESHOLD) return { result: { vr }, next }
  return { result: context.values.element(vr, extent.at, length, context.codec), next }
}

function readSequence(
  header: ElementHeader,
  extent: Extent,
  outer: Context,
): Read<DicomJsonElement> {
  const encoding = header.wasUnknown ? { ...outer.encoding, explicit: false } : outer.encoding
  const context = { ...outer, encoding, depth: outer.depth + 1 }
  if (context.depth > MAX_DEPTH)
    throw unreadable('malformed', `sequences are nested deeper than ${MAX_DEPTH}`)
  const isOpen = header.length === UNDEFINED_LENGTH
  const end = isOpen ? extent.end : extent.at + header.length
  if (end > extent.end) throw unreadable('truncated', 'a sequence runs past its end')

  // The fragments of an icon's compressed pixel data are no data sets.
  const isSequence = header.vr === 'SQ' || header.vr === 'UN'
  const items: DicomJson[] = []
  let { at } = extent
  while (at < end) {
    const item = headerAt(at, end, context)
    at += item.size
    if (item.tag === SEQUENCE_END && isOpen) return { result: sequence(header, items), next: at }
    if (item.tag !== ITEM) throw unreadable('malformed', 'a sequence holds what is not an item')
    const read = readItem(item, { at, end }, context, isSequence)
    if (isSequence) items.push(read.result)
    at = read.next
  }
  if (isOpen) throw unreadable('truncated', 'a sequence is not closed')
  return { result: sequence(header, items), next: end }
}

function readItem(
  item: ElementHeader,
  extent: Extent,
  context: Context,
  isDataset: boolean,
): Read<DicomJson> {
  const isOpen = item.length === UNDEFINED_LENGTH
  const end = isOpen ? extent.end : extent.at + item.length
  if (end > extent.end) throw unreadable('truncated', 'a sequence item runs past its end')
  if (!isDataset) return { result: {}, next: end }
  return readDataset({ at: extent.at, end }, context, isOpen)
}

function headerAt(at: number, end: number, context: Context): ElementHeader {
  const header = readElementHeader(context.values.bytes, at, context.encoding)
  if (header === undefined || at + header.size > end)
    throw unreadable('truncated', 'it ends in the middle of an element')
  context.budget.spend(1)
  return header
}

function sequence(header: ElementHeader, items: readonly DicomJson[]): DicomJsonElement {
  if (header.vr !== 'SQ' && header.vr !== 'UN') return { vr: header.vr }
  return items.length === 0 ? { vr: 'SQ' } : { vr: 'SQ', Value: items }
}

function signedOrNot({ signed }: Context): string {
  return signed ? 'SS' : 'US'
}

const SET_ASIDE: ReadonlySet<number> = new Set([
  PADDING,
  ...[...WHEREABOUTS].map((tag) => parseInt(tag, 16)),
])

/** PS3.18 section F.2.2: no group lengths, no group 0002; padding is no attribute either. */
function isAttribute(tag: number): boolean {
  return (tag & 0xffff) !== 0 && tag >= 0x00080000 && !SET_ASIDE.has(tag)
}

function ordered(elements: [string, DicomJsonElement][]): DicomJson {
  elements.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(elements)
}

function texts({ Value = [] }: DicomJsonElement): string[] {
  return Value.map((value) => (typeof value === 'string' ? value : ''))
}
