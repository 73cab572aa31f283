/** What a subscriber may see at this moment: the same decision as for its requests, as a client without a person. */
import type { Principal } from '../domain/access/principal.ts'
import { actionsOf } from '../domain/access/scopes.ts'
import type { Subscription } from '../domain/subscription/subscription.ts'
import { isHubError } from '../kernel/errors.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import {
  SUBSCRIPTION_TOPICS,
  type SubscriptionTopic,
} from '../wire/fhir/subscription-topics-table.ts'
import type { AccessState } from './access-state.ts'
import type { Authorize } from './authorize.ts'

/** Throws where a stored row names a topic that this version of the hub lacks. */
export function topicOf({ topic }: Pick<Subscription, 'topic'>): SubscriptionTopic {
  const known = SUBSCRIPTION_TOPICS.find(({ code }) => code === topic)
  if (known === undefined) throw new Error('A subscription names no topic of this hub')
  return known
}

/** Covers what the token covered that made the subscription. */
export function subscriberOf({
  id,
  client,
  member,
  actions,
}: Pick<Subscription, 'id' | 'client' | 'member' | 'actions'>): Principal {
  return { client, member, actions: new Set(actions), tokenId: `subscription/${id}` }
}

export type Standing =
  | { readonly ended: false; readonly visibility: Visibility }
  /** Client or member is gone, or no longer has what it takes. */
  | { readonly ended: true }

/** Throws `unavailable` where access cannot be decided now. */
export type JudgeSubscriber = (
  subscription: Pick<Subscription, 'id' | 'client' | 'member' | 'actions' | 'topic'>,
) => Promise<Standing>

export interface JudgeSubscriberDeps {
  readonly authorize: Authorize
  readonly state: Pick<AccessState, 'client'>
}

export function makeJudgeSubscriber({ authorize, state }: JudgeSubscriberDeps): JudgeSubscriber {
  return async (subscription) => {
    const { type, action } = topicOf(subscription)
    const principal = subscriberOf(subscription)
    try {
      await authorize(principal, 'subscribe')
      const { filter } = await authorize(principal, action)
      // The token is long gone: what it covered holds no longer than the client's registration says so.
      const registered = actionsOf(state.client(subscription.client)?.scope ?? '')
      if (!registered.has('subscribe') || !registered.has(action)) return { ended: true }
      return { ended: false, visibility: new Map([[type, filter]]) }
    } catch (error) {
      if (isHubError(error) && ENDED.has(error.code)) return { ended: true }
      throw error
    }
  }
}

const ENDED: ReadonlySet<string> = new Set(['unauthenticated', 'forbidden', 'insufficient-scope'])
