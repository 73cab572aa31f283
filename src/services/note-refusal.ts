/**
 * Refusals at the authorization server that no decision has logged: a client that is not who it says, a
 * request that lacks what it needs. Each is an event, but only so many a minute from one place, so that
 * nobody can flood the log; the rest are told to wait.
 */
import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import type { ClientId } from '../kernel/ids.ts'
import type { AccessState } from './access-state.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'

export interface RefusedCall {
  /** OAuth error code. */
  readonly reason: string
  /** Who has proved to be a client. */
  readonly client?: ClientId | undefined
  /** Who says to be one, and has not proved it. */
  readonly claimed?: string | undefined
}

/**
 * Resolves once the refusal is logged, or to the seconds to wait where it was one too many. Successes are
 * never held up: others may share the address, and anybody may claim a client's id.
 */
export type NoteRefusal = (
  call: RefusedCall,
  context: RequestContext,
) => Promise<number | undefined>

export interface NoteRefusalDeps {
  readonly accessState: Pick<AccessState, 'client'>
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

/** A minute, from one address or of one client that is known. */
const ALLOWED = 20
const REFILL_MS = 60_000 / ALLOWED
/** Callers remembered; whoever has been quiet longest is forgotten first. */
const MAX_CALLERS = 10_000
const MAX_CLAIM = 64

interface Bucket {
  readonly left: number
  readonly at: number
}

export function makeNoteRefusal({ accessState, recordAudit, clock }: NoteRefusalDeps): NoteRefusal {
  const buckets = new LRUCache<string, Bucket>({ max: MAX_CALLERS })

  /** Undefined where there was one left to take. */
  function take(key: string, now: number): number | undefined {
    const { left, at } = buckets.get(key) ?? { left: ALLOWED, at: now }
    const filled = Math.min(ALLOWED, left + (now - at) / REFILL_MS)
    if (filled < 1) return Math.ceil(((1 - filled) * REFILL_MS) / 1000)
    buckets.set(key, { left: filled - 1, at: now })
    return undefined
  }

  return async (call, context) => {
    const at = clock()
    const wait = take(call.client ?? placeOf(context), at.getTime())
    if (wait !== undefined) return wait
    const claim = call.claimed?.slice(0, MAX_CLAIM).replaceAll(/\d{11}/g, '***')
    await recordAudit({
      ...context,
      act: 'token-refused',
      at,
      outcome: '4',
      reason: call.reason,
      principal: principalOf(call, accessState),
      entities: claim === undefined ? [] : [{ kind: 'query', query: `client_id=${claim}` }],
    })
    return undefined
  }
}

/** Whoever has one IPv6 address has the rest of its /64 as well. */
function placeOf({ address = 'unknown' }: RequestContext): string {
  if (!isIPv6(address) || address.startsWith('::')) return address
  return address.split(':').slice(0, 4).join(':')
}

function principalOf(
  { client: id }: RefusedCall,
  accessState: Pick<AccessState, 'client'>,
): Principal | undefined {
  const client = id === undefined ? undefined : accessState.client(id)
  return client && { client: client.id, member: client.member, actions: new Set(), tokenId: '' }
}
