/** One attempt to tell a subscriber: what is said, and cutting it where access ends meanwhile. */
import type { Clock } from '../kernel/clock.ts'
import type { ClaimedSubscription } from '../storage/subscription-progress.ts'
import {
  notificationText,
  type NotificationType,
  type NotifiedEvent,
} from '../wire/fhir/notification.ts'
import { isXml } from '../wire/fhir/subscription.ts'
import { topicOf, type JudgeSubscriber } from './subscription-access.ts'

export type SendResult =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly mayHaveArrived: boolean; readonly reason: string }

/** Hands the text to the subscriber; resolves whatever happens. */
export type SendNotification = (text: string, signal: AbortSignal) => Promise<SendResult>

export interface AttemptDeps {
  readonly judgeSubscriber: JudgeSubscriber
  /** Hears of every change that may end access (AccessState); returns what ends that. */
  readonly onAccessChange: (listener: () => void) => () => void
  readonly clock: Clock
  readonly newId: () => string
  /** The FHIR base address. */
  readonly base: string
  /** JSON text of a resource in XML. */
  readonly writeXml: (text: string) => string
}

/** In the format that the subscriber asked for. */
export function attemptText(
  { base, clock, newId, writeXml }: AttemptDeps,
  held: ClaimedSubscription,
  type: NotificationType,
  told: { readonly events: number; readonly list: readonly NotifiedEvent[] } = {
    events: held.events,
    list: [],
  },
): string {
  // What arrives is proof that the error is over.
  const status = held.status === 'error' ? 'active' : held.status
  const { url } = topicOf(held)
  const { id, content } = held
  const text = notificationText(
    { id, topic: url, status, error: null, type, content, events: told.events, told: told.list },
    { base, at: clock(), newId },
  )
  return isXml(held) ? writeXml(text) : text
}

/** The attempt is cut where access ends while it lasts. */
export async function attempt(
  { judgeSubscriber, onAccessChange }: AttemptDeps,
  held: ClaimedSubscription,
  { send, text }: { readonly send: SendNotification; readonly text: string },
): Promise<SendResult> {
  const ending = new AbortController()
  const stopListening = onAccessChange(() => {
    judgeSubscriber(held).then(
      ({ ended }) => {
        if (ended) ending.abort()
      },
      () => ending.abort(),
    )
  })
  try {
    return await send(text, ending.signal)
  } finally {
    stopListening()
  }
}
