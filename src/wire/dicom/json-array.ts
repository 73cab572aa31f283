/**
 * A JSON array read element by element, whatever its length: what QIDO-RS and metadata answers are
 * (PS3.18 section F.2). Only one element is held at a time.
 */
import { HubError } from '../../kernel/errors.ts'

export interface JsonArrayLimits {
  /** Bytes of one element. */
  readonly elementBytes: number
  readonly elements: number
  /** Nesting within an element. */
  readonly depth: number
}

const LIMITS: JsonArrayLimits = { elementBytes: 16_777_216, elements: 1_000_000, depth: 64 }

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Yields the JSON text of each element of the array that is the whole of `source`. Elements are objects.
 * Throws `invalid` where it is not such an array or ends early, `too-large` beyond a limit.
 */
export async function* splitJsonArray(
  source: AsyncIterable<Uint8Array>,
  limits: JsonArrayLimits = LIMITS,
): AsyncGenerator<string, void, undefined> {
  const splitter = makeSplitter(limits)
  for await (const chunk of source) yield* splitter.push(chunk)
  if (!splitter.isComplete()) throw new HubError('invalid', 'The JSON array is cut short')
}

type Place = 'before' | 'first' | 'element' | 'separator' | 'next' | 'after'

interface Splitter {
  push(chunk: Uint8Array): Iterable<string>
  isComplete(): boolean
}

function makeSplitter(limits: JsonArrayLimits): Splitter {
  let place: Place = 'before'
  let elements = 0
  let held: Buffer[] = []
  let heldBytes = 0
  const scan = makeScanner(limits.depth)

  function hold(bytes: Buffer): void {
    heldBytes += bytes.length
    if (heldBytes > limits.elementBytes)
      throw new HubError('too-large', 'An element of the JSON array is too large')
    held.push(bytes)
  }

  function release(): string {
    const text = Buffer.concat(held).toString('utf8')
    held = []
    heldBytes = 0
    elements += 1
    if (elements > limits.elements)
      throw new HubError('too-large', 'The JSON array has too many elements')
    return text
  }

  return {
    *push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      let at = 0
      while (at < bytes.length) {
        if (place !== 'element') {
          place = step(place, bytes[at] ?? 0)
          // The brace that opens an element belongs to it.
          if (place !== 'element') at += 1
          continue
        }
        const end = scan(bytes, at)
        // A copy: the chunk's bytes are good until the next chunk is asked for.
        hold(Buffer.from(bytes.subarray(at, end < 0 ? bytes.length : end)))
        if (end < 0) return
        at = end
        place = 'separator'
        yield release()
      }
    },
    isComplete: () => place === 'after',
  }
}

const WHITESPACE = new Set([0x20, 0x09, 0x0a, 0x0d])

/** The place after a byte outside an element. */
const STEPS: Readonly<Record<Place, Readonly<Partial<Record<number, Place>>>>> = {
  before: { [OPEN_ARRAY]: 'first' },
  first: { [CLOSE_ARRAY]: 'after', [OPEN_OBJECT]: 'element' },
  element: {},
  separator: { [COMMA]: 'next', [CLOSE_ARRAY]: 'after' },
  next: { [OPEN_OBJECT]: 'element' },
  after: {},
}

function step(place: Place, byte: number): Place {
  if (WHITESPACE.has(byte)) return place
  const next = STEPS[place][byte]
  if (next === undefined) throw new HubError('invalid', 'Not a JSON array of objects')
  return next
}

/** Finds where the element that began ends (past its brace), or -1 when the chunk ends before. */
function makeScanner(maxDepth: number): (bytes: Buffer, from: number) => number {
  let depth = 0
  let inString = false
  let escaped = false

  /** Past the end of the string, or the end of the chunk. */
  function skipString(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at]
      if (escaped) escaped = false
      else if (byte === BACKSLASH) escaped = true
      else if (byte === QUOTE) {
        inString = false
        return at + 1
      }
    }
    return bytes.length
  }

  return (bytes, from) => {
    let at = from
    while (at < bytes.length) {
      if (inString) {
        at = skipString(bytes, at)
        continue
      }
      const byte = bytes[at]
      at += 1
      if (byte === QUOTE) inString = true
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1
      if (depth > maxDepth) throw new HubError('too-large', 'The JSON is nested too deeply')
      if (depth === 0) return at
    }
    return -1
  }
}
