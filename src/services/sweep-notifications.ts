/** Forgetting old events, and telling a subscriber that has fallen behind them that it has. */
import type { Pool } from 'pg'
import type { Clock } from '../kernel/clock.ts'
import { findBehind, forgetSentBefore } from '../storage/subscription-notifications.ts'
import { readSubscriptionRow } from '../storage/subscriptions.ts'
import { settleStanding } from './subscription-standing.ts'

export type SweepNotifications = () => Promise<void>

export interface SweepNotificationsDeps {
  readonly pool: Pool
  readonly clock: Clock
}

/** How long an event is kept, told or not. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000
/** Events that may wait for one subscriber. */
const MOST_WAITING = 1_000_000
const BATCH = 10_000

export function makeSweepNotifications({
  pool,
  clock,
}: SweepNotificationsDeps): SweepNotifications {
  return async () => {
    const at = clock()
    const since = new Date(at.getTime() - KEPT_MS)
    for (const id of await findBehind(pool, since, MOST_WAITING)) await giveUp(pool, id, at)
    while ((await forgetSentBefore(pool, since, BATCH)) === BATCH);
  }
}

async function giveUp(pool: Pool, id: string, at: Date): Promise<void> {
  const known = await readSubscriptionRow(pool, id)
  if (known === undefined || known.phase === 'stopped') return
  const error =
    'More events have waited, or for longer, than are kept, and they are gone: search for what has ' +
    'changed since, and request the subscription again'
  await settleStanding(pool, known, { phase: 'stopped', status: 'off', error, at })
}
