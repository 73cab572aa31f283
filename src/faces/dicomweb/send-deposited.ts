/**
 * Deposited objects onto a response: large reads over neighbouring objects into two reused buffers, the next
 * read while the last one drains (architecture.md idea 3).
 */
import type { ServerResponse } from 'node:http'
import { HubError } from '../../kernel/errors.ts'
import type { BufferPool } from '../buffer-pool.ts'
import { writeChunks } from '../response-flow.ts'

/**
 * Reads `length` bytes at `offset` of a landing file into `buffer`; returns how many were read, fewer only
 * at the end of the file.
 */
export type ReadObject = (
  landing: string,
  offset: number,
  length: number,
  buffer: Uint8Array,
) => Promise<number>

/** One object, and what goes before it. */
export interface DepositedPiece {
  readonly head: Uint8Array | undefined
  readonly landing: string
  readonly offset: number
  readonly bytes: number
}

export interface DepositedSender {
  readonly readObject: ReadObject
  readonly buffers: BufferPool
}

/** Rejects when `signal` aborts or a byte cannot be read; the response is then unfinished. */
export async function sendDeposited(
  res: ServerResponse,
  pieces: readonly DepositedPiece[],
  { readObject, buffers, signal }: DepositedSender & { readonly signal: AbortSignal },
): Promise<void> {
  const [one, two] = [buffers.take(), buffers.take()]
  let draining = Promise.resolve()
  let buffer = one
  for (const range of rangesOf(pieces, buffers.size)) {
    const length = await readObject(range.landing, range.offset, range.length, buffer)
    await draining
    if (length < range.length) throw new HubError('unavailable', 'An object is not all there')
    draining = writeChunks(res, chunksOf(range, buffer), signal)
    // Its failure is thrown where it is awaited, which may be after the next read.
    draining.catch(() => undefined)
    buffer = buffer === one ? two : one
  }
  await draining
  // After a failure they may still be on their way out, and are left to be collected.
  buffers.give(one)
  buffers.give(two)
}

/** A read that fills one buffer at most, and which pieces lie in it. */
interface Range {
  readonly landing: string
  readonly offset: number
  readonly length: number
  readonly cuts: readonly Cut[]
}

/** From `at` in the range on, bytes of a piece; with its head where it begins there. */
interface Cut {
  readonly at: number
  readonly head: Uint8Array | undefined
}

function* rangesOf(pieces: readonly DepositedPiece[], size: number): Generator<Range> {
  for (const run of runsOf(pieces)) {
    let next = 0
    for (let from = 0; from < run.length; from += size) {
      const length = Math.min(size, run.length - from)
      const first = next
      while ((run.cuts[next]?.at ?? run.length) < from + length) next += 1
      const cuts = run.cuts.slice(first, next).map(({ at, head }) => ({ at: at - from, head }))
      if (cuts[0]?.at !== 0) cuts.unshift({ at: 0, head: undefined })
      yield { landing: run.landing, offset: run.offset + from, length, cuts }
    }
  }
}

/** Pieces that lie back to back make one range, whatever its length. */
function* runsOf(pieces: readonly DepositedPiece[]): Generator<Range> {
  let run: { landing: string; offset: number; length: number; cuts: Cut[] } | undefined
  for (const { head, landing, offset, bytes } of pieces) {
    const follows = run?.landing === landing && run.offset + run.length === offset
    if (run !== undefined && !follows) yield run
    if (run === undefined || !follows) run = { landing, offset, length: 0, cuts: [] }
    run.cuts.push({ at: run.length, head })
    run.length += bytes
  }
  if (run !== undefined) yield run
}

function chunksOf({ cuts, length }: Range, buffer: Buffer): readonly Uint8Array[] {
  return cuts.flatMap(({ at, head }, index) => {
    const body = buffer.subarray(at, cuts[index + 1]?.at ?? length)
    return head === undefined ? [body] : [head, body]
  })
}
