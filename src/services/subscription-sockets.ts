/**
 * Websockets of this node and the subscriptions bound to them. A subscription has one websocket, the newest on
 * any node; what waits for it is told by the node that holds that one.
 */
import type { Pool } from 'pg'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import { bindSubscriptions, claimBound, findBound } from '../storage/subscription-progress.ts'
import { listSubscriptions } from '../storage/subscriptions.ts'
import type { RedeemBindingToken } from './binding-tokens.ts'
import type { SendNotification } from './attempt-notification.ts'
import { CLAIM_MS, type NotifySubscriber } from './notify-subscriber.ts'

/** The face's side of a websocket. */
export interface SocketPort {
  readonly send: SendNotification
  /** Ends it, because nothing is bound to it any more. */
  end(): void
}

export interface SubscriptionSockets {
  /** Whether the token was good; the handshakes follow. */
  bind(port: SocketPort, token: string): Promise<boolean>
  /** The websocket is gone. */
  leave(port: SocketPort): void
  /** Tells each what waits for it. Call often; what runs still is left alone. */
  pump(): Promise<void>
  /** How many subscriptions are bound here. */
  count(): number
}

export interface SubscriptionSocketsDeps {
  readonly pool: Pool
  readonly redeemBindingToken: RedeemBindingToken
  readonly notifySubscriber: NotifySubscriber
  readonly clock: Clock
  readonly newId: () => string
  readonly log: Log
}

/** One token's worth of subscriptions on one websocket. */
interface Bound {
  readonly binding: string
  readonly port: SocketPort
  /** Whose handshake has not been sent. */
  readonly fresh: Set<string>
  readonly ids: Set<string>
  readonly busy: Set<string>
}

/** How often a quiet subscription is looked at, so that it ends with the access that it had. */
const LOOK_MS = 2_000

export function makeSubscriptionSockets(deps: SubscriptionSocketsDeps): SubscriptionSockets {
  const { pool, clock } = deps
  const bindings = new Map<string, Bound>()
  const gone = new WeakSet<SocketPort>()
  let looked = clock().getTime()

  function drop(bound: Bound, id: string): void {
    bound.ids.delete(id)
    if (bound.ids.size > 0) return
    bindings.delete(bound.binding)
    if (![...bindings.values()].some(({ port }) => port === bound.port)) bound.port.end()
  }

  function begin(bound: Bound, id: string): void {
    if (bound.busy.has(id)) return
    bound.busy.add(id)
    tell(deps, bound, id)
      .catch((error: unknown) => {
        deps.log.error({ subscription: id, err: error }, 'A subscription could not be told')
      })
      .finally(() => bound.busy.delete(id))
  }

  return {
    async bind(port, token) {
      const good = await deps.redeemBindingToken(token)
      const own = good === undefined ? [] : await listSubscriptions(pool, good)
      const ids = own.filter(({ phase }) => phase !== 'stopped').map(({ id }) => id)
      if (ids.length === 0) return false
      const binding = deps.newId()
      await bindSubscriptions(pool, { ids, binding, at: clock() })
      const sets = { ids: new Set(ids), fresh: new Set(ids), busy: new Set<string>() }
      if (!gone.has(port)) bindings.set(binding, { binding, port, ...sets })
      return true
    },
    leave(port) {
      gone.add(port)
      for (const bound of bindings.values()) if (bound.port === port) bindings.delete(bound.binding)
    },
    async pump() {
      if (bindings.size === 0) return
      const at = clock()
      const isLook = at.getTime() - looked >= LOOK_MS
      if (isLook) looked = at.getTime()
      const known = [...bindings.values()]
      const found = await findBound(pool, [...bindings.keys()], at)
      for (const bound of known) {
        const still = new Map(
          found.filter(isOf(bound)).map(({ subscription, due }) => [subscription, due]),
        )
        for (const id of bound.ids) {
          const due = still.get(id)
          if (due === undefined) drop(bound, id)
          else if (due || isLook || bound.fresh.has(id)) begin(bound, id)
        }
      }
    },
    count: () => [...bindings.values()].reduce((sum, { ids }) => sum + ids.size, 0),
  }
}

async function tell(
  { pool, clock, newId, notifySubscriber }: SubscriptionSocketsDeps,
  { binding, port, fresh }: Bound,
  id: string,
): Promise<void> {
  const at = clock()
  const claiming = { claim: newId(), at, until: new Date(at.getTime() + CLAIM_MS) }
  const held = await claimBound(pool, { subscription: id, binding }, claiming)
  if (held === undefined) return
  await notifySubscriber(held, port.send, { handshake: fresh.delete(id) })
}

function isOf({ binding }: Bound): (one: { readonly binding: string }) => boolean {
  return (one) => one.binding === binding
}
