/**
 * The one door out. Every call to a system that is not ours passes here: allow-list, pinned addresses, a
 * bounded pool of connections, time limits, bounded retries and a circuit breaker per origin.
 */
import { lookup, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import {
  BrokenCircuitError,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  type IPolicy,
  retry,
  wrap,
} from 'cockatiel'
import { Pool } from 'undici'
import { HubError, isHubError } from '../kernel/errors.ts'
import { type AllowList, makeAllowList } from './allow-list.ts'
import { isUnanswered, sourceFailure } from './failure.ts'
import { getByHttp1 } from './http1.ts'
import { type Answer, judgeAnswer } from './judge-answer.ts'
import { makeSlots, type Slots } from './slots.ts'

export type { Answer }

export interface EgressOptions {
  /** `host:port`, `host` or `loopback`: SAMSYN_EGRESS_ALLOW. */
  readonly allow: readonly string[]
  /** Milliseconds from the question to the answer's headers, waiting for a connection included. */
  readonly answerWithin?: number
  /** Milliseconds of silence in a body before it is given up. */
  readonly idleWithin?: number
  /** Connections per origin: what the hub will load one source with. */
  readonly connections?: number
  /** Consecutive failures that open the breaker, and milliseconds until it is tried again. */
  readonly breakAfter?: number
  readonly breakFor?: number
}

export interface OutgoingRequest {
  readonly url: URL
  readonly method?: 'GET' | 'POST' | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  /** Never asked again by itself: whoever asks must know whether the question may have arrived. */
  readonly once?: boolean | undefined
  /** Aborts the question and, later, the answer's body. */
  readonly signal?: AbortSignal | undefined
}

export interface Egress {
  /**
   * Throws HubError `source-failed`, `source-timeout` or, with the breaker open, `source-unavailable`;
   * `forbidden` for an address that is not on the allow-list.
   */
  request(request: OutgoingRequest): Promise<Answer>
  /**
   * The same for a long answer to a GET, on a connection of its own: each chunk of its body is good only
   * until the next is asked for.
   */
  stream(request: OutgoingRequest): Promise<Answer>
  /** Throws as `request` would for an address it refuses, without calling. */
  check(url: URL): void
  close(): Promise<void>
}

interface Door {
  readonly pool: Pool
  readonly policies: Policies
  readonly slots: Slots
  readonly lookup: LookupFunction
}

type Ask = (door: Door, request: OutgoingRequest, signal: AbortSignal) => Promise<Answer>

export function makeEgress(options: EgressOptions): Egress {
  const allow = makeAllowList(options.allow)
  const doors = new Map<string, Door>()
  const limits: Limits = {
    answerWithin: options.answerWithin ?? 15_000,
    idleWithin: options.idleWithin ?? 30_000,
    connections: options.connections ?? 16,
  }

  const doorTo = (url: URL): Door => {
    checkAddress(url, allow)
    const known = doors.get(url.origin)
    if (known !== undefined) return known
    const lookup = guardedLookup(portOf(url), allow)
    const door: Door = {
      pool: makePool(url, lookup, limits),
      policies: makePolicies(options),
      slots: makeSlots(limits.connections),
      lookup,
    }
    doors.set(url.origin, door)
    return door
  }

  async function call(ask: Ask, request: OutgoingRequest): Promise<Answer> {
    const door = doorTo(request.url)
    const inTime = (): Promise<Answer> =>
      within(limits.answerWithin, request.signal, (signal) => ask(door, request, signal))
    try {
      const { once, again } = door.policies
      return await (request.once === true ? once : again).execute(inTime)
    } catch (error) {
      if (request.signal?.aborted === true) throw error
      if (error instanceof BrokenCircuitError)
        throw new HubError('source-unavailable', 'The source is failing; try again later', {
          cause: error,
        })
      throw sourceFailure(error)
    }
  }

  return {
    request: (request) => call(askThroughPool, request),
    stream: (request) =>
      call((door, asked, signal) => askAlone(door, asked, { signal, ...limits }), request),
    check: (url) => checkAddress(url, allow),
    async close() {
      await Promise.all([...doors.values()].map(({ pool }) => pool.destroy()))
      doors.clear()
    },
  }
}

function checkAddress(url: URL, allow: AllowList): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new HubError('forbidden', 'A source is called by http or https only')
  if (url.username !== '' || url.password !== '')
    throw new HubError('forbidden', "Credentials do not belong in a source's address")
  if (!allow.allowsHost(url.hostname, portOf(url)))
    throw new HubError('forbidden', 'This address is not on the list SAMSYN_EGRESS_ALLOW')
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}

interface Limits {
  readonly answerWithin: number
  readonly idleWithin: number
  readonly connections: number
}

function makePool(url: URL, lookup: LookupFunction, limits: Limits): Pool {
  return new Pool(url.origin, {
    connections: limits.connections,
    // Orthanc closes an idle connection after 1 s and says so; the default margin of 1 s would
    // make every request a new connection.
    keepAliveTimeoutThreshold: 300,
    headersTimeout: limits.answerWithin,
    bodyTimeout: limits.idleWithin,
    maxHeaderSize: 16_384,
    connect: {
      timeout: Math.min(5_000, limits.answerWithin),
      lookup,
      noDelay: true,
      allowH2: false,
    },
  })
}

/** The addresses that are judged are the very ones connected to: no second look-up can differ. */
function guardedLookup(port: number, allow: AllowList): LookupFunction {
  const isAllowed = ({ address }: LookupAddress): boolean => allow.allowsAddress(address, port)
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = error === null ? found.filter(isAllowed) : []
      const [first] = addresses
      if (error !== null) callback(error, [])
      else if (first === undefined) callback(new Error('An address that is not allowed'), [])
      else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

/** Of one origin: they share its breaker. */
interface Policies {
  readonly once: IPolicy
  readonly again: IPolicy
}

function makePolicies(options: EgressOptions): Policies {
  const breaker = circuitBreaker(handleWhen(isTheSourcesFault), {
    halfOpenAfter: options.breakFor ?? 10_000,
    breaker: new ConsecutiveBreaker(options.breakAfter ?? 5),
  })
  const again = retry(handleWhen(isUnanswered), {
    maxAttempts: 2,
    backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 500 }),
  })
  return { once: breaker, again: wrap(breaker, again) }
}

/** A caller who left has not shown that the source is ill, nor has an answer such as 404. */
function isTheSourcesFault(error: unknown): boolean {
  if (error instanceof Error && error.name === 'AbortError') return false
  return !isHubError(error) || error.code === 'source-failed' || error.code === 'source-timeout'
}

/** Runs `work` under a signal that aborts when the caller leaves or no answer has begun in time. */
async function within<Result>(
  milliseconds: number,
  caller: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController()
  const timer = setTimeout(() => {
    late.abort(new HubError('source-timeout', 'The source did not answer in time'))
  }, milliseconds)
  try {
    return await work(caller === undefined ? late.signal : AbortSignal.any([caller, late.signal]))
  } finally {
    clearTimeout(timer)
  }
}

const askThroughPool: Ask = async ({ pool }, { url, ...request }, signal) => {
  const { statusCode, headers, body } = await pool.request({
    path: url.pathname + url.search,
    method: request.method ?? 'GET',
    headers: { ...ENCODING, ...request.headers },
    body: request.body ?? null,
    signal,
  })
  // A body that is let go of may still report its reset; nobody is left to be told.
  body.on('error', () => undefined)
  return judgeAnswer({
    status: statusCode,
    header: (name) => {
      const value = headers[name]
      return typeof value === 'string' ? value : value?.[0]
    },
    body: body as AsyncIterable<Buffer>,
    discard: () => void body.destroy(),
  })
}

const ENCODING = { 'accept-encoding': 'identity' }

async function askAlone(
  { slots, lookup }: Door,
  { url, headers }: OutgoingRequest,
  { signal, idleWithin }: Limits & { readonly signal: AbortSignal },
): Promise<Answer> {
  const release = await slots.take(signal)
  const request = { url, headers: { ...ENCODING, ...headers }, signal }
  try {
    const answer = await getByHttp1(request, { lookup, idleWithin, onClose: release })
    return judgeAnswer({
      status: answer.status,
      header: (name) => answer.headers.get(name),
      body: answer.body,
      discard: () => answer.destroy(),
    })
  } catch (error) {
    release()
    throw error
  }
}
