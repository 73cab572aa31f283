/** What a subscriber asked for, and what it has been told of (HL7 Subscriptions R5 Backport 1.1). */
import type { Action } from '../access/principal.ts'
import type { ClientId, OrganizationId } from '../../kernel/ids.ts'

export const PAYLOAD_CONTENTS = ['empty', 'id-only', 'full-resource'] as const
export type PayloadContent = (typeof PAYLOAD_CONTENTS)[number]

export type SubscriptionChannel = 'rest-hook' | 'websocket'
export type SubscriptionStatus = 'requested' | 'active' | 'error' | 'off'

/** `handshake`: not proven yet that somebody listens. `stopped`: nothing is captured for it. */
export type SubscriptionPhase = 'handshake' | 'running' | 'stopped'

/** What of a Subscription rules its delivery. */
export interface SubscriptionTerms {
  /** Code of the topic, and the type of what it is about. */
  readonly topic: string
  readonly type: string
  /** Queries without a type; all of them hold. */
  readonly filters: readonly string[]
  /** The one patient that the filters ask for. */
  readonly patient: string | null
  readonly channel: SubscriptionChannel
  readonly endpoint: string | null
  /** Media type, as sent. */
  readonly payload: string
  readonly content: PayloadContent
  readonly heartbeatSeconds: number | null
  readonly timeoutSeconds: number
  /** Events in one notification. */
  readonly maxCount: number
  readonly endsAt: Date | null
}

export interface Subscription extends SubscriptionTerms {
  readonly id: string
  readonly client: ClientId
  readonly member: OrganizationId
  readonly actions: readonly Action[]
  readonly phase: SubscriptionPhase
  readonly status: SubscriptionStatus
  /** In words, for the subscriber. */
  readonly error: string | null
}

/** A version of a resource that somebody may be told of. */
export interface EventFocus {
  readonly type: string
  readonly id: string
  readonly version: number
  /** When it was written, or settled. */
  readonly at: Date
}
