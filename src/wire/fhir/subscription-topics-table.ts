/** The topics that can be subscribed to (Subscriptions Backport 1.1, "Subscription Topics in R4"). */
import type { Action } from '../../domain/access/principal.ts'
import type { JsonObject } from './json.ts'

export interface SubscriptionTopic {
  readonly code: string
  /** Canonical address: `Subscription.criteria`. */
  readonly url: string
  readonly title: string
  readonly description: string
  /** What its events are about; migration 0010 captures these types. */
  readonly type: string
  /** What it takes to see that type. */
  readonly action: Action
  /** Search parameters of the type that may filter. */
  readonly filters: readonly string[]
}

const topicUrl = (code: string): string => `https://samsyn.no/fhir/SubscriptionTopic/${code}`

export const SUBSCRIPTION_TOPICS: readonly SubscriptionTopic[] = [
  {
    code: 'imaging-study',
    url: topicUrl('imaging-study'),
    title: 'New or changed imaging study',
    description: 'A study has settled, or its ImagingStudy was written over FHIR',
    type: 'ImagingStudy',
    action: 'find',
    filters: ['patient', 'custodian', 'modality', 'status', 'identifier', 'bodysite', 'basedon'],
  },
  {
    code: 'diagnostic-report',
    url: topicUrl('diagnostic-report'),
    title: 'New or changed imaging report',
    description: 'A DiagnosticReport was written, in any status',
    type: 'DiagnosticReport',
    action: 'read-report',
    filters: ['patient', 'custodian', 'status', 'category', 'code', 'identifier', 'based-on'],
  },
  {
    code: 'task',
    url: topicUrl('task'),
    title: 'New or changed task',
    description: 'A Task was written, in any status',
    type: 'Task',
    action: 'find',
    filters: ['patient', 'custodian', 'status', 'code', 'owner', 'requester', 'focus', 'based-on'],
  },
  {
    code: 'consent',
    url: topicUrl('consent'),
    title: 'New or changed consent',
    description: 'A Consent was recorded, replaced or withdrawn',
    type: 'Consent',
    action: 'read-consent',
    filters: ['patient', 'custodian', 'status', 'scope', 'category'],
  },
]

/** What `/metadata` says of topics, on the entry of Subscription. */
export const TOPIC_EXTENSIONS: readonly JsonObject[] = SUBSCRIPTION_TOPICS.map(({ url }) => ({
  url: 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical',
  valueCanonical: url,
}))
