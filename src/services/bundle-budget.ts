/** What one Bundle may take: time, and bytes of answers, which are held until the last entry is done. */
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { EntryResult } from './entry-result.ts'

export interface BundleBudget {
  /** Throws `invalid`, with reason `too-costly`, where nothing is left for another entry. */
  require(): void
  spend(result: EntryResult): void
}

/** No more than two full pages of a search. */
const MOST_BYTES = 8 * 1024 * 1024
const MOST_MS = 60_000

export function makeBundleBudget(clock: Clock): BundleBudget {
  const end = clock().getTime() + MOST_MS
  let left = MOST_BYTES
  return {
    require() {
      if (left > 0 && clock().getTime() < end) return
      const text =
        'The entries before this one have taken as much as a Bundle may: send it in another'
      throw new HubError('invalid', text, { reason: 'too-costly' })
    },
    spend(result) {
      left -= textsOf(result).reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    },
  }
}

function textsOf(result: EntryResult): readonly string[] {
  switch (result.kind) {
    case 'found':
      return [...result.page.matches, ...result.page.included].map(({ content }) => content)
    case 'history':
      return result.page.entries.map(({ content }) => content ?? '')
    case 'read':
    case 'written':
      return [result.resource.content]
    case 'deleted':
    case 'failed':
      return []
  }
}
