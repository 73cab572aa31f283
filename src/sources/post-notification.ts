/** Handing a notification to a subscriber's own server, through the one door out. */
import { isHubError } from '../kernel/errors.ts'
import type { Egress } from './egress.ts'

export interface OutgoingNotification {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timeoutMs: number
  /** Aborts when the subscriber's access ends. */
  readonly signal: AbortSignal
}

export type PostResult =
  | { readonly accepted: true }
  | {
      readonly accepted: false
      /** False where no byte can have reached the subscriber. */
      readonly mayHaveArrived: boolean
      /** For the subscriber: no address, nothing of what its server said. */
      readonly reason: string
    }

/** Resolves whatever happens; an answer outside 200 to 299 is no acceptance, a redirect is not followed. */
export type PostNotification = (notification: OutgoingNotification) => Promise<PostResult>

export function makePostNotification(egress: Pick<Egress, 'request'>): PostNotification {
  return async ({ url, headers, body, timeoutMs, signal }) => {
    const late = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await egress.request({
        ...{ url, headers, body, method: 'POST', once: true },
        signal: AbortSignal.any([signal, late]),
      })
      answer.discard()
      if (answer.status < 300) return { accepted: true }
      return failure(`The endpoint answered with status ${answer.status}`, true)
    } catch (error) {
      if (late.aborted) return failure('The endpoint did not answer in time', true)
      if (signal.aborted) return failure('Access ended', true)
      if (isHubError(error)) return failure(WORDS[error.code] ?? error.message, isSent(error))
      return failure('The connection failed', true)
    }
  }
}

function failure(reason: string, mayHaveArrived: boolean): PostResult {
  return { accepted: false, mayHaveArrived, reason }
}

/** The door speaks of sources. */
const WORDS: Readonly<Partial<Record<string, string>>> = {
  'source-failed': 'The endpoint failed, or could not be reached',
  'source-timeout': 'The endpoint did not answer in time',
  'source-unavailable': 'The endpoint keeps failing',
  forbidden: 'The address is not one that the hub may call',
}

/** Refused at the door, turned away by the breaker, or without a connection: nothing was sent. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function isSent({ code, cause }: { readonly code: string; readonly cause?: unknown }): boolean {
  if (code === 'forbidden' || code === 'source-unavailable') return false
  const fault = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return !NOT_CONNECTED.has(fault)
}
