/** The deflated part of an object in Deflated Explicit VR Little Endian (PS3.5 section A.5), inflated chunk by chunk. */
import { createInflateRaw } from 'node:zlib'
import { unreadable } from './unreadable.ts'

export interface Inflater {
  /** Resolves when the chunk may be reused. Throws what `take` throws. */
  push(chunk: Buffer): Promise<void>
  /** Throws where the deflated stream is cut short. */
  finish(): Promise<void>
}

/** Against a bomb: an object larger than this is not taken in this syntax. */
const MAX_INFLATED = 1024 * 1024 * 1024

export function makeInflater(take: (chunk: Buffer) => void): Inflater {
  const stream = createInflateRaw()
  const closed = new Promise<void>((resolve) => stream.once('close', resolve))
  let total = 0
  let failure: Error | undefined

  stream.on('data', (chunk: Buffer) => {
    total += chunk.length
    try {
      if (total > MAX_INFLATED) throw unreadable('malformed', 'it inflates to too much')
      take(chunk)
    } catch (error) {
      failure ??= error instanceof Error ? error : new Error(String(error))
      stream.destroy()
    }
  })
  stream.on('error', () => {
    failure ??= unreadable('truncated', 'its deflated data set is broken or cut short')
  })

  async function settled(step: Promise<void>): Promise<void> {
    // A broken stream may never answer a write: its end answers for it.
    await Promise.race([step, closed])
    if (failure !== undefined) throw failure
  }

  return {
    push(chunk) {
      if (stream.destroyed || stream.readableEnded) return settled(closed)
      return settled(new Promise((resolve) => stream.write(chunk, () => resolve())))
    },
    finish() {
      stream.end()
      return settled(closed)
    },
  }
}
