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
import { type Dispatcher, Pool } from 'undici'
import { HubError, isHubError } from '../kernel/errors.ts'
import { type AllowList, makeAllowList } from './allow-list.ts'
import { isUnanswered, sourceFailure } from './failure.ts'

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
  /** Aborts the question and, later, the answer's body. */
  readonly signal?: AbortSignal | undefined
}

export interface Answer {
  /** 200 to 299, or 400 to 499: a redirect or a 5xx is a failure of the source. */
  readonly status: number
  header(name: string): string | undefined
  /** Throws HubError `source-failed` or `source-timeout` where it breaks off. */
  readonly body: AsyncIterable<Buffer>
  /** Lets go of the connection when the body is not wanted. Safe at any time. */
  discard(): void
}

export interface Egress {
  /**
   * Throws HubError `source-failed`, `source-timeout` or, with the breaker open, `source-unavailable`;
   * `forbidden` for an address that is not on the allow-list.
   */
  request(request: OutgoingRequest): Promise<Answer>
  /** Throws as `request` would for an address it refuses, without calling. */
  check(url: URL): void
  close(): Promise<void>
}

interface Door {
  readonly pool: Pool
  readonly policy: IPolicy
}

export function makeEgress(options: EgressOptions): Egress {
  const allow = makeAllowList(options.allow)
  const doors = new Map<string, Door>()
  const answerWithin = options.answerWithin ?? 15_000

  const doorTo = (url: URL): Door => {
    checkAddress(url, allow)
    const known = doors.get(url.origin)
    if (known !== undefined) return known
    const door = { pool: makePool(url, allow, options), policy: makePolicy(options) }
    doors.set(url.origin, door)
    return door
  }

  return {
    async request(request) {
      const { pool, policy } = doorTo(request.url)
      try {
        return await policy.execute(() => ask(pool, request, answerWithin))
      } catch (error) {
        if (request.signal?.aborted === true) throw error
        if (error instanceof BrokenCircuitError)
          throw new HubError('source-unavailable', 'The source is failing; try again later', {
            cause: error,
          })
        throw sourceFailure(error)
      }
    },
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

function makePool(url: URL, allow: AllowList, options: EgressOptions): Pool {
  const idleWithin = options.idleWithin ?? 30_000
  return new Pool(url.origin, {
    connections: options.connections ?? 16,
    // Orthanc closes an idle connection after 1 s and says so; the default margin of 1 s would
    // make every request a new connection.
    keepAliveTimeoutThreshold: 300,
    headersTimeout: options.answerWithin ?? 15_000,
    bodyTimeout: idleWithin,
    maxHeaderSize: 16_384,
    connect: {
      timeout: Math.min(5_000, options.answerWithin ?? 15_000),
      lookup: guardedLookup(portOf(url), allow),
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

function makePolicy(options: EgressOptions): IPolicy {
  const breaker = circuitBreaker(handleWhen(isTheSourcesFault), {
    halfOpenAfter: options.breakFor ?? 10_000,
    breaker: new ConsecutiveBreaker(options.breakAfter ?? 5),
  })
  const again = retry(handleWhen(isUnanswered), {
    maxAttempts: 2,
    backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 500 }),
  })
  return wrap(breaker, again)
}

/** A caller who left has not shown that the source is ill, nor has an answer such as 404. */
function isTheSourcesFault(error: unknown): boolean {
  if (error instanceof Error && error.name === 'AbortError') return false
  return !isHubError(error) || error.code === 'source-failed' || error.code === 'source-timeout'
}

async function ask(pool: Pool, request: OutgoingRequest, answerWithin: number): Promise<Answer> {
  const late = new AbortController()
  const timer = setTimeout(() => {
    late.abort(new HubError('source-timeout', 'The source did not answer in time'))
  }, answerWithin)
  try {
    const { url, signal } = request
    const answer = await pool.request({
      path: url.pathname + url.search,
      method: request.method ?? 'GET',
      headers: { 'accept-encoding': 'identity', ...request.headers },
      body: request.body ?? null,
      signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
      highWaterMark: 256 * 1024,
    })
    return judge(answer)
  } finally {
    clearTimeout(timer)
  }
}

function judge(answer: Dispatcher.ResponseData): Answer {
  const { statusCode: status, body } = answer
  // A body that is let go of may still report its reset; nobody is left to be told.
  body.on('error', () => undefined)
  const discard = (): void => void body.destroy()
  const refuse = (text: string): never => {
    discard()
    throw new HubError('source-failed', text)
  }
  if (status >= 300 && status < 400)
    refuse('The source answered with a redirect, which is not followed')
  if (status < 200 || status >= 500) refuse(`The source answered with status ${status}`)
  const encoding = answer.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    refuse('The source answered in a content encoding that was not asked for')
  return {
    status,
    header: (name) => {
      const value = answer.headers[name]
      return typeof value === 'string' ? value : value?.[0]
    },
    body: chunksOf(body),
    discard,
  }
}

async function* chunksOf(body: Dispatcher.ResponseData['body']): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield chunk as Buffer
  } catch (error) {
    throw sourceFailure(error)
  } finally {
    body.destroy()
  }
}
