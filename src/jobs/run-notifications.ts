/**
 * The notifications of one node: handing out what was captured, and telling those who are due. Not jobs of the
 * queue: what waits is rows already, each subscription's in an order of its own, and a worker that dies would
 * keep its job there for hours where a claim here ends within half a minute.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../kernel/log.ts'
import type { DispatchEvents } from '../services/dispatch-events.ts'
import type { SubscriptionSockets } from '../services/subscription-sockets.ts'
import type { SweepNotifications } from '../services/sweep-notifications.ts'
import type { TakeDue } from '../services/take-due.ts'
import type { Jobs } from './run-jobs.ts'

export interface NotificationsDeps {
  readonly dispatchEvents: DispatchEvents
  readonly takeDue: TakeDue
  /** Absent on a node that listens to nobody. */
  readonly subscriptionSockets?: Pick<SubscriptionSockets, 'pump'> | undefined
  readonly sweepNotifications: SweepNotifications
  readonly log: Log
}

/** How long an event waits at most before it is looked at, where nothing else is done. */
const TICK_MS = 250
/** Subscribers that are told at once by one node: a slow one takes one place. */
const AT_ONCE = 8
const SWEEP_MS = 10 * 60_000

/** A stop takes up nothing new and waits for what runs. */
export function startNotifications(deps: NotificationsDeps): Jobs {
  const { subscriptionSockets: sockets } = deps
  const loops = [
    startLoop(deps, async () => (await deps.dispatchEvents()) > 0, TICK_MS),
    startDeliveries(deps),
    ...(sockets === undefined
      ? []
      : [startLoop(deps, () => sockets.pump().then(() => false), TICK_MS)]),
    startLoop(deps, () => deps.sweepNotifications().then(() => false), SWEEP_MS),
  ]
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()))
    },
  }
}

function startDeliveries({ takeDue, log }: NotificationsDeps): Jobs {
  const running = new Set<Promise<void>>()

  async function takeUp(): Promise<boolean> {
    if (running.size >= AT_ONCE) await Promise.race(running)
    const tell = await takeDue()
    if (tell === undefined) return false
    const telling = tell()
      .catch((error: unknown) => {
        // Its claim ends by itself, and the next node to look goes on.
        log.warn({ err: error }, 'A subscription could not be told')
      })
      .finally(() => running.delete(telling))
    running.add(telling)
    return true
  }
  const loop = startLoop({ log }, takeUp, TICK_MS)
  return {
    async stop() {
      await loop.stop()
      await Promise.all(running)
    },
  }
}

/** Works again at once while there is more to do, and after `restMs` where there was not, or it failed. */
function startLoop(
  { log }: Pick<NotificationsDeps, 'log'>,
  work: () => Promise<boolean>,
  restMs: number,
): Jobs {
  const stopping = new AbortController()

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const hasMore = await work().catch((error: unknown) => {
        log.warn({ err: error }, 'Notifications are held up')
        return false
      })
      if (!hasMore) await rest(restMs, stopping.signal)
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** Shorter where it is time to stop. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return delay(milliseconds, undefined, { signal }).catch(() => undefined)
}
