/** What the decision is asked, what it may look at, and what it answers (access.md section 3). */
import type { PatientConsent } from './consent.ts'
import type { Grant } from './grant.ts'
import type { Agreement, Member } from './network.ts'
import type { Action, Principal } from './principal.ts'
import type { PolicyProfile } from './profiles.ts'

export interface AccessRequest {
  readonly principal: Principal
  readonly action: Action
  /** The grant that the principal's token carries, as stored. */
  readonly grant?: Grant | undefined
  readonly at: Date
}

export interface AccessFacts {
  /** The requester's member; undefined where it is not of the network. */
  readonly member: Member | undefined
  /** Every member of the network: a custodian must be an active one to be found. */
  readonly members: readonly Member[]
  /** Agreements in which this member is the requester. */
  readonly agreements: readonly Agreement[]
  /** All active consents of the grant's patient; none without a grant. */
  readonly consents: readonly PatientConsent[]
  readonly profile: PolicyProfile
}

/** The steps of access.md section 3, in their order. */
export type Step =
  'membership' | 'own-material' | 'basis' | 'agreement' | 'consent' | 'labels' | 'break-glass'

export type ReasonCode =
  | 'member-inactive'
  | 'role-missing'
  | 'scope-missing'
  | 'grant-ended'
  | 'open-to-members'
  | 'outside-grant'
  | 'own-material'
  | 'no-basis'
  | 'not-shared'
  | 'no-consent'
  | 'blocked'
  | 'label-withheld'
  | 'care'
  | 'glass-broken'

/** A machine code with the step it comes from; `REASON_TEXTS` has the words. */
export interface Reason {
  readonly step: Step
  readonly code: ReasonCode
  /** Ids of the consents that speak. */
  readonly consents?: readonly string[] | undefined
}

/** What whoever acts on a permit owes along with it. */
export type Obligation = 'notify-privacy-officer' | 'queue-review' | 'show-patient-override'

export interface Decision {
  readonly effect: 'permit' | 'deny'
  readonly because: readonly Reason[]
  readonly obligations: readonly Obligation[]
}
