/** All of topic-based subscriptions, put together: writing them, telling subscribers, saying how they stand. */
import type { Pool } from 'pg'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Sealer } from '../kernel/seal.ts'
import { makePostNotification } from '../sources/post-notification.ts'
import type { Egress } from '../sources/egress.ts'
import type { UseProof } from '../storage/used-proofs.ts'
import { makeSignMessage, type MessageKey } from '../wire/sign-message.ts'
import type { AccessState } from './access-state.ts'
import type { Authorize } from './authorize.ts'
import { makeIssueBindingToken, makeRedeemBindingToken } from './binding-tokens.ts'
import { makeDispatchEvents } from './dispatch-events.ts'
import { makeSubscriptionWriter } from './file-subscription.ts'
import { makeNotifySubscriber } from './notify-subscriber.ts'
import type { RecordAudit } from './record-audit.ts'
import { makeJudgeSubscriber } from './subscription-access.ts'
import { makeSubscriptionSockets } from './subscription-sockets.ts'
import { makeReportEvents, makeReportStatus } from './subscription-status.ts'
import { makeSweepNotifications } from './sweep-notifications.ts'
import { makeTakeDue } from './take-due.ts'

export interface SubscriptionsDeps {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly state: Pick<AccessState, 'client' | 'onChange'>
  readonly authorize: Authorize
  readonly recordAudit: RecordAudit
  readonly useProof: UseProof
  readonly egress: Pick<Egress, 'request' | 'check'>
  /** The first of the keys in the hub's JWK Set. */
  readonly signingKey: MessageKey
  /** JSON text of a resource in XML. */
  readonly writeXml: (text: string) => string
  readonly environment: 'development' | 'production'
  /** The FHIR base address. */
  readonly base: string
  readonly newId: () => string
  /** From 0 to 1: spreads retries. */
  readonly chance: () => number
  readonly clock: Clock
  readonly log: Log
}

/** Types follow the makers: a service's own file says what it is. */
type Made<Maker extends (...args: never) => unknown> = ReturnType<Maker>

export interface Subscriptions {
  /** The writer of type Subscription. */
  readonly subscriptionWriter: Made<typeof makeSubscriptionWriter>
  readonly dispatchEvents: Made<typeof makeDispatchEvents>
  readonly takeDue: Made<typeof makeTakeDue>
  readonly sweepNotifications: Made<typeof makeSweepNotifications>
  readonly subscriptionSockets: Made<typeof makeSubscriptionSockets>
  readonly issueBindingToken: Made<typeof makeIssueBindingToken>
  readonly reportStatus: Made<typeof makeReportStatus>
  readonly reportEvents: Made<typeof makeReportEvents>
}

export function makeSubscriptions(deps: SubscriptionsDeps): Subscriptions {
  const { pool, authorize, state, egress } = deps
  const judgeSubscriber = makeJudgeSubscriber({ authorize, state })
  const onAccessChange = (listener: () => void): (() => void) => state.onChange(listener)
  const shared = { ...deps, db: pool, judgeSubscriber }
  const notifySubscriber = makeNotifySubscriber({ ...shared, onAccessChange })
  return {
    subscriptionWriter: makeSubscriptionWriter({
      ...shared,
      checkEgress: (url) => {
        egress.check(url)
      },
    }),
    dispatchEvents: makeDispatchEvents(shared),
    takeDue: makeTakeDue({
      ...shared,
      notifySubscriber,
      postNotification: makePostNotification(egress),
      signMessage: makeSignMessage(deps.signingKey),
    }),
    sweepNotifications: makeSweepNotifications(shared),
    subscriptionSockets: makeSubscriptionSockets({
      ...shared,
      notifySubscriber,
      redeemBindingToken: makeRedeemBindingToken(shared),
    }),
    issueBindingToken: makeIssueBindingToken(shared),
    reportStatus: makeReportStatus(shared),
    reportEvents: makeReportEvents(shared),
  }
}
