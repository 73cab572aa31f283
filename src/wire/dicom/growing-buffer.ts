/** Bytes collected from chunks that are reused, up to a limit. */
import { unreadable } from './unreadable.ts'

const FIRST = 8192

export class GrowingBuffer {
  readonly #limit: number
  #bytes = Buffer.allocUnsafe(FIRST)
  #length = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  append(chunk: Buffer): void {
    const length = this.#length + chunk.length
    if (length > this.#limit)
      throw unreadable('header-too-large', `its header is larger than ${this.#limit} bytes`)
    if (length > this.#bytes.length) this.#grow(length)
    chunk.copy(this.#bytes, this.#length)
    this.#length = length
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
