/**
 * So many questions a minute and client: whoever may find a person may not list people. Kept in each
 * process's memory, for a bounded number of clients (a token bucket, filled again as time passes).
 */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { ClientId } from '../kernel/ids.ts'

/** Throws `too-many-requests`, with when to try again, where the client has used up its share. */
export type LimitRate = (client: ClientId) => void

export interface LimitRateDeps {
  readonly clock: Clock
  /** Questions that a client may ask a minute, and all at once. */
  readonly perMinute: number
}

/** Far more clients than a network has. */
const MOST_CLIENTS = 10_000
const MINUTE_MS = 60_000

interface Share {
  readonly left: number
  readonly at: number
}

export function makeLimitRate({ clock, perMinute }: LimitRateDeps): LimitRate {
  const shares = new LRUCache<ClientId, Share>({ max: MOST_CLIENTS })
  return (client) => {
    const now = clock().getTime()
    const share = shares.get(client)
    const left = leftOf(share, now, perMinute)
    if (left < 1) {
      const retryAfter = Math.ceil(((1 - left) * MINUTE_MS) / perMinute / 1000)
      const text = `At most ${perMinute} persons are looked for in a minute: try again in ${retryAfter} s`
      throw new HubError('too-many-requests', text, { retryAfter })
    }
    // A clock that goes back gives nothing twice.
    shares.set(client, { left: left - 1, at: Math.max(now, share?.at ?? now) })
  }
}

function leftOf(share: Share | undefined, now: number, perMinute: number): number {
  if (share === undefined) return perMinute
  const gained = (Math.max(0, now - share.at) * perMinute) / MINUTE_MS
  return Math.min(perMinute, share.left + gained)
}
