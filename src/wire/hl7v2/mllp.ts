/**
 * The frames of MLLP: 0x0B, the message, 0x1C, 0x0D (HL7 v2.5, appendix C). The last byte is forgiven, and
 * so are line ends between frames.
 */
import { ERROR_CODES, Hl7Fault } from './fault.ts'

const START = 0x0b
const END = 0x1c
const BETWEEN: ReadonlySet<number> = new Set([0x0d, 0x0a])

export interface FrameReader {
  /**
   * The messages that end in this chunk. Throws `Hl7Fault` where what comes is no frame, or one that is too
   * long: there is no telling where the next begins.
   */
  push(chunk: Uint8Array): readonly Uint8Array[]
  /** Whether a frame has begun and not ended. */
  isInside(): boolean
  /** What has come of the frame that has not ended. */
  partial(): Uint8Array
}

const FIRST_BYTES = 4096

export function makeFrameReader(maxBytes: number): FrameReader {
  // One buffer that grows: chunks may be of a byte each, and a list of them would be many times the message.
  let frame: Buffer | undefined
  let length = 0

  function add(part: Uint8Array): void {
    if (length + part.length > maxBytes) throw fault('The message is longer than is taken here')
    frame = roomFor(frame ?? Buffer.allocUnsafe(FIRST_BYTES), length, part.length)
    frame.set(part, length)
    length += part.length
  }

  function finish(): Uint8Array {
    const message = partial()
    frame = undefined
    length = 0
    return message
  }

  const partial = (): Uint8Array => (frame ?? Buffer.alloc(0)).subarray(0, length)

  return {
    push(chunk) {
      const messages: Uint8Array[] = []
      let at = 0
      while (at < chunk.length) {
        if (frame === undefined) {
          at = skipBetween(chunk, at)
          if (at < 0) break
          frame = Buffer.allocUnsafe(FIRST_BYTES)
        }
        const end = chunk.indexOf(END, at)
        add(chunk.subarray(at, end < 0 ? chunk.length : end))
        if (end < 0) break
        messages.push(finish())
        at = end + 1
      }
      return messages
    },
    isInside: () => frame !== undefined,
    partial,
  }
}

function roomFor(buffer: Buffer, used: number, more: number): Buffer {
  if (used + more <= buffer.length) return buffer
  const larger = Buffer.allocUnsafe(Math.max(used + more, 2 * buffer.length))
  buffer.copy(larger, 0, 0, used)
  return larger
}

/** Where the next frame's message begins; -1 where the chunk has none. */
function skipBetween(chunk: Uint8Array, from: number): number {
  let at = from
  while (at < chunk.length && BETWEEN.has(chunk[at] ?? START)) at += 1
  if (at === chunk.length) return -1
  if (chunk[at] !== START) throw fault('A message begins with the start block of MLLP, 0x0B')
  return at + 1
}

export function toFrame(message: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([START]), message, Buffer.from([END, 0x0d])])
}

function fault(text: string): Hl7Fault {
  return new Hl7Fault({ code: ERROR_CODES.segmentSequence, text }, true)
}
