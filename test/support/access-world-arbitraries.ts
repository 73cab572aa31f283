/** Random worlds for the decision: who asks what under which grant, and everything that speaks about it. */
import fc from 'fast-check'
import type { PatientConsent, Provision } from '../../src/domain/access/consent.ts'
import type { AccessFacts, AccessRequest } from '../../src/domain/access/decision.ts'
import type { Grant } from '../../src/domain/access/grant.ts'
import type { Agreement, Member } from '../../src/domain/access/network.ts'
import {
  ACTIONS,
  CARE_PURPOSES,
  MEMBER_ROLES,
  type MemberRole,
  type Principal,
} from '../../src/domain/access/principal.ts'
import type { PolicyProfile } from '../../src/domain/access/profiles.ts'
import type { ClientId, GrantId } from '../../src/kernel/ids.ts'
import * as some from './access-arbitraries.ts'
import * as world from './access-worlds.ts'

const optional: { requiredKeys: [] } = { requiredKeys: [] }
const clinicalActions = ['find', 'read-report', 'view-images'] as const
const period = fc.record({ from: some.moment, until: some.moment }, optional)
const filled = <Value>(values: readonly Value[]): fc.Arbitrary<Value[]> =>
  fc.subarray([...values], { minLength: 1 })

/** The value that lets a request through to the next step, nine times out of ten. */
const mostly = <Value>(usual: Value, other: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 9 }, { arbitrary: other, weight: 1 })

const actor = fc.constantFrom(
  ...some.ORGANIZATIONS.map((id) => ({ kind: 'organization', id }) as const),
  { kind: 'unit', orgnr: world.UNIT } as const,
  { kind: 'unit', orgnr: '999999999' } as const,
  { kind: 'practitioner', handle: 'handle-1' } as const,
  { kind: 'practitioner', handle: 'hpr|9144900' } as const,
  { kind: 'category', code: 'LE' } as const,
)

/** About one condition to a provision: with many, hardly any would match. */
const criteria = {
  effect: fc.constantFrom('permit' as const, 'deny' as const),
  period: mostly(undefined, period),
  actors: mostly(undefined, fc.array(actor, { minLength: 1, maxLength: 2 })),
  purposes: mostly(undefined, filled(['TREAT', 'BTG', 'HRESCH'])),
  actions: mostly(undefined, filled(clinicalActions)),
  custodians: mostly(undefined, filled(some.ORGANIZATIONS)),
  studies: mostly(undefined, filled(some.STUDIES)),
  modalities: mostly(undefined, filled(some.MODALITIES)),
  bodyRegions: mostly(undefined, filled(some.BODY_REGIONS)),
  labels: mostly(undefined, filled(some.LABELS)),
  dataPeriod: mostly(undefined, period),
}

const provision: fc.Arbitrary<Provision> = fc.letrec<{ provision: Provision }>((tie) => ({
  provision: fc.record({
    ...criteria,
    nested: fc.oneof(
      { maxDepth: 3 },
      fc.constant([]),
      fc.array(tie('provision'), { maxLength: 2 }),
    ),
  }),
})).provision

export const consent: fc.Arbitrary<PatientConsent> = fc.record({
  id: fc.constantFrom('c1', 'c2'),
  patient: fc.constantFrom(...some.PATIENTS),
  provision,
})

const practitioner = fc.constantFrom(world.PRACTITIONER, { handle: 'handle-2', name: 'Ola' })

export const grant: fc.Arbitrary<Grant> = fc
  .record({
    purpose: fc.constantFrom(...CARE_PURPOSES),
    actions: mostly([...clinicalActions], filled(clinicalActions)),
    patient: mostly(world.PATIENT, fc.constantFrom(...some.PATIENTS)),
    unit: fc.constantFrom(world.UNIT, undefined),
    practitioner,
    studies: mostly(undefined, some.someOf(some.STUDIES)),
    breakGlass: fc.constantFrom({ reasonCode: 'BLAALYS' }, { reasonCode: 'CURIOUS' }, undefined),
    revokedAt: mostly(undefined, some.moment),
  })
  .map((over) => world.grant(over))

const principal: fc.Arbitrary<Principal> = fc
  .record({
    actions: mostly(
      new Set(ACTIONS),
      some.someOf(ACTIONS).map((actions) => new Set(actions)),
    ),
    grant: mostly('grant-1' as GrantId, fc.constant(undefined)),
    client: mostly('client-1' as ClientId, fc.constant('client-2' as ClientId)),
  })
  .map((over) => world.principal(over))

export const request: fc.Arbitrary<AccessRequest> = fc
  .record({
    principal,
    action: mostly('view-images', fc.constantFrom(...ACTIONS)),
    grant,
    orphan: mostly(false, fc.constant(true)),
    at: some.moment,
  })
  .map(({ orphan, grant: held, ...asked }) => {
    const carries = asked.principal.grant !== undefined || orphan
    return { ...asked, grant: carries ? held : undefined }
  })

const members: fc.Arbitrary<Member[]> = fc
  .tuple(
    ...some.ORGANIZATIONS.map((id) =>
      fc
        .record({
          roles: mostly<readonly MemberRole[]>(['clinical'], filled(MEMBER_ROLES)),
          active: mostly(true, fc.boolean()),
        })
        .map((over) => world.member(id, over)),
    ),
  )
  .map((all) => [...all])

const agreement: fc.Arbitrary<Agreement> = fc.record(
  {
    custodian: fc.constantFrom(...some.ORGANIZATIONS),
    requester: fc.constant(world.REQUESTER),
    effect: fc.constantFrom('permit' as const, 'deny' as const),
    purposes: filled(CARE_PURPOSES),
    modalities: filled(some.MODALITIES),
    validFrom: some.moment,
    validUntil: some.moment,
  },
  { requiredKeys: ['custodian', 'requester', 'effect'] },
)

const profile: fc.Arbitrary<PolicyProfile> = fc
  .record(
    {
      consentDefault: fc.constantFrom('opt-in' as const, 'opt-out' as const),
      sharingDefault: fc.constantFrom('members-share' as const, 'by-agreement' as const),
      withheldLabels: fc.constantFrom([], ['NORS'], ['R']),
    },
    optional,
  )
  .map((over) => ({ ...world.NO_CARE, ...over }))

export const facts: fc.Arbitrary<AccessFacts> = fc
  .record({
    members,
    agreements: fc.array(agreement, { maxLength: 2 }),
    consents: fc.array(consent, { maxLength: 3 }),
    profile,
  })
  .map((over) => ({ ...over, member: over.members.find(({ id }) => id === world.REQUESTER) }))

export const object = fc
  .tuple(some.objectFacts, mostly(true, fc.constant(false)))
  .map(([random, hers]) => (hers ? { ...random, patient: world.PATIENT } : random))
