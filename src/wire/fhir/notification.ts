/**
 * Notifications (Subscriptions R5 Backport 1.1, "Notifications"): a Bundle of type history whose first entry
 * is the status. Put together from stored JSON text, which keeps every digit.
 */
import type {
  EventFocus,
  PayloadContent,
  SubscriptionStatus,
} from '../../domain/subscription/subscription.ts'
import type { JsonObject } from './json.ts'

const GUIDE = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition'
const NOTIFICATION_PROFILE = `${GUIDE}/backport-subscription-notification-r4`
const STATUS_PROFILE = `${GUIDE}/backport-subscription-status-r4`

export type NotificationType =
  'handshake' | 'heartbeat' | 'event-notification' | 'query-status' | 'query-event'

export interface NotifiedEvent extends EventFocus {
  readonly number: number
  /** JSON text of that version. */
  readonly text: string
}

export interface StatusReport {
  /** Of the Subscription. */
  readonly id: string
  /** Canonical address. */
  readonly topic: string
  readonly status: SubscriptionStatus
  readonly error: string | null
  readonly type: NotificationType
  readonly content: PayloadContent
  /** Number of the last event. */
  readonly events: number
  readonly told: readonly NotifiedEvent[]
}

export interface Naming {
  /** The FHIR base address. */
  readonly base: string
  readonly at: Date
  readonly newId: () => string
}

/** JSON text of a notification. */
export function notificationText(report: StatusReport, { base, at, newId }: Naming): string {
  const id = newId()
  const status = JSON.stringify({
    fullUrl: `urn:uuid:${id}`,
    resource: { ...statusParameters(report, base), id },
    request: { method: 'GET', url: `Subscription/${report.id}/$status` },
    response: { status: '200' },
  })
  const told = report.content === 'empty' ? [] : report.told
  const entries = [status, ...told.map((event) => entryText(event, report.content, base))]
  const head = { resourceType: 'Bundle', id: newId(), meta: { profile: [NOTIFICATION_PROFILE] } }
  const open = JSON.stringify({ ...head, type: 'history', timestamp: at.toISOString() })
  return `${open.slice(0, -1)},"entry":[${entries.join(',')}]}`
}

function entryText(event: NotifiedEvent, content: PayloadContent, base: string): string {
  const { type, id, version, text } = event
  const fullUrl = JSON.stringify(`${base}/${type}/${id}`)
  const resource = content === 'full-resource' ? `,"resource":${text}` : ''
  const [method, url, status] =
    version === 1 ? ['POST', type, '201'] : ['PUT', `${type}/${id}`, '200']
  const response = { status, lastModified: event.at.toISOString() }
  const rest = `"request":${JSON.stringify({ method, url })},"response":${JSON.stringify(response)}`
  return `{"fullUrl":${fullUrl}${resource},${rest}}`
}

/** The status alone, as `$status` lists it. */
function statusParameters(report: StatusReport, base: string): JsonObject {
  const { id, topic, status, error, type, content, events, told } = report
  return {
    resourceType: 'Parameters',
    meta: { profile: [STATUS_PROFILE] },
    parameter: [
      { name: 'subscription', valueReference: { reference: `${base}/Subscription/${id}` } },
      // Not to be there where the payload says nothing of what it is about.
      ...(content === 'empty' ? [] : [{ name: 'topic', valueCanonical: topic }]),
      { name: 'status', valueCode: status },
      { name: 'type', valueCode: type },
      { name: 'events-since-subscription-start', valueString: String(events) },
      ...told.map((event) => ({ name: 'notification-event', part: parts(event, content, base) })),
      ...(error === null ? [] : [{ name: 'error', valueCodeableConcept: { text: error } }]),
    ],
  }
}

function parts(event: NotifiedEvent, content: PayloadContent, base: string): readonly JsonObject[] {
  const reference = `${base}/${event.type}/${event.id}`
  return [
    { name: 'event-number', valueString: String(event.number) },
    { name: 'timestamp', valueInstant: event.at.toISOString() },
    ...(content === 'empty' ? [] : [{ name: 'focus', valueReference: { reference } }]),
  ]
}

/** JSON text of the searchset that `$status` answers with. */
export function statusBundle(
  reports: readonly StatusReport[],
  { base, at, newId }: Naming,
): JsonObject {
  const entry = reports.map((report) => {
    const id = newId()
    return {
      fullUrl: `urn:uuid:${id}`,
      resource: { ...statusParameters(report, base), id },
      search: { mode: 'match' },
    }
  })
  return {
    resourceType: 'Bundle',
    id: newId(),
    type: 'searchset',
    timestamp: at.toISOString(),
    total: entry.length,
    ...(entry.length > 0 && { entry }),
  }
}
