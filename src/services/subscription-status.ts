/** `$status` and `$events` of subscriptions, for the client that made them. */
import type { Principal } from '../domain/access/principal.ts'
import { HubError } from '../kernel/errors.ts'
import type { Db } from '../storage/db.ts'
import { findNumbered } from '../storage/subscription-notifications.ts'
import { listSubscriptions, type CountedSubscription } from '../storage/subscriptions.ts'
import { readVisibleVersions } from '../storage/visible-versions.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { notificationText, statusBundle, type StatusReport } from '../wire/fhir/notification.ts'
import { MAX_BYTES, withText, type BatchEvent } from './notification-batch.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'
import { recordNotified } from './record-notified.ts'
import { topicOf, type JudgeSubscriber } from './subscription-access.ts'

export interface SubscriptionQuestion {
  /** Absent: all of the caller's. */
  readonly ids?: readonly string[] | undefined
  readonly statuses?: readonly string[] | undefined
}

/** A searchset Bundle of their states; what is not the caller's is not in it. */
export type ReportStatus = (
  principal: Principal,
  question: SubscriptionQuestion,
  context: RequestContext,
) => Promise<JsonObject>

export interface EventsQuestion {
  readonly id: string
  /** Numbers, both included. */
  readonly since: number
  readonly until: number
}

/** JSON text of a notification of type query-event: what has a number and may be seen now. Throws `not-found`. */
export type ReportEvents = (
  principal: Principal,
  question: EventsQuestion,
  context: RequestContext,
) => Promise<string>

export interface SubscriptionStatusDeps extends PermitDeps {
  readonly db: Db
  readonly judgeSubscriber: JudgeSubscriber
  readonly newId: () => string
  /** The FHIR base address. */
  readonly base: string
}

export function makeReportStatus(deps: SubscriptionStatusDeps): ReportStatus {
  return async (principal, { ids, statuses }, context) => {
    const query = 'Subscription/$status'
    await permit(deps, { principal, action: 'subscribe', query }, context)
    const { client } = principal
    const found = await listSubscriptions(deps.db, { client, ids, statuses })
    const reports = found.map((one) => reportOf(one, 'query-status'))
    return statusBundle(reports, { ...deps, at: deps.clock() })
  }
}

function reportOf(
  subscription: CountedSubscription,
  type: 'query-status' | 'query-event',
  told: readonly BatchEvent[] = [],
): StatusReport {
  const { url } = topicOf(subscription)
  return { ...subscription, topic: url, type, told }
}

/** In one answer; the rest is asked for by the number after the last. */
const MOST_EVENTS = 100

export function makeReportEvents(deps: SubscriptionStatusDeps): ReportEvents {
  return async (principal, { id, since, until }, context) => {
    const query = `Subscription/${id}/$events`
    await permit(deps, { principal, action: 'subscribe', query }, context)
    const [found] = await listSubscriptions(deps.db, { client: principal.client, ids: [id] })
    if (found === undefined) throw new HubError('not-found', 'No such Subscription')
    const told = await findEvents(deps, found, { since, until })
    if (found.content === 'full-resource' && told.length > 0)
      await recordNotified(deps, found, told)
    return notificationText(reportOf(found, 'query-event', told), { ...deps, at: deps.clock() })
  }
}

async function findEvents(
  { db, judgeSubscriber }: SubscriptionStatusDeps,
  subscription: CountedSubscription,
  range: Pick<EventsQuestion, 'since' | 'until'>,
): Promise<readonly BatchEvent[]> {
  const standing = await judgeSubscriber(subscription)
  if (standing.ended) return []
  const numbered = await findNumbered(db, subscription.id, { ...range, limit: MOST_EVENTS })
  const wanted = { type: subscription.type, wanted: numbered, maxBytes: MAX_BYTES }
  const seen = await readVisibleVersions(db, wanted, standing.visibility)
  return withText(numbered, seen).flatMap(({ event, ...version }) =>
    event.number === null ? [] : [{ ...event, number: event.number, ...version }],
  )
}
