/** A Subscription written over FHIR: by its own client, to hosts that an operator registered for it. */
import type { PoolClient } from 'pg'
import { NO_FACTS } from '../domain/access/filter.ts'
import type { Principal } from '../domain/access/principal.ts'
import type { SubscriptionStatus, SubscriptionTerms } from '../domain/subscription/subscription.ts'
import { HubError, isHubError, type Problem } from '../kernel/errors.ts'
import type { Sealer } from '../kernel/seal.ts'
import { listClientHooks } from '../storage/client-hooks.ts'
import type { NewResource } from '../storage/resources.ts'
import { startProgress } from '../storage/subscription-progress.ts'
import { forgetWaiting } from '../storage/subscription-notifications.ts'
import {
  asksForTheSame,
  countSubscriptions,
  lockSubscription,
  putSubscription,
  removeSubscription,
  type StoredSubscription,
} from '../storage/subscriptions.ts'
import { isJsonObject, textOf, type JsonObject } from '../wire/fhir/json.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import {
  keptSubscription,
  readSubscription,
  type SubscriptionReading,
} from '../wire/fhir/subscription.ts'
import { openHeaders, sealHeaders } from './sealed-headers.ts'
import type { ResourceWriter } from './resource-writers.ts'
import { topicOf } from './subscription-access.ts'
import type { WriteRequest } from './write-request.ts'

export interface FileSubscriptionDeps {
  readonly sealer: Sealer
  /** Throws where SAMSYN_EGRESS_ALLOW does not let the hub call there. */
  readonly checkEgress: (url: URL) => void
  readonly environment: 'development' | 'production'
}

/** For one client, whatever its status; a deleted one does not count. */
const MOST = 1_000

export function makeSubscriptionWriter(deps: FileSubscriptionDeps): ResourceWriter {
  return {
    action: 'subscribe',
    contributed: false,
    toRow: (db, request) => fileSubscription(db, request, deps),
    async beforeDelete(db, { access, previous }) {
      const known = await lockSubscription(db, previous.id)
      requireOwn(known, access.principal)
      await removeSubscription(db, previous.id)
    },
  }
}

/**
 * Throws `unprocessable` with all that does not fit, `forbidden` for another client's, or for a caller who asks
 * under a grant, `too-many-requests` for one too many.
 */
async function fileSubscription(
  db: PoolClient,
  request: WriteRequest,
  deps: FileSubscriptionDeps,
): Promise<NewResource> {
  const { access, resource, id, at, base, previous } = request
  const { principal } = access
  const known = await lockSubscription(db, id)
  // One that was deleted may be made anew, by whoever of the member.
  if ((previous?.content ?? null) !== null) requireOwn(known, principal)
  if (principal.grant !== undefined)
    throw new HubError('forbidden', 'A subscription outlives a grant: it is a system’s own')
  const kept = isOfSameHost(resource, known) ? openHeaders(deps.sealer, known) : []
  const reading = readSubscription(resource, { base, kept })
  if ('problems' in reading) throw refusal(reading.problems)
  const status = statusOf(resource.status)
  const problems = await findProblems(db, { reading, status, principal, at }, deps)
  if (problems.length > 0) throw refusal(problems)
  if (known === undefined) await requireRoom(db, principal)

  await store(db, { id, at, known, reading, status, principal }, deps)
  const filed = keptSubscription(resource, reading.headers, { status, error: null })
  return {
    type: 'Subscription',
    id,
    resource: filed,
    facts: { ...NO_FACTS, custodian: principal.member },
    quarantined: false,
    search: searchValues(filed),
    at,
  }
}

/** What was entrusted for one host goes to no other: whoever has the client's token may not read it there. */
function isOfSameHost(
  { channel }: JsonObject,
  known: StoredSubscription | undefined,
): known is StoredSubscription {
  if (known === undefined) return false
  // A websocket is called nowhere.
  if (known.endpoint === null) return true
  const endpoint = isJsonObject(channel) ? textOf(channel.endpoint) : undefined
  return URL.parse(endpoint ?? '')?.origin === URL.parse(known.endpoint)?.origin
}

function requireOwn(known: StoredSubscription | undefined, { client, member }: Principal): void {
  if (known?.client === client && known.member === member) return
  throw new HubError('forbidden', 'A subscription is changed by the client that made it')
}

async function requireRoom(db: PoolClient, { client }: Principal): Promise<void> {
  if ((await countSubscriptions(db, client)) < MOST) return
  throw new HubError('too-many-requests', `A client has at most ${MOST} subscriptions: delete some`)
}

/** The rest is the hub's to say: `active` after a handshake, `error` after failures. */
function statusOf(status: unknown): Extract<SubscriptionStatus, 'requested' | 'off'> {
  if (status === 'requested' || status === 'off') return status
  const text = 'Send requested, which becomes active by a handshake, or off'
  throw refusal([{ location: 'Subscription.status', text }])
}

interface Asked {
  readonly reading: SubscriptionReading
  readonly status: SubscriptionStatus
  readonly principal: Principal
  readonly at: Date
}

async function findProblems(
  db: PoolClient,
  { reading: { terms }, status, principal, at }: Asked,
  deps: FileSubscriptionDeps,
): Promise<readonly Problem[]> {
  if (status === 'off') return []
  const problems: Problem[] = []
  const { action } = topicOf(terms)
  if (!principal.actions.has(action)) {
    const text = `This topic takes a token that covers samsyn:${action}`
    problems.push({ location: 'Subscription.criteria', text })
  }
  if (terms.endsAt !== null && terms.endsAt <= at)
    problems.push({ location: 'Subscription.end', text: 'Has passed' })
  const endpoint = await findEndpointProblem(db, terms, principal, deps)
  if (endpoint !== undefined)
    problems.push({ location: 'Subscription.channel.endpoint', text: endpoint })
  return problems
}

async function findEndpointProblem(
  db: PoolClient,
  { endpoint }: SubscriptionTerms,
  { client }: Principal,
  { checkEgress, environment }: FileSubscriptionDeps,
): Promise<string | undefined> {
  if (endpoint === null) return undefined
  const url = new URL(endpoint)
  if (environment === 'production' && url.protocol !== 'https:') return 'Is not https'
  const hooks = await listClientHooks(db, client)
  if (!hooks.includes(hostOf(url)))
    return 'Its host is not registered for this client: ask the operator (samsyn client hooks add)'
  try {
    checkEgress(url)
    return undefined
  } catch (error) {
    if (isHubError(error)) return error.message
    throw error
  }
}

/** `host:port`, as hooks are registered. */
export function hostOf({ hostname, port, protocol }: URL): string {
  return `${hostname.toLowerCase()}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`
}

interface Storing extends Asked {
  readonly id: string
  readonly known: StoredSubscription | undefined
}

async function store(
  db: PoolClient,
  { id, at, known, reading, status, principal }: Storing,
  { sealer }: FileSubscriptionDeps,
): Promise<void> {
  const { terms, headers } = reading
  const { client, member, actions } = principal
  const isOff = status === 'off'
  await putSubscription(db, {
    ...{ id, client, member, ...terms, status, error: null },
    actions: [...actions],
    headers: sealHeaders(sealer, id, headers),
    phase: isOff ? 'stopped' : 'handshake',
  })
  // A websocket is waited for; a receiver is called.
  const dueAt = isOff || terms.channel === 'websocket' ? null : at
  await startProgress(db, { id, channel: terms.channel, dueAt })
  if (isOff || (known !== undefined && !asksForTheSame(known, terms))) await forgetWaiting(db, id)
}

function refusal(problems: readonly Problem[]): HubError {
  return new HubError('unprocessable', 'The subscription is not accepted', { problems })
}
