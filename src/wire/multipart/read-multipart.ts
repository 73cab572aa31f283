/**
 * Pull parser of multipart bodies (RFC 2046 section 5.1, RFC 2387): a part's body is handed on as the
 * source's own chunks, uncopied, and nothing is held back but the place within a delimiter.
 */
import { HubError } from '../../kernel/errors.ts'
import { DelimitedSource } from './delimited-source.ts'
import { parsePartHeaders } from './part-headers.ts'

export interface Part {
  /** From 1, in the order of the body. */
  readonly number: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /**
   * The part's bytes, once. A chunk is valid until the next is asked for. What is not read is passed over
   * when the next part is asked for. Throws `invalid` at its end where the part's own Content-Length
   * (RFC 9110 section 8.6) disagrees: the parts after it can still be read.
   */
  readonly body: AsyncIterable<Uint8Array>
}

export interface MultipartLimits {
  /** Bytes of one part's header block. */
  readonly headerBytes: number
  readonly parts: number
}

const LIMITS: MultipartLimits = { headerBytes: 16_384, parts: 100_000 }
/** What may stand before the first boundary and after the last one. */
const MAX_MARGIN = 65_536
const CLOSING = 0x2d

/**
 * Yields the parts of `source`. Throws `invalid`, naming the part, where the body is cut short or is not
 * multipart; `too-large` beyond a limit. Leaving the loop early ends the source.
 */
export async function* readMultipart(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
  limits: MultipartLimits = LIMITS,
): AsyncGenerator<Part, void, undefined> {
  const bytes = new DelimitedSource(source, boundary)
  try {
    await skipPreamble(bytes)
    for (let number = 1; !(await isClosing(bytes, number)); number += 1) {
      if (number > limits.parts)
        throw new HubError('too-large', `The body has more than ${limits.parts} parts`)
      const headers = await readHeaders(bytes, number, limits.headerBytes)
      const part = openBody(bytes, number, headers)
      yield { number, headers, body: part.body }
      await part.skip()
    }
    await skipEpilogue(bytes)
  } finally {
    await bytes.end()
  }
}

async function skipPreamble(bytes: DelimitedSource): Promise<void> {
  let length = 0
  for await (const chunk of bytes.untilDelimiter(() => truncated(1))) {
    length += chunk.length
    if (length > MAX_MARGIN) throw new HubError('invalid', 'The body has no multipart boundary')
  }
}

/** Reads on to the end of the source, so that it ends of itself and its connection lives on. */
async function skipEpilogue(bytes: DelimitedSource): Promise<void> {
  let length = bytes.rest.length
  while (length <= MAX_MARGIN && (await bytes.more())) length += bytes.rest.length
}

async function isClosing(bytes: DelimitedSource, number: number): Promise<boolean> {
  while (bytes.rest.length < 2) if (!(await bytes.append())) throw truncated(number)
  return bytes.rest[0] === CLOSING && bytes.rest[1] === CLOSING
}

async function readHeaders(
  bytes: DelimitedSource,
  number: number,
  limit: number,
): Promise<ReadonlyMap<string, string>> {
  let end = bytes.rest.indexOf('\r\n\r\n')
  while (end < 0 && bytes.rest.length <= limit) {
    if (!(await bytes.append())) throw truncated(number)
    end = bytes.rest.indexOf('\r\n\r\n')
  }
  if (end < 0 || end > limit)
    throw new HubError('too-large', `Part ${number}: the header is larger than ${limit} bytes`)
  const block = bytes.rest.toString('latin1', 0, end)
  bytes.rest = bytes.rest.subarray(end + 4)
  return parsePartHeaders(block, number)
}

interface OpenPart {
  readonly body: AsyncIterable<Uint8Array>
  /** Passes over what is left of the body; it then yields nothing more. */
  skip(): Promise<void>
}

function openBody(
  bytes: DelimitedSource,
  number: number,
  headers: ReadonlyMap<string, string>,
): OpenPart {
  const declared = headers.get('content-length')
  let state: 'open' | 'complete' | 'left' = 'open'
  const isOpen = (): boolean => state === 'open'

  async function* read(): AsyncGenerator<Uint8Array, void, undefined> {
    let length = 0
    if (!isOpen()) return
    for await (const chunk of bytes.untilDelimiter(() => truncated(number))) {
      length += chunk.length
      yield chunk
      if (!isOpen()) return
    }
    state = 'complete'
    if (declared !== undefined && declared !== String(length)) throw wrongLength(number)
  }

  return {
    body: { [Symbol.asyncIterator]: read },
    async skip() {
      if (!isOpen()) return
      state = 'left'
      const rest = bytes.untilDelimiter(() => truncated(number))
      while ((await rest.next()).done !== true);
    },
  }
}

function truncated(number: number): HubError {
  return broken(number, 'the body ends before its closing boundary')
}

function wrongLength(number: number): HubError {
  return broken(number, 'the body is not as long as its Content-Length says')
}

function broken(number: number, text: string): HubError {
  return new HubError('invalid', `Part ${number}: ${text}`, {
    problems: [{ location: `part ${number}`, text }],
  })
}
