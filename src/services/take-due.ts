/** Taking up the subscription that has been due for longest, and telling it by a signed POST (channel rest-hook). */
import type { Pool } from 'pg'
import type { Clock } from '../kernel/clock.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { PostNotification } from '../sources/post-notification.ts'
import { claimDue, type ClaimedSubscription } from '../storage/subscription-progress.ts'
import type { SignMessage } from '../wire/sign-message.ts'
import { hostOf } from './file-subscription.ts'
import type { SendNotification, SendResult } from './attempt-notification.ts'
import { CLAIM_MS, type NotifySubscriber } from './notify-subscriber.ts'
import { openHeaders } from './sealed-headers.ts'

/** What is to be run to tell the one that was taken up, or undefined where none was due. On any node, any number. */
export type TakeDue = () => Promise<(() => Promise<void>) | undefined>

export interface TakeDueDeps {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly notifySubscriber: NotifySubscriber
  readonly postNotification: PostNotification
  readonly signMessage: SignMessage
  readonly clock: Clock
  readonly newId: () => string
}

export function makeTakeDue(deps: TakeDueDeps): TakeDue {
  const { pool, clock, newId, notifySubscriber } = deps
  return async () => {
    const at = clock()
    const until = new Date(at.getTime() + CLAIM_MS)
    const held = await claimDue(pool, { claim: newId(), at, until })
    return held && (() => notifySubscriber(held, makeSend(deps, held)))
  }
}

function makeSend(
  { sealer, postNotification, signMessage, clock }: TakeDueDeps,
  held: ClaimedSubscription,
): SendNotification {
  const url = new URL(held.endpoint ?? '')
  if (!held.hooks.includes(hostOf(url))) return () => Promise.resolve(UNREGISTERED)
  const own = openHeaders(sealer, held).map(({ name, value }) => [name, value] as const)
  return (body, signal) =>
    postNotification({
      ...{ url, body, signal, timeoutMs: held.timeoutSeconds * 1_000 },
      headers: {
        ...Object.fromEntries(own),
        ...signMessage({ url, body, contentType: held.payload }, clock()),
      },
    })
}

const UNREGISTERED: SendResult = {
  accepted: false,
  mayHaveArrived: false,
  reason: 'The host is no longer registered for this client',
}
