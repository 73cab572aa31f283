/** Bytes into a response with back-pressure, and the news that its reader has gone. */
import type { ServerResponse } from 'node:http'

/** Aborts when the client leaves before the response was finished. */
export function clientGone(res: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (res.destroyed) gone.abort(new Error('The client has left'))
  else
    res.once('close', () => {
      if (!res.writableFinished) gone.abort(new Error('The client has left'))
    })
  return gone.signal
}

/**
 * Writes the chunks as one; resolves when the operating system has them all and their buffers may be used
 * again. Rejects when `signal` aborts: the buffers may then still be in use.
 */
export function writeChunks(
  res: ServerResponse,
  chunks: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<void> {
  return untilDone(res, signal, (done) => {
    // The socket's own cork: the response's lets a chunk's size and end out in writes of their own.
    const { socket } = res
    socket?.cork()
    chunks.forEach((chunk, index) => {
      if (index === chunks.length - 1) res.write(chunk, done)
      else res.write(chunk)
    })
    socket?.uncork()
  })
}

/** Ends the response; resolves when its last byte was handed to the operating system. */
export function endResponse(
  res: ServerResponse,
  last: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<void> {
  return untilDone(res, signal, (done) => {
    if (last === undefined) res.end(done)
    else res.end(last, () => done())
  })
}

/** A response whose socket is gone forgets its callbacks: the signal is what ends the wait then. */
function untilDone(
  res: ServerResponse,
  signal: AbortSignal,
  start: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(reasonOf(signal))
    if (signal.aborted) {
      stop()
      return
    }
    signal.addEventListener('abort', stop, { once: true })
    start((error) => {
      if (error === undefined || error === null) {
        signal.removeEventListener('abort', stop)
        resolve()
      } else {
        // The connection broke: `signal`, which hears of it by `close` as well, says who ended it.
        res.once('close', () => reject(error))
        res.destroy()
      }
    })
  })
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('The stream was cut')
}
