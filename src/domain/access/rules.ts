/**
 * The one rule of the hub, as a column to be read from the top (access.md section 3).
 *
 * Each row narrows (`requires`) or ends the matter for the objects it names (`settles`). `decide` walks
 * the rows for one object, `compile` folds them into one filter for all; there is no third reader.
 */
import { allOf, anyOf, EVERYTHING, not, NOTHING, when } from './build-filter.ts'
import type { AccessFacts, AccessRequest, ReasonCode, Step } from './decision.ts'
import type { AccessFilter } from './filter.ts'
import { denied, deniedByName, permitted, type Requester } from './provision-filter.ts'
import { ACTION_KIND, isClinical, rolesCover } from './roles.ts'
import { sharedMaterial } from './shared-material.ts'
import type { PatientConsent } from './consent.ts'

export interface Rule {
  readonly step: Step
  readonly kind: 'requires' | 'settles'
  /** The reason for a denial by `requires`, or for a permit by `settles`. */
  readonly code: ReasonCode
  /** Whether broken glass lifts it: rows of steps 5 and 6 alone. */
  readonly overridable: boolean
  readonly filter: (request: AccessRequest, facts: AccessFacts) => AccessFilter
}

type Row = readonly [Step, Rule['kind'], ReasonCode, Rule['filter'], 'overridable'?]

const ROWS: readonly Row[] = [
  ['membership', 'requires', 'member-inactive', (_, { member }) => when(member?.active === true)],
  ['membership', 'requires', 'role-missing', role],
  ['membership', 'requires', 'scope-missing', scope],
  ['membership', 'requires', 'grant-ended', (request) => when(isGrantLive(request))],
  [
    'membership',
    'settles',
    'open-to-members',
    ({ action }) => when(ACTION_KIND[action] === 'open'),
  ],
  ['membership', 'requires', 'outside-grant', withinGrant],
  ['own-material', 'settles', 'own-material', ownMaterial],
  ['basis', 'requires', 'no-basis', basis],
  ['agreement', 'requires', 'not-shared', agreed],
  ['consent', 'requires', 'no-consent', consented, 'overridable'],
  ['consent', 'requires', 'blocked', notBlocked, 'overridable'],
  ['labels', 'requires', 'label-withheld', notWithheld, 'overridable'],
]

export const RULES: readonly Rule[] = ROWS.map(([step, kind, code, filter, overridable]) => ({
  step,
  kind,
  code,
  filter,
  overridable: overridable !== undefined,
}))

function role({ action }: AccessRequest, { member }: AccessFacts): AccessFilter {
  return when(member !== undefined && rolesCover(member.roles, action))
}

function scope({ principal, action }: AccessRequest): AccessFilter {
  return when(principal.actions.has(action))
}

/** A token that names a grant is worth nothing without it: revoked, expired, or another's. */
function isGrantLive({ principal, grant, at }: AccessRequest): boolean {
  if (principal.grant === undefined && grant === undefined) return true
  return (
    grant !== undefined &&
    grant.id === principal.grant &&
    grant.client === principal.client &&
    grant.member === principal.member &&
    grant.revokedAt === undefined &&
    grant.expiresAt > at
  )
}

/** With a grant, nothing but its patient, its studies and its actions: own material and broken glass too. */
function withinGrant({ grant, action }: AccessRequest): AccessFilter {
  if (grant === undefined) return EVERYTHING
  return allOf([
    when(grant.actions.includes(action)),
    { kind: 'patient', is: grant.patient },
    grant.studies === undefined
      ? EVERYTHING
      : anyOf([{ kind: 'no-custodian' }, { kind: 'only-studies', in: grant.studies }]),
  ])
}

/** A block reaches a member's own material only where it names that member's unit or person. */
function ownMaterial(request: AccessRequest, facts: AccessFacts): AccessFilter {
  const { principal, action } = request
  const own: AccessFilter = { kind: 'custodian', in: [principal.member] }
  if (!isClinical(action)) return own
  const requester = requesterOf(request, facts)
  const naming = consentsFor(request, facts).map(({ provision }) =>
    deniedByName(provision, requester),
  )
  return allOf([own, not(anyOf(naming))])
}

/** Care needs a practitioner with a live attest, which the grant stands for, and a purpose of care. */
function basis({ action, grant }: AccessRequest, { profile }: AccessFacts): AccessFilter {
  return when(isClinical(action) && grant !== undefined && profile.purposes.includes(grant.purpose))
}

function agreed({ grant, at }: AccessRequest, facts: AccessFacts): AccessFilter {
  return grant === undefined ? NOTHING : sharedMaterial(facts, { purpose: grant.purpose, at })
}

function consented(request: AccessRequest, facts: AccessFacts): AccessFilter {
  if (facts.profile.consentDefault === 'opt-out') return EVERYTHING
  const requester = requesterOf(request, facts)
  return anyOf(consentsFor(request, facts).map(({ provision }) => permitted(provision, requester)))
}

/** All consents apply together: a later one never cancels an earlier. */
function notBlocked(request: AccessRequest, facts: AccessFacts): AccessFilter {
  const requester = requesterOf(request, facts)
  return not(
    anyOf(consentsFor(request, facts).map(({ provision }) => denied(provision, requester))),
  )
}

function notWithheld(_: AccessRequest, { profile }: AccessFacts): AccessFilter {
  if (profile.withheldLabels.length === 0) return EVERYTHING
  return not({ kind: 'label', in: profile.withheldLabels })
}

/** The consents of the grant's own patient; no one else's can be meant. */
export function consentsFor(
  { grant }: AccessRequest,
  { consents }: AccessFacts,
): readonly PatientConsent[] {
  return consents.filter(({ patient }) => patient === grant?.patient)
}

/** The grant is the evidence of who asks; the token only repeats it. */
export function requesterOf(request: AccessRequest, { member }: AccessFacts): Requester {
  const { principal, grant, action, at } = request
  const { unit, practitioner } = grant ?? principal
  return {
    member: principal.member,
    orgnr: member?.orgnr,
    unit,
    practitioner,
    purpose: grant?.purpose,
    action,
    at,
  }
}
