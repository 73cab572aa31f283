/**
 * One GET over HTTP/1.1 on a connection of its own, its body handed on in the socket reader's one buffer
 * (RFC 9112). For answers as long as a study; everything else goes through the pool.
 */
import { openSocket, type SocketOptions, type SocketReader } from './socket-reader.ts'

export interface Http1Request {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

export interface Http1Answer {
  readonly status: number
  /** Names in lower case; of a repeated field the first. */
  readonly headers: ReadonlyMap<string, string>
  /** A chunk is good until the next is asked for. */
  readonly body: AsyncIterable<Buffer>
  destroy(): void
}

/** The peer does not speak HTTP/1.1, or its answer ends before it is whole. */
export class Http1Error extends Error {
  override readonly name = 'Http1Error'
}

const MAX_HEAD = 16_384
const MAX_LINE = 1_024
const EMPTY = Buffer.alloc(0)

export async function getByHttp1(
  request: Http1Request,
  options: SocketOptions,
): Promise<Http1Answer> {
  const socket = openSocket(request.url, options)
  const leave = (): void => socket.destroy(reasonOf(request.signal))
  if (request.signal.aborted) leave()
  request.signal.addEventListener('abort', leave, { once: true })
  const destroy = (): void => {
    request.signal.removeEventListener('abort', leave)
    socket.destroy()
  }
  try {
    socket.write(printRequest(request))
    const bytes = makeByteReader(socket)
    const head = await readHead(bytes)
    return { ...head, body: readBody(bytes, head, destroy), destroy }
  } catch (error) {
    destroy()
    throw error
  }
}

function printRequest({ url, headers }: Http1Request): string {
  const fields = { host: url.host, ...headers, connection: 'close' }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  if (lines.some((line) => /[^\x20-\xff]/.test(line)))
    throw new Http1Error('A header field holds a control character')
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

interface ByteReader {
  /** What was read and not consumed yet. */
  rest: Buffer
  /** Replaces `rest`, which must be consumed; false at the end. */
  more(): Promise<boolean>
  /** Text up to and without `end`, copied. */
  textUntil(end: string, limit: number): Promise<string>
}

function makeByteReader(socket: SocketReader): ByteReader {
  const self: ByteReader = {
    rest: EMPTY,
    async more() {
      const next = await socket.next()
      self.rest = next ?? EMPTY
      return next !== undefined
    },
    async textUntil(end, limit) {
      let text = ''
      for (;;) {
        const before = text.length
        text += self.rest.toString('latin1')
        const at = text.indexOf(end, Math.max(0, before - end.length))
        if ((at < 0 ? text.length : at) > limit) throw new Http1Error('A line or head is too long')
        if (at >= 0) {
          self.rest = self.rest.subarray(at + end.length - before)
          return text.slice(0, at)
        }
        if (!(await self.more())) throw new Http1Error('The answer ends too early')
      }
    },
  }
  return self
}

type Head = Pick<Http1Answer, 'status' | 'headers'>

async function readHead(bytes: ByteReader): Promise<Head> {
  // Closed without a word: what may be asked again (RFC 9112 section 9.3.1).
  if (!(await bytes.more()))
    throw Object.assign(new Error('The connection was closed'), { code: 'ECONNRESET' })
  for (;;) {
    const [first = '', ...lines] = (await bytes.textUntil('\r\n\r\n', MAX_HEAD)).split('\r\n')
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1] ?? 0)
    if (status < 100) throw new Http1Error('Not an HTTP/1.1 answer')
    // Interim answers are followed by the real one (RFC 9110 section 15.2).
    if (status >= 200) return { status, headers: parseFields(lines) }
  }
}

function parseFields(lines: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of lines) {
    const found = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line)
    if (found === null) throw new Http1Error('Not a header field')
    const [, name = '', value = ''] = found
    const key = name.toLowerCase()
    // Two different lengths are how one answer is passed off as another (RFC 9112 section 6.3).
    if (key === 'content-length' && (fields.get(key) ?? value) !== value)
      throw new Http1Error('The answer has two lengths')
    if (!fields.has(key)) fields.set(key, value)
  }
  return fields
}

async function* readBody(
  bytes: ByteReader,
  head: Head,
  destroy: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* framed(bytes, head)
  } finally {
    destroy()
  }
}

/** RFC 9112 section 6.3. */
function framed(bytes: ByteReader, { status, headers }: Head): AsyncGenerator<Buffer> {
  const coding = headers.get('transfer-encoding')
  const length = headers.get('content-length')
  if (status === 204 || status === 304) return readExactly(bytes, 0)
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') throw new Http1Error('An unknown transfer coding')
    return readChunked(bytes)
  }
  if (length === undefined) return readToEnd(bytes)
  if (!/^\d{1,15}$/.test(length)) throw new Http1Error('Not a length')
  return readExactly(bytes, Number(length))
}

async function* readExactly(bytes: ByteReader, length: number): AsyncGenerator<Buffer> {
  let left = length
  while (left > 0) {
    if (bytes.rest.length === 0 && !(await bytes.more()))
      throw new Http1Error('The answer ends too early')
    const chunk = bytes.rest.subarray(0, left)
    bytes.rest = bytes.rest.subarray(chunk.length)
    left -= chunk.length
    if (chunk.length > 0) yield chunk
  }
}

async function* readChunked(bytes: ByteReader): AsyncGenerator<Buffer> {
  for (;;) {
    const line = await bytes.textUntil('\r\n', MAX_LINE)
    const size = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line)?.[1]
    if (size === undefined) throw new Http1Error('Not a chunk')
    const length = parseInt(size, 16)
    if (length === 0) break
    yield* readExactly(bytes, length)
    if ((await bytes.textUntil('\r\n', 2)) !== '') throw new Http1Error('Not a chunk')
  }
  while ((await bytes.textUntil('\r\n', MAX_HEAD)) !== '');
}

async function* readToEnd(bytes: ByteReader): AsyncGenerator<Buffer> {
  do {
    if (bytes.rest.length > 0) yield bytes.rest
  } while (await bytes.more())
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('The request was given up')
}
