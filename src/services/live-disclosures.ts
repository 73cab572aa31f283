/**
 * Streams in flight. Each is asked again, at every change of access and once a second, whether it would
 * still be let through; one that would not is cut (access.md section 4: within 5 s, everywhere).
 */
import { LRUCache } from 'lru-cache'
import type { ObjectFacts } from '../domain/access/filter.ts'
import { matches } from '../domain/access/match-filter.ts'
import type { PolicyProfile } from '../domain/access/profiles.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { AccessChange, AccessState } from './access-state.ts'
import { copyEnded } from '../storage/access-changes.ts'
import { makeAuthorizeAt, type Access, type AuthorizeAt } from './authorize.ts'

export interface LiveDisclosures {
  /** `facts` are those of the study as the access let it through. Call `close` when the stream has ended. */
  open(
    access: Access,
    facts: ObjectFacts,
  ): {
    readonly signal: AbortSignal
    close(): void
  }
  /** Streams being watched now. */
  count(): number
  /** Stops watching; streams still open go on unwatched, so close them first. */
  close(): void
}

export interface LiveDisclosuresDeps {
  readonly state: AccessState
  readonly profile: PolicyProfile
  readonly clock: Clock
}

interface Stream {
  readonly access: Access
  readonly facts: ObjectFacts
  readonly controller: AbortController
}

const MAX_ENDED = 10_000
const ENDED_MS = 5_000

/** Blocks begin and state grows old without a change being announced. */
const RECHECK_MS = 1_000

export function makeLiveDisclosures({
  state,
  profile,
  clock,
}: LiveDisclosuresDeps): LiveDisclosures {
  const authorizeAt = makeAuthorizeAt({ state, profile })
  const streams = new Set<Stream>()
  // A stream may be opened on what was found just before the copy came to its end.
  const ended = new LRUCache<string, true>({ max: MAX_ENDED, ttl: ENDED_MS })
  const timer = makeTimer(() => recheck(() => true))

  async function recheck(isAffected: (stream: Stream) => boolean): Promise<void> {
    const at = clock()
    const affected = [...streams].filter(isAffected)
    await Promise.all(
      affected.map(async (stream) => {
        if (!(await isStillPermitted(stream, at, authorizeAt))) cut(stream)
      }),
    )
  }

  function cut(stream: Stream): void {
    streams.delete(stream)
    stream.controller.abort(
      new HubError('forbidden', 'Access ended while the study was being sent'),
    )
  }

  function rest(): void {
    if (streams.size === 0) timer.stop()
  }

  const unsubscribe = state.onChange((change) => {
    if (change.kind === 'copy') endCopy(change.key)
    else void recheck((stream) => concerns(change, stream))
  })

  function endCopy(key: string): void {
    ended.set(key, true)
    for (const stream of streams) if (copiesOf(stream).includes(key)) cut(stream)
  }

  return {
    open(access, facts) {
      const stream = { access, facts, controller: new AbortController() }
      if (copiesOf(stream).some((key) => ended.has(key))) cut(stream)
      else streams.add(stream)
      timer.start()
      return {
        signal: stream.controller.signal,
        close() {
          streams.delete(stream)
          rest()
        },
      }
    },
    count: () => streams.size,
    close() {
      unsubscribe()
      streams.clear()
      rest()
    },
  }
}

function makeTimer(work: () => Promise<void>): { start(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  return {
    start() {
      timer ??= setInterval(() => {
        void work()
      }, RECHECK_MS)
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}

/**
 * A transfer that began in time finishes although its grant runs out meanwhile, so the question is put
 * at the last moment the grant was good. Whatever else cannot be answered is a no.
 */
async function isStillPermitted(
  { access, facts }: Stream,
  now: Date,
  authorizeAt: AuthorizeAt,
): Promise<boolean> {
  const { principal, action, grant } = access
  const lastMoment = grant === undefined ? Infinity : grant.expiresAt.getTime() - 1
  const at = new Date(Math.min(now.getTime(), lastMoment))
  try {
    const { filter } = await authorizeAt(principal, action, at)
    return matches(filter, facts)
  } catch (error) {
    if (isHubError(error)) return false
    // The database did not answer: the state says `unavailable` itself once it is too old.
    return true
  }
}

function copiesOf({ facts }: Pick<Stream, 'facts'>): readonly string[] {
  return facts.studyUids.map((study) => copyEnded(facts.custodian ?? '', study).key)
}

/** Members and agreements may stand between any two organisations: all are asked. */
function concerns({ kind, key }: AccessChange, { access, facts }: Stream): boolean {
  const { principal, grant } = access
  switch (kind) {
    case 'client':
      return principal.client === key
    case 'token':
      return principal.tokenId === key
    case 'grant':
      return principal.grant === key
    case 'patient':
      return facts.patient === key || grant?.patient === key
    case 'member':
    case 'agreement':
      return true
    case 'copy':
      return copiesOf({ facts }).includes(key)
  }
}
