/**
 * A client's socket read into one buffer, again and again: streams of fresh buffers spend half the CPU on
 * collecting them. The next read begins when the next chunk is asked for, which is the back-pressure.
 */
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface SocketReader {
  /** The bytes of the next read, good until the next call; undefined at the end. Rejects where it breaks. */
  next(): Promise<Buffer | undefined>
  write(text: string): void
  /** Ends the connection; a pending or later `next` rejects with `reason`. */
  destroy(reason?: Error): void
}

export interface SocketOptions {
  /** Finds and judges the address that is connected to. */
  readonly lookup: LookupFunction
  /** Milliseconds `next` waits; then it rejects with code ETIMEDOUT. */
  readonly idleWithin: number
  /** Called when the connection is closed, for whatever reason. */
  readonly onClose: () => void
}

const BUFFER = 256 * 1024

interface Waiting {
  readonly resolve: (chunk: Buffer | undefined) => void
  readonly reject: (error: Error) => void
}

export function openSocket(url: URL, options: SocketOptions): SocketReader {
  const buffer = Buffer.allocUnsafeSlow(BUFFER)
  let arrived: Buffer | undefined
  let ended = false
  let failure: Error | undefined
  let waiting: Waiting | undefined
  const idle = setTimeout(() => {
    if (waiting !== undefined) socket.destroy(coded('ETIMEDOUT', 'The connection is silent'))
  }, options.idleWithin)

  function settle(settleOne: (one: Waiting) => void): void {
    const one = waiting
    waiting = undefined
    if (one !== undefined) settleOne(one)
  }

  const socket = openTo(url, options.lookup, {
    buffer,
    callback: (length) => {
      const chunk = buffer.subarray(0, length)
      if (waiting === undefined) arrived = chunk
      else settle(({ resolve }) => resolve(chunk))
      return false
    },
  })
  socket.on('end', () => {
    ended = true
    settle(({ resolve }) => resolve(undefined))
  })
  socket.on('error', (error) => {
    failure ??= error
  })
  socket.on('close', () => {
    clearTimeout(idle)
    options.onClose()
    failure ??= coded('ECONNRESET', 'The connection was closed')
    const error = failure
    settle(({ reject }) => reject(error))
  })

  return {
    next() {
      const ready = arrived
      arrived = undefined
      if (ready !== undefined) return Promise.resolve(ready)
      if (ended) return Promise.resolve(undefined)
      if (failure !== undefined) return Promise.reject(failure)
      idle.refresh()
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.resume()
      })
    },
    write: (text) => void socket.write(text, 'latin1'),
    destroy(reason) {
      failure ??= reason ?? new Error('The connection was let go')
      socket.destroy()
    },
  }
}

interface OnRead {
  readonly buffer: Buffer
  readonly callback: (length: number) => boolean
}

function openTo(url: URL, lookup: LookupFunction, onread: OnRead): Socket {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (url.protocol !== 'https:')
    return connectTcp({ host, port: Number(url.port || 80), lookup, noDelay: true, onread })
  // `onread` is an option of tls.connect as well, which its types leave out.
  const options = { host, port: Number(url.port || 443), lookup, noDelay: true, onread }
  const servername = isIP(host) === 0 ? { servername: host } : {}
  return connectTls({ ...options, ...servername, ALPNProtocols: ['http/1.1'] })
}

function coded(code: string, text: string): Error {
  return Object.assign(new Error(text), { code })
}
