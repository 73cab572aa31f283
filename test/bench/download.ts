/** Downloads that cost the client next to nothing: bytes are read into one buffer per connection and counted. */
import { connect, type Socket } from 'node:net'

export interface DownloadOptions {
  /** Asked in turn. Plain HTTP. */
  readonly urls: readonly string[]
  readonly seconds: number
  /** Header fields of one request; may differ from request to request (DPoP). */
  readonly headers: (url: string) => Promise<Readonly<Record<string, string>>>
}

export interface DownloadResult {
  readonly requests: number
  readonly bytes: number
  readonly bytesPerSecond: number
  readonly p50Ms: number
}

const BUFFER = 512 * 1024
const MAX_HEAD = 16_384
const LAST_CHUNK = '\r\n0\r\n\r\n'

/** One at a time for so many seconds. Rejects where an answer is not 200 or its connection breaks. */
export async function download(options: DownloadOptions): Promise<DownloadResult> {
  const connection = makeConnection()
  const latencies: number[] = []
  let bytes = 0
  const start = performance.now()
  while (performance.now() < start + options.seconds * 1000) {
    const url = options.urls[latencies.length % options.urls.length] ?? ''
    const headers = await options.headers(url)
    const began = performance.now()
    bytes += await connection.get(new URL(url), headers)
    latencies.push(performance.now() - began)
  }
  const seconds = (performance.now() - start) / 1000
  connection.close()
  latencies.sort((a, b) => a - b)
  return {
    requests: latencies.length,
    bytes,
    bytesPerSecond: bytes / seconds,
    p50Ms: latencies[latencies.length >> 1] ?? 0,
  }
}

class ClosedError extends Error {}

export interface Connection {
  /** Resolves to the bytes of the answer, head included. */
  get(url: URL, headers: Readonly<Record<string, string>>): Promise<number>
  close(): void
}

/** Keeps the connection where the answer's length is told; else the answer ends with it. */
export function makeConnection(): Connection {
  const buffer = Buffer.allocUnsafeSlow(BUFFER)
  let socket: Socket | undefined
  let answer: Answer | undefined

  function open(url: URL): Socket {
    if (socket?.writable === true) return socket
    const opened = connect({
      host: url.hostname === 'localhost' ? '127.0.0.1' : url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: {
        buffer,
        callback: (length) => {
          answer?.take(buffer.subarray(0, length))
          return true
        },
      },
    })
    opened.on('error', () => undefined)
    opened.on('close', () => {
      if (socket === opened) answer?.end()
    })
    socket = opened
    return opened
  }

  function ask(url: URL, headers: Readonly<Record<string, string>>): Promise<number> {
    return new Promise((resolve, reject) => {
      answer = makeAnswer((result) => {
        answer = undefined
        if (typeof result === 'number') resolve(result)
        else reject(result)
      })
      const fields = Object.entries({ host: url.host, ...headers })
      const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      open(url).write(`GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines}\r\n`)
    })
  }

  return {
    get: (url, headers) => {
      const isReused = socket?.writable === true
      // A connection that was kept may be closed just as it is used again.
      return ask(url, headers).catch((error: unknown) => {
        if (isReused && error instanceof ClosedError) return ask(url, headers)
        throw error
      })
    },
    close: () => socket?.destroy(),
  }
}

interface Answer {
  take(chunk: Buffer): void
  end(): void
}

type Framing = { readonly length: number } | 'chunked' | 'close'

function makeAnswer(done: (result: number | Error) => void): Answer {
  let head = ''
  let tail = ''
  let bytes = 0
  let framing: Framing | undefined

  function readHead(chunk: Buffer): void {
    head += chunk.toString('latin1', 0, MAX_HEAD)
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const fields = head.slice(0, end + 2)
    if (!fields.startsWith('HTTP/1.1 200 ')) done(new Error(fields.split('\r\n', 1)[0]))
    framing = framingOf(fields, end + 4)
  }

  return {
    take(chunk) {
      bytes += chunk.length
      if (framing === undefined) readHead(chunk)
      if (framing === 'chunked') {
        tail = (tail + chunk.subarray(-LAST_CHUNK.length).toString('latin1')).slice(
          -LAST_CHUNK.length,
        )
        if (tail === LAST_CHUNK) done(bytes)
      } else if (typeof framing === 'object' && bytes === framing.length) done(bytes)
    },
    end: () => done(framing === 'close' ? bytes : new ClosedError(`Closed after ${bytes} bytes`)),
  }
}

function framingOf(fields: string, headBytes: number): Framing {
  const length = /\r\ncontent-length: *(\d+)/i.exec(fields)?.[1]
  if (length !== undefined) return { length: headBytes + Number(length) }
  return /\r\ntransfer-encoding: *chunked/i.test(fields) ? 'chunked' : 'close'
}
