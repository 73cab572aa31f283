/**
 * Many small appends, few commits: one batch is in flight while the next one gathers, so that a commit
 * costs each caller at most the rest of the one before it and never a timer's delay.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { HubError } from '../kernel/errors.ts'
import { isDataError } from '../storage/transaction-errors.ts'

export interface GroupCommitLimits {
  /** Entries of one commit. */
  readonly batch: number
  /** Entries that may wait. */
  readonly queue: number
  /** Sum of their sizes, as `sizeOf` counts. */
  readonly bytes: number
}

export interface GroupCommits<Entry> {
  /** Resolves when the entry is committed; rejects with `unavailable` where the queue is full or ended. */
  add(entry: Entry): Promise<void>
  /** Takes nothing more; resolves when what waits is committed or has failed. */
  close(): Promise<void>
}

interface Waiting<Entry> {
  readonly entry: Entry
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

export function makeGroupCommits<Entry>(deps: {
  readonly commit: (entries: readonly Entry[]) => Promise<void>
  readonly sizeOf: (entry: Entry) => number
  readonly limits: GroupCommitLimits
}): GroupCommits<Entry> {
  const { commit, sizeOf, limits } = deps
  let waiting: Waiting<Entry>[] = []
  let bytes = 0
  let running: Promise<void> | undefined
  let ended = false

  async function run(): Promise<void> {
    // What arrives in the same turn of the event loop shares the commit.
    await nextTurn()
    while (waiting.length > 0) {
      const batch = waiting.slice(0, limits.batch)
      waiting = waiting.slice(limits.batch)
      bytes = waiting.length === 0 ? 0 : bytes - total(batch)
      await settle(batch)
    }
    running = undefined
  }

  const total = (batch: readonly Waiting<Entry>[]): number =>
    batch.reduce((sum, { entry }) => sum + sizeOf(entry), 0)

  async function settle(batch: readonly Waiting<Entry>[]): Promise<void> {
    try {
      await commit(batch.map(({ entry }) => entry))
      for (const { resolve } of batch) resolve()
    } catch (error) {
      // One entry that the database refuses must not take its neighbours with it.
      if (batch.length > 1 && isDataError(error)) for (const one of batch) await settle([one])
      else for (const { reject } of batch) reject(error)
    }
  }

  return {
    add(entry) {
      if (ended) return Promise.reject(new HubError('unavailable', 'The hub is stopping'))
      const size = sizeOf(entry)
      if (waiting.length >= limits.queue || bytes + size > limits.bytes) {
        return Promise.reject(
          new HubError('unavailable', 'The audit log cannot keep up; try again'),
        )
      }
      bytes += size
      return new Promise<void>((resolve, reject) => {
        waiting.push({ entry, resolve, reject })
        running ??= run()
      })
    },
    async close() {
      ended = true
      await running
    },
  }
}
