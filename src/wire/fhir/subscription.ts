/** A topic-based Subscription in R4 (Subscriptions R5 Backport 1.1): extensions to terms, and what is kept of it. */
import {
  PAYLOAD_CONTENTS,
  type SubscriptionChannel,
  type SubscriptionTerms,
} from '../../domain/subscription/subscription.ts'
import type { Problem } from '../../kernel/errors.ts'
import { maskedHeader, readChannelHeaders, type ChannelHeader } from './channel-headers.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from './json.ts'
import { onlyPatientOf } from './match-conditions.ts'
import { filterQuery, readFilter } from './subscription-filters.ts'
import { SUBSCRIPTION_TOPICS, type SubscriptionTopic } from './subscription-topics-table.ts'

const GUIDE = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition'
export const SUBSCRIPTION_PROFILE = `${GUIDE}/backport-subscription`

/** Seconds that an answer may take, and what rules where the subscriber does not say. */
const TIMEOUT = { least: 1, most: 15, usual: 10 }
/** Seconds between heartbeats. */
const HEARTBEAT = { least: 10, most: 7 * 86_400 }
const COUNT = { least: 1, most: 100, usual: 20 }
const MAX_FILTERS = 20
const MAX_FILTER = 2_000
const MAX_ENDPOINT = 2_000

export interface SubscriptionReading {
  readonly terms: SubscriptionTerms
  readonly headers: readonly ChannelHeader[]
}

export interface ReadSubscriptionOptions {
  /** The FHIR base address. */
  readonly base: string
  /** Headers of the version before. */
  readonly kept: readonly ChannelHeader[]
}

type Found<Value> = { readonly value: Value } | { readonly problem: Problem }

/** All that does not fit, or the terms. What base R4 asks for is valid already. */
export function readSubscription(
  resource: JsonObject,
  { base, kept }: ReadSubscriptionOptions,
): SubscriptionReading | { readonly problems: readonly Problem[] } {
  const channel = isJsonObject(resource.channel) ? resource.channel : {}
  const topic = SUBSCRIPTION_TOPICS.find(({ url }) => url === resource.criteria)
  if (topic === undefined) return { problems: [unknownTopic()] }
  const kind = channelType(channel)
  const filters = readFilters(resource, topic, base)
  const headers = readHeaders(channel, kept)
  const endpoint = readEndpoint(channel, kind)
  const content = readContent(channel)
  const seconds = readNumbers(channel)
  const found = [kind, filters, headers, endpoint, content, seconds]
  const problems = found.flatMap((one) => ('problem' in one ? [one.problem] : []))
  if (
    'problem' in kind ||
    'problem' in filters ||
    'problem' in headers ||
    'problem' in endpoint ||
    'problem' in content ||
    'problem' in seconds
  )
    return { problems }
  return {
    headers: headers.value,
    terms: {
      topic: topic.code,
      type: topic.type,
      ...filters.value,
      channel: kind.value,
      endpoint: endpoint.value,
      ...content.value,
      ...seconds.value,
      endsAt: endOf(resource),
    },
  }
}

function unknownTopic(): Problem {
  const known = SUBSCRIPTION_TOPICS.map(({ url }) => url).join(', ')
  return { location: 'Subscription.criteria', text: `Names no topic of this hub: ${known}` }
}

function channelType(channel: JsonObject): Found<SubscriptionChannel> {
  const { type } = channel
  const custom = extensionValues(channel._type, 'backport-channel-type')
  if (custom.length === 0 && (type === 'rest-hook' || type === 'websocket')) return { value: type }
  return problem('Subscription.channel.type', 'Only rest-hook and websocket are served')
}

function readFilters(
  resource: JsonObject,
  topic: SubscriptionTopic,
  base: string,
): Found<Pick<SubscriptionTerms, 'filters' | 'patient'>> {
  const place = 'Subscription.criteria.extension'
  const texts = extensionValues(resource._criteria, 'backport-filter-criteria').map(String)
  if (texts.length > MAX_FILTERS || texts.some((text) => text.length > MAX_FILTER))
    return problem(place, `At most ${MAX_FILTERS} filters of ${MAX_FILTER} characters each`)
  const filters: string[] = []
  let patient: string | undefined
  for (const text of texts) {
    const query = filterQuery(text, topic.type)
    if (query === undefined) return problem(place, `This topic is about ${topic.type}`)
    const reading = readFilter(query, topic, base)
    if (reading.problem !== undefined) return problem(place, reading.problem)
    filters.push(query)
    patient ??= onlyPatientOf(reading.conditions)
  }
  return { value: { filters, patient: patient ?? null } }
}

function readHeaders(
  channel: JsonObject,
  kept: readonly ChannelHeader[],
): Found<readonly ChannelHeader[]> {
  const reading = readChannelHeaders(listOf(channel.header), kept)
  if (reading.problem === undefined) return { value: reading.headers }
  return problem('Subscription.channel.header', reading.problem)
}

function readEndpoint(channel: JsonObject, kind: Found<SubscriptionChannel>): Found<string | null> {
  const endpoint = textOf(channel.endpoint)
  if (!('value' in kind) || kind.value === 'websocket') return { value: null }
  const isAddress = endpoint !== undefined && endpoint.length <= MAX_ENDPOINT
  const url = isAddress ? URL.parse(endpoint) : null
  if (url !== null && /^https?:$/.test(url.protocol) && url.hash === '') return { value: url.href }
  return problem('Subscription.channel.endpoint', 'A rest-hook is an http or https address')
}

function readContent(channel: JsonObject): Found<Pick<SubscriptionTerms, 'payload' | 'content'>> {
  const payload = textOf(channel.payload) ?? ''
  if (!PAYLOAD.test(payload))
    return problem(
      'Subscription.channel.payload',
      'Notifications are application/fhir+json or application/fhir+xml, version 4.0',
    )
  const [code] = extensionValues(channel._payload, 'backport-payload-content')
  const content = PAYLOAD_CONTENTS.find((one) => one === code)
  if (content !== undefined) return { value: { payload, content } }
  return problem(
    'Subscription.channel.payload.extension',
    `Say in ${GUIDE}/backport-payload-content: ${PAYLOAD_CONTENTS.join(', ')}`,
  )
}

type Numbers = Pick<SubscriptionTerms, 'heartbeatSeconds' | 'timeoutSeconds' | 'maxCount'>

function readNumbers(channel: JsonObject): Found<Numbers> {
  const heartbeat = numberIn(channel, 'backport-heartbeat-period')
  const timeout = numberIn(channel, 'backport-timeout') ?? TIMEOUT.usual
  const count = numberIn(channel, 'backport-max-count') ?? COUNT.usual
  const place = 'Subscription.channel.extension'
  if (heartbeat !== undefined && !isWithin(heartbeat, HEARTBEAT))
    return problem(place, `A heartbeat comes every ${HEARTBEAT.least} to ${HEARTBEAT.most} s`)
  if (!isWithin(timeout, { ...TIMEOUT, most: Infinity }))
    return problem(place, `A timeout is at least ${TIMEOUT.least} s`)
  if (!isWithin(count, { ...COUNT, most: Infinity }))
    return problem(place, 'A notification holds at least one event')
  return {
    value: {
      heartbeatSeconds: heartbeat ?? null,
      // Both are what the subscriber bears at most; the hub may do with less.
      timeoutSeconds: Math.min(timeout, TIMEOUT.most),
      maxCount: Math.min(count, COUNT.most),
    },
  }
}

function numberIn(channel: JsonObject, name: string): number | undefined {
  const [value] = extensionValues(channel, name)
  return value === undefined ? undefined : Number(value)
}

function isWithin(
  value: number,
  { least, most }: { readonly least: number; readonly most: number },
): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}

/** Values of one of the guide's extensions, whatever their type. */
function extensionValues(element: unknown, name: string): readonly unknown[] {
  if (!isJsonObject(element)) return []
  return listOf(element.extension).flatMap((one) => {
    if (!isJsonObject(one) || one.url !== `${GUIDE}/${name}`) return []
    return Object.entries(one).flatMap(([key, value]) => (key.startsWith('value') ? [value] : []))
  })
}

function endOf({ end }: JsonObject): Date | null {
  const at = new Date(textOf(end) ?? NaN)
  return Number.isNaN(at.getTime()) ? null : at
}

function problem(location: string, text: string): { readonly problem: Problem } {
  return { problem: { location, text } }
}

const PAYLOAD = /^application\/(fhir\+)?(json|xml)(; ?(charset=utf-8|fhirVersion=4\.0(\.1)?))*$/i

/** Whether the subscriber wants its notifications in XML. */
export function isXml({ payload }: Pick<SubscriptionTerms, 'payload'>): boolean {
  return /^application\/(fhir\+)?xml/i.test(payload)
}

export interface KeptSubscription {
  readonly status: string
  readonly error: string | null
}

/** The resource as it is stored: status and error are the hub's to say, values of headers nobody's to read. */
export function keptSubscription(
  { error: _error, ...resource }: JsonObject,
  headers: readonly ChannelHeader[],
  { status, error }: KeptSubscription,
): JsonObject {
  const { header: _header, ...channel } = isJsonObject(resource.channel) ? resource.channel : {}
  const masked = headers.map(maskedHeader)
  return {
    ...resource,
    status,
    ...(error !== null && { error }),
    channel: { ...channel, ...(masked.length > 0 && { header: masked }) },
  }
}

/** The stored resource in another status. */
export function withStatus(
  { error: _error, ...resource }: JsonObject,
  { status, error }: KeptSubscription,
): JsonObject {
  return { ...resource, status, ...(error !== null && { error }) }
}
