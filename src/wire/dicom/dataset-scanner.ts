/**
 * Finds the header of a data set in a stream of chunks: everything but bulk values, which are passed over
 * and never held. Checks on the way that no element runs past the end.
 */
import {
  ITEM,
  ITEM_END,
  PIXEL_DATA,
  readElementHeader,
  SEQUENCE_END,
  UNDEFINED_LENGTH,
  type ElementHeader,
} from './element-header.ts'
import { GrowingBuffer } from './growing-buffer.ts'
import { HeaderBudget } from './header-budget.ts'
import { unreadable } from './unreadable.ts'
import type { Encoding } from './transfer-syntaxes.ts'

/** Values of these VRs longer than this many bytes are bulk data. */
export const BULK_THRESHOLD = 1024
export const BULK_VRS: ReadonlySet<string> = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])
export const MAX_DEPTH = 64

const MAX_HEADER = 12
/** Pixel data of all three kinds (PS3.3 section C.7.6.3 and C.7.6.24). */
const PIXELS: ReadonlySet<number> = new Set([0x7fe00008, 0x7fe00009, PIXEL_DATA])

/** A structure of undefined length that is being walked. */
interface Frame {
  readonly kind: 'sequence' | 'item' | 'fragments'
  readonly keep: boolean
  readonly encoding: Encoding
}

export class DatasetScanner {
  readonly #encoding: Encoding
  readonly #head: GrowingBuffer
  readonly #budget = new HeaderBudget()
  readonly #frames: Frame[] = []
  /** Bytes of an element header that a chunk ended in. */
  #partial = Buffer.alloc(0)
  #skip = 0
  #keep = false
  #afterPixels = false
  /** What follows the pixel data is not a data element: padding, passed over. */
  #trailing = false

  constructor(encoding: Encoding, headerLimit: number) {
    this.#encoding = encoding
    this.#head = new GrowingBuffer(headerLimit)
  }

  /** Throws `unprocessable` where the bytes cannot be a data set or the header is beyond its limit. */
  push(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0 && !this.#trailing) {
      rest = this.#skip > 0 ? this.#passOver(rest) : this.#nextHeader(rest)
    }
  }

  /** The data set without bulk values. Throws where the last element is cut short. */
  finish(): Buffer {
    const cut = this.#skip > 0 || this.#frames.length > 0
    const dangling = this.#partial.length > 0 && !this.#afterPixels
    if (cut || dangling) throw unreadable('truncated', 'it ends in the middle of an element')
    return this.#head.bytes()
  }

  #passOver(rest: Buffer): Buffer {
    const value = rest.subarray(0, this.#skip)
    if (this.#keep) this.#head.append(value)
    this.#skip -= value.length
    return rest.subarray(value.length)
  }

  #nextHeader(rest: Buffer): Buffer {
    const had = this.#partial.length
    const bytes = had === 0 ? rest : Buffer.concat([this.#partial, rest.subarray(0, MAX_HEADER)])
    const encoding = this.#frames.at(-1)?.encoding ?? this.#encoding
    const header = this.#tryHeader(bytes, encoding)
    if (header === undefined) {
      this.#partial = Buffer.from(bytes)
      return rest.subarray(rest.length)
    }
    this.#partial = Buffer.alloc(0)
    this.#enter(header, bytes.subarray(0, header.size))
    return rest.subarray(header.size - had)
  }

  #tryHeader(bytes: Buffer, encoding: Encoding): ElementHeader | undefined {
    try {
      return readElementHeader(bytes, 0, encoding)
    } catch (error) {
      if (!this.#afterPixels) throw error
      this.#trailing = true
      return undefined
    }
  }

  #enter(header: ElementHeader, written: Buffer): void {
    const frame = this.#frames.at(-1)
    if (frame === undefined) this.#enterElement(header, written)
    else if (frame.kind === 'item') this.#enterNested(header, written, frame)
    else this.#enterItem(header, written, frame)
  }

  /** An element of the data set itself. */
  #enterElement(header: ElementHeader, written: Buffer): void {
    if (this.#afterPixels && (header.vr === '' || header.tag < PIXEL_DATA)) {
      this.#trailing = true
      return
    }
    if (header.vr === '') throw unreadable('malformed', 'an item stands outside a sequence')
    const isPixels = PIXELS.has(header.tag)
    this.#afterPixels ||= isPixels
    const isBulk = isPixels || (BULK_VRS.has(header.vr) && header.length > BULK_THRESHOLD)
    const keep = !isBulk || (!isPixels && header.length === UNDEFINED_LENGTH)
    this.#begin(header, written, { keep, encoding: this.#encoding })
  }

  #enterNested(header: ElementHeader, written: Buffer, frame: Frame): void {
    if (header.tag === ITEM_END) this.#leave(written, frame)
    else if (header.vr === '') throw unreadable('malformed', 'a sequence item is not closed')
    else this.#begin(header, written, frame)
  }

  #enterItem(header: ElementHeader, written: Buffer, frame: Frame): void {
    if (header.tag === SEQUENCE_END) {
      this.#leave(written, frame)
      return
    }
    if (header.tag !== ITEM) throw unreadable('malformed', 'a sequence holds what is not an item')
    if (header.length !== UNDEFINED_LENGTH) {
      this.#value(header, written, frame.keep)
      return
    }
    if (frame.kind === 'fragments') throw unreadable('malformed', 'a fragment has no length')
    this.#open({ ...frame, kind: 'item' }, written)
  }

  #begin(header: ElementHeader, written: Buffer, inherited: Omit<Frame, 'kind'>): void {
    const { keep } = inherited
    if (header.length !== UNDEFINED_LENGTH) {
      this.#value(header, written, keep)
      return
    }
    const encoding = header.wasUnknown
      ? { ...inherited.encoding, explicit: false }
      : inherited.encoding
    const holdsItems = header.vr === 'SQ' || header.vr === 'UN'
    if (!holdsItems && header.tag !== PIXEL_DATA)
      throw unreadable('malformed', 'an element that is not a sequence has no length')
    this.#open({ kind: holdsItems ? 'sequence' : 'fragments', keep, encoding }, written)
  }

  #value(header: ElementHeader, written: Buffer, keep: boolean): void {
    if (keep) this.#hold(written)
    this.#keep = keep
    this.#skip = header.length
  }

  #open(frame: Frame, written: Buffer): void {
    if (this.#frames.length >= 2 * MAX_DEPTH)
      throw unreadable('malformed', `sequences are nested deeper than ${MAX_DEPTH}`)
    if (frame.keep) this.#hold(written)
    this.#frames.push(frame)
  }

  /** The header of an element or item: each is counted, however little it holds. */
  #hold(written: Buffer): void {
    this.#budget.spend(1)
    this.#head.append(written)
  }

  #leave(written: Buffer, frame: Frame): void {
    if (frame.keep) this.#head.append(written)
    this.#frames.pop()
  }
}
