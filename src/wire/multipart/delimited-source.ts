/** A byte source read up to a delimiter, wherever chunks happen to be cut (RFC 2046 section 5.1.1). */

const EMPTY = Buffer.alloc(0)
const CR = 0x0d

export class DelimitedSource {
  /** Bytes that have arrived and are not consumed yet. */
  rest: Buffer = EMPTY
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #delimiter: Buffer
  /** How many bytes of the delimiter the consumed chunks ended with. */
  #matched = 2
  /** How many of those were never in the source: the CRLF that a body's first delimiter may lack. */
  #virtual = 2

  constructor(source: AsyncIterable<Uint8Array>, boundary: string) {
    this.#chunks = source[Symbol.asyncIterator]()
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  }

  /** Replaces `rest`, which must be consumed, by the next chunk; false at the end of the source. */
  async more(): Promise<boolean> {
    const next = await this.#pull()
    this.rest = next ?? EMPTY
    return next !== undefined
  }

  /** Adds the next chunk to `rest`, by copy: for header blocks. */
  async append(): Promise<boolean> {
    // Copied before the source is asked: it may read into the same buffer again.
    const held = Buffer.from(this.rest)
    const next = await this.#pull()
    this.rest = next === undefined ? held : Buffer.concat([held, next])
    return next !== undefined
  }

  /**
   * Yields what comes before the next delimiter and consumes both. May be left and begun again: the place
   * is kept. Throws what `truncated` makes at the end of the source.
   */
  async *untilDelimiter(truncated: () => Error): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      if (this.#matched > 0 && this.rest.length > 0) {
        const content = this.#resume()
        if (content.length > 0) yield content
      }
      if (this.#matched === 0) {
        const content = this.#take()
        if (content.length > 0) yield content
      }
      if (this.#matched === this.#delimiter.length) break
      if (this.rest.length === 0 && !(await this.more())) throw truncated()
    }
    this.#matched = this.#virtual = 0
  }

  /** Tells the source that no more is wanted. */
  async end(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #pull(): Promise<Buffer | undefined> {
    const next = await this.#chunks.next()
    if (next.done === true) return undefined
    return Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
  }

  /** Goes on with a delimiter that began in an earlier chunk; returns bytes that were content after all. */
  #resume(): Buffer {
    const { rest } = this
    const from = this.#matched
    const wanted = Math.min(this.#delimiter.length - from, rest.length)
    if (rest.compare(this.#delimiter, from, from + wanted, 0, wanted) === 0) {
      this.#matched += wanted
      this.rest = rest.subarray(wanted)
      return EMPTY
    }
    const content = this.#delimiter.subarray(this.#virtual, from)
    this.#matched = this.#virtual = 0
    return content
  }

  /** Takes from `rest` what is certainly content, uncopied. */
  #take(): Buffer {
    const { rest } = this
    const at = rest.indexOf(this.#delimiter)
    if (at >= 0) {
      this.rest = rest.subarray(at + this.#delimiter.length)
      this.#matched = this.#delimiter.length
      return rest.subarray(0, at)
    }
    this.#matched = partialMatch(rest, this.#delimiter)
    this.rest = EMPTY
    return rest.subarray(0, rest.length - this.#matched)
  }
}

/** A boundary has no CR, so only the last CR of a chunk can begin a delimiter that the next one ends. */
function partialMatch(chunk: Buffer, delimiter: Buffer): number {
  const window = chunk.subarray(Math.max(0, chunk.length - delimiter.length + 1))
  const at = window.lastIndexOf(CR)
  if (at < 0) return 0
  const length = window.length - at
  return window.compare(delimiter, 0, length, at) === 0 ? length : 0
}
