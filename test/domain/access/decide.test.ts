import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decide } from '../../../src/domain/access/decide.ts'
import type { AccessFacts, AccessRequest } from '../../../src/domain/access/decision.ts'
import type { ObjectFacts } from '../../../src/domain/access/filter.ts'
import type { GrantId, PatientId, StudyUid } from '../../../src/kernel/ids.ts'
import * as world from '../../support/access-worlds.ts'

const { CUSTODIAN, NOW, OTHER, REQUESTER, STUDY, UNIT } = world

interface Case {
  readonly request?: Partial<AccessRequest>
  readonly facts?: Partial<AccessFacts>
  readonly study?: Partial<ObjectFacts>
}

/** `permit` or the step and code of the denial. */
function answer({ request, facts, study }: Case): string {
  const asked = { ...world.request(request), resource: world.study(study) }
  const { effect, because } = decide(asked, world.facts(facts))
  return effect === 'permit' ? effect : because.map(({ step, code }) => `${step}: ${code}`).join()
}

function check(cases: Readonly<Record<string, readonly [Case, string]>>): void {
  for (const [name, [asked, expected]] of Object.entries(cases)) {
    it(name, () => assert.equal(answer(asked), expected))
  }
}

const own: Case = { study: { custodian: REQUESTER } }
const blocked = (over: Parameters<typeof world.consent>[0] = {}): Partial<AccessFacts> => ({
  consents: [world.consent(over)],
})
const btg = world.grant({ purpose: 'BTG', breakGlass: { reasonCode: 'BLAALYS' } })

describe('decision: membership, role, scope and grant', () => {
  check({
    'permits care for a clinician with a live grant': [{}, 'permit'],
    'denies a member that has been withdrawn': [
      { facts: { member: world.member(REQUESTER, { active: false }) } },
      'membership: member-inactive',
    ],
    'denies one who is no member': [
      { facts: { member: undefined } },
      'membership: member-inactive',
    ],
    'denies a member without a role that covers the action': [
      { facts: { member: world.member(REQUESTER, { roles: ['operator'] }) } },
      'membership: role-missing',
    ],
    'denies a token whose scope does not cover the action': [
      { request: { principal: world.principal({ actions: new Set(['find']) }) } },
      'membership: scope-missing',
    ],
    'denies a revoked grant': [
      { request: { grant: world.grant({ revokedAt: NOW }) } },
      'membership: grant-ended',
    ],
    'denies a grant at the moment it expires': [
      { request: { grant: world.grant({ expiresAt: NOW }) } },
      'membership: grant-ended',
    ],
    'denies a token whose grant is not to be found': [
      { request: { grant: undefined } },
      'membership: grant-ended',
    ],
    'denies a grant that the token does not name': [
      { request: { principal: world.principal({ grant: 'another' as GrantId }) } },
      'membership: grant-ended',
    ],
    'denies a grant of another member': [
      { request: { grant: world.grant({ member: OTHER }) } },
      'membership: grant-ended',
    ],
    'denies another patient than the grant is for': [
      { study: { patient: 'patient-2' as PatientId } },
      'membership: outside-grant',
    ],
    'denies an object whose patient is in doubt': [
      { study: { patient: null } },
      'membership: outside-grant',
    ],
    'denies a study outside a narrowed grant': [
      { request: { grant: world.grant({ studies: ['1.2.9' as StudyUid] }) } },
      'membership: outside-grant',
    ],
    'denies a report about two studies when the grant is narrowed to one': [
      {
        request: { grant: world.grant({ studies: [STUDY] }) },
        study: { studyUids: [STUDY, '1.2.9' as StudyUid] },
      },
      'membership: outside-grant',
    ],
    'denies an action the grant was narrowed away from': [
      { request: { grant: world.grant({ actions: ['find'] }) } },
      'membership: outside-grant',
    ],
    'opens the directory to a member with the role and the scope': [
      {
        request: { principal: world.systemPrincipal(), grant: undefined, action: 'read-directory' },
      },
      'permit',
    ],
  })
})

describe('decision: own material', () => {
  const system = { principal: world.systemPrincipal(), grant: undefined }
  check({
    'lets a system without a person see what its member published': [
      { ...own, request: system },
      'permit',
    ],
    'shows a system without a person nothing of another custodian': [
      { request: system },
      'basis: no-basis',
    ],
    'lets a member see its own in spite of a block against everyone': [
      { ...own, facts: blocked() },
      'permit',
    ],
    'lets a member see its own in spite of a label that withholds': [
      { study: { custodian: REQUESTER, labels: ['NORS'] } },
      'permit',
    ],
    'keeps from a unit what its own member published when a block names the unit': [
      { ...own, facts: blocked({ actors: [{ kind: 'unit', orgnr: UNIT }] }) },
      'consent: blocked',
    ],
    'keeps from a person what its own member published when a block names the person': [
      { ...own, facts: blocked({ actors: [{ kind: 'practitioner', handle: 'handle-1' }] }) },
      'consent: blocked',
    ],
    'lets a block that names another unit pass by': [
      { ...own, facts: blocked({ actors: [{ kind: 'unit', orgnr: '974589095' }] }) },
      'permit',
    ],
    'is not kept from a unit that a block against everyone names as its exception': [
      {
        ...own,
        facts: blocked({
          nested: [
            world.provision({
              effect: 'permit',
              actors: [{ kind: 'unit', orgnr: UNIT }],
              modalities: ['MR'],
            }),
          ],
        }),
      },
      'permit',
    ],
    'stays within the patient of the grant': [
      { study: { custodian: REQUESTER, patient: 'patient-2' as PatientId } },
      'membership: outside-grant',
    ],
    'is all that a consent recorder reads of consents': [
      {
        request: { ...system, action: 'read-consent' },
        facts: { member: world.member(REQUESTER, { roles: ['consent-recorder'] }) },
      },
      'basis: no-basis',
    ],
  })
})

describe('decision: agreements', () => {
  const agreement = { custodian: CUSTODIAN, requester: REQUESTER }
  const agreed = (over: object): Partial<AccessFacts> => ({
    agreements: [{ ...agreement, effect: 'permit', ...over }],
  })
  check({
    'shares between members of one network where nothing was agreed': [{}, 'permit'],
    'shares nothing without an agreement where the profile asks for one': [
      { facts: { profile: { ...world.NO_CARE, sharingDefault: 'by-agreement' } } },
      'agreement: not-shared',
    ],
    'finds nothing of a custodian that has been withdrawn': [
      {
        facts: { members: [world.member(REQUESTER), world.member(CUSTODIAN, { active: false })] },
      },
      'agreement: not-shared',
    ],
    'honours a refusal to share': [{ facts: agreed({ effect: 'deny' }) }, 'agreement: not-shared'],
    'shares nothing under an agreement that has expired': [
      { facts: agreed({ validUntil: NOW }) },
      'agreement: not-shared',
    ],
    'shares nothing under an agreement that has not begun': [
      { facts: agreed({ validFrom: world.minutes(1) }) },
      'agreement: not-shared',
    ],
    'shares again when a refusal has ended': [
      { facts: agreed({ effect: 'deny', validUntil: NOW }) },
      'permit',
    ],
    'shares for the purposes agreed and no other': [
      { facts: agreed({ purposes: ['COC'] }) },
      'agreement: not-shared',
    ],
    'shares the modalities agreed': [{ facts: agreed({ modalities: ['CT'] }) }, 'permit'],
    'does not share a study with a modality outside the agreement': [
      { facts: agreed({ modalities: ['CT'] }), study: { modalities: ['CT', 'PT'] } },
      'agreement: not-shared',
    ],
    'does not share a study of unknown modality where modalities were agreed': [
      { facts: agreed({ modalities: ['CT'] }), study: { modalities: [] } },
      'agreement: not-shared',
    ],
    'refuses a study of unknown modality where a modality is refused': [
      { facts: agreed({ effect: 'deny', modalities: ['MR'] }), study: { modalities: [] } },
      'agreement: not-shared',
    ],
  })
})

describe('decision: consents and blocks', () => {
  const period = { from: new Date('2025-01-01'), until: new Date('2027-01-01') }
  check({
    'permits by default: statute is the basis and the patient has not objected': [{}, 'permit'],
    'asks for a permit where the profile is opt-in': [
      { facts: { profile: { ...world.NO_CARE, consentDefault: 'opt-in' } } },
      'consent: no-consent',
    ],
    'opens an opt-in profile by a consent that permits': [
      {
        facts: {
          ...blocked({ effect: 'permit', modalities: ['CT'] }),
          profile: { ...world.NO_CARE, consentDefault: 'opt-in' },
        },
      },
      'permit',
    ],
    'denies everything under a block without conditions': [
      { facts: blocked() },
      'consent: blocked',
    ],
    'ignores the consents of another patient': [
      { facts: { consents: [{ ...world.consent(), patient: 'patient-2' as PatientId }] } },
      'permit',
    ],
    'denies under a block of the requesting organisation': [
      { facts: blocked({ actors: [{ kind: 'organization', id: REQUESTER }] }) },
      'consent: blocked',
    ],
    'denies under a block that names the organisation by its number': [
      { facts: blocked({ actors: [{ kind: 'unit', orgnr: '993467049' }] }) },
      'consent: blocked',
    ],
    'lets a block of another organisation pass by': [
      { facts: blocked({ actors: [{ kind: 'organization', id: OTHER }] }) },
      'permit',
    ],
    'denies a person blocked by HPR number': [
      { facts: blocked({ actors: [{ kind: 'practitioner', handle: 'hpr|9144900' }] }) },
      'consent: blocked',
    ],
    'does not let a person of unknown HPR number slip past such a block': [
      {
        request: {
          grant: world.grant({ practitioner: { ...world.PRACTITIONER, hprNumber: undefined } }),
        },
        facts: blocked({ actors: [{ kind: 'practitioner', handle: 'hpr|1234567' }] }),
      },
      'consent: blocked',
    ],
    'denies a blocked category of personnel': [
      { facts: blocked({ actors: [{ kind: 'category', code: 'LE' }] }) },
      'consent: blocked',
    ],
    'denies a blocked purpose': [{ facts: blocked({ purposes: ['TREAT'] }) }, 'consent: blocked'],
    'takes emergency care as a kind of treatment': [
      {
        request: { grant: world.grant({ purpose: 'ETREAT' }) },
        facts: blocked({ purposes: ['TREAT'] }),
      },
      'consent: blocked',
    ],
    'lets a block of another purpose pass by': [
      { facts: blocked({ purposes: ['HRESCH'] }) },
      'permit',
    ],
    'denies the blocked action alone': [
      { request: { action: 'find' }, facts: blocked({ actions: ['view-images'] }) },
      'permit',
    ],
    'denies from one custodian what it names': [
      { facts: blocked({ custodians: [CUSTODIAN] }) },
      'consent: blocked',
    ],
    'covers all copies of a study that a block names': [
      { facts: blocked({ studies: [STUDY] }), study: { custodian: OTHER } },
      'consent: blocked',
    ],
    'denies a study that has one blocked modality': [
      { facts: blocked({ modalities: ['PT'] }), study: { modalities: ['CT', 'PT'] } },
      'consent: blocked',
    ],
    'denies a study of unknown modality where a modality is blocked': [
      { facts: blocked({ modalities: ['PT'] }), study: { modalities: [] } },
      'consent: blocked',
    ],
    'denies a study of unknown date where a period is blocked': [
      { facts: blocked({ dataPeriod: period }), study: { startedAt: null } },
      'consent: blocked',
    ],
    'lets a study outside the blocked period pass': [
      { facts: blocked({ dataPeriod: period }), study: { startedAt: new Date('2027-01-01') } },
      'permit',
    ],
    'denies only while the block is in force': [
      { facts: blocked({ period: { until: NOW } }) },
      'permit',
    ],
    'lets a nested permit lift the block it is nested in': [
      {
        facts: blocked({
          nested: [
            world.provision({
              effect: 'permit',
              actors: [{ kind: 'organization', id: REQUESTER }],
            }),
          ],
        }),
      },
      'permit',
    ],
    'does not lift a block by a nested permit for a modality when the modality is unknown': [
      {
        facts: blocked({ nested: [world.provision({ effect: 'permit', modalities: ['CT'] })] }),
        study: { modalities: [] },
      },
      'consent: blocked',
    ],
    'applies all consents together: a permit in one lifts no block in another': [
      {
        facts: {
          consents: [
            world.consent({ effect: 'permit' }, 'later'),
            world.consent({ modalities: ['CT'] }, 'earlier'),
          ],
        },
      },
      'consent: blocked',
    ],
    'applies a refusal nested in a permit': [
      {
        facts: blocked({
          effect: 'permit',
          nested: [world.provision({ modalities: ['CT'] })],
        }),
      },
      'consent: blocked',
    ],
    'applies it also where the outer permit may or may not reach the study': [
      {
        facts: blocked({
          effect: 'permit',
          modalities: ['CT'],
          nested: [world.provision({ studies: [STUDY] })],
        }),
        study: { modalities: [] },
      },
      'consent: blocked',
    ],
    'keeps the record of the patient from one who is wholly blocked': [
      { facts: blocked(), study: { custodian: null, studyUids: [], modalities: [] } },
      'consent: blocked',
    ],
    'shows the record of the patient under a block of some studies': [
      {
        facts: blocked({ modalities: ['CT'] }),
        study: { custodian: null, studyUids: [], modalities: [] },
      },
      'permit',
    ],
  })

  it('names the consents that speak', () => {
    const consents = [
      world.consent({}, 'a'),
      world.consent({ modalities: ['MR'] }, 'b'),
      world.consent({ modalities: ['CT'] }, 'c'),
    ]
    const asked = { ...world.request(), resource: world.study() }
    assert.deepEqual(decide(asked, world.facts({ consents })).because, [
      { step: 'consent', code: 'blocked', consents: ['a', 'c'] },
    ])
  })
})

describe('decision: labels', () => {
  check({
    'keeps what the citizen has blocked at its source': [
      { study: { labels: ['NORS'] } },
      'labels: label-withheld',
    ],
    'knows the label under its code system': [
      { study: { labels: ['urn:oid:2.16.578.1.12.4.1.1.9603|NORS'] } },
      'labels: label-withheld',
    ],
    'keeps what is very restricted': [{ study: { labels: ['V'] } }, 'labels: label-withheld'],
    "lets labels that limit the citizen's view alone pass": [
      { study: { labels: ['NORN_FFL', 'NORU', 'N'] } },
      'permit',
    ],
  })
})

describe('decision: break-glass', () => {
  const broken = { request: { grant: btg } }
  check({
    'overrides a block': [{ ...broken, facts: blocked() }, 'permit'],
    'overrides a label': [{ ...broken, study: { labels: ['NORS'] } }, 'permit'],
    'overrides a block that names the unit, for own material as well': [
      { ...broken, ...own, facts: blocked({ actors: [{ kind: 'unit', orgnr: UNIT }] }) },
      'permit',
    ],
    'never overrides a missing role': [
      { ...broken, facts: { member: world.member(REQUESTER, { roles: ['operator'] }) } },
      'membership: role-missing',
    ],
    'never leaves the patient of the grant': [
      { ...broken, study: { patient: 'patient-2' as PatientId } },
      'membership: outside-grant',
    ],
    'never overrides a custodian that does not share': [
      {
        ...broken,
        facts: { agreements: [{ custodian: CUSTODIAN, requester: REQUESTER, effect: 'deny' }] },
      },
      'agreement: not-shared',
    ],
    'opens nothing without a reason the profile knows': [
      {
        request: { grant: world.grant({ purpose: 'BTG', breakGlass: { reasonCode: 'CURIOUS' } }) },
        facts: blocked(),
      },
      'consent: blocked',
    ],
    'opens nothing without words where the profile asks for them': [
      {
        request: { grant: btg },
        facts: {
          ...blocked(),
          profile: {
            ...world.NO_CARE,
            breakGlass: { reasonCodes: ['BLAALYS'], textRequired: true },
          },
        },
      },
      'consent: blocked',
    ],
    'opens nothing under another purpose': [
      {
        request: { grant: world.grant({ breakGlass: { reasonCode: 'BLAALYS' } }) },
        facts: blocked(),
      },
      'consent: blocked',
    ],
  })

  it('names what it overrode and owes notice, review and a mark for the patient', () => {
    const asked = { ...world.request({ grant: btg }), resource: world.study({ labels: ['R'] }) }
    assert.deepEqual(decide(asked, world.facts(blocked())), {
      effect: 'permit',
      because: [
        { step: 'break-glass', code: 'glass-broken' },
        { step: 'consent', code: 'blocked', consents: ['consent-1'] },
        { step: 'labels', code: 'label-withheld' },
      ],
      obligations: ['notify-privacy-officer', 'queue-review', 'show-patient-override'],
    })
  })

  it('owes nothing for what was never kept back', () => {
    const asked = { ...world.request({ grant: btg }), resource: world.study() }
    assert.deepEqual(decide(asked, world.facts()).obligations, [])
  })
})
