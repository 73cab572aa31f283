/** Builders of the decision's facts: a permit for care by default, each test changing what it is about. */
import type { PatientConsent, Provision } from '../../src/domain/access/consent.ts'
import type { AccessFacts, AccessRequest } from '../../src/domain/access/decision.ts'
import type { ObjectFacts } from '../../src/domain/access/filter.ts'
import type { Grant } from '../../src/domain/access/grant.ts'
import type { Member } from '../../src/domain/access/network.ts'
import { ACTIONS, type Principal } from '../../src/domain/access/principal.ts'
import { POLICY_PROFILES, type PolicyProfile } from '../../src/domain/access/profiles.ts'
import type {
  ClientId,
  GrantId,
  OrganizationId,
  PatientId,
  StudyUid,
} from '../../src/kernel/ids.ts'

export const NOW = new Date('2026-06-01T12:00:00Z')
export const REQUESTER = 'org-a' as OrganizationId
export const CUSTODIAN = 'org-b' as OrganizationId
export const OTHER = 'org-c' as OrganizationId
export const PATIENT = 'patient-1' as PatientId
export const STUDY = '1.2.1' as StudyUid
export const UNIT = '874716782'

const [noCare] = POLICY_PROFILES
if (noCare === undefined) throw new Error('There is no policy profile')
export const NO_CARE: PolicyProfile = noCare

export function minutes(count: number, from: Date = NOW): Date {
  return new Date(from.getTime() + count * 60_000)
}

const ORGNR = new Map([
  [REQUESTER, '993467049'],
  [CUSTODIAN, '983971636'],
  [OTHER, '983974880'],
])

export function member(id: OrganizationId, over: Partial<Member> = {}): Member {
  const orgnr = ORGNR.get(id) ?? id
  return { id, orgnr, name: id, roles: ['clinical', 'publisher'], active: true, ...over }
}

export const PRACTITIONER = {
  handle: 'handle-1',
  name: 'Kari Lege',
  hprNumber: '9144900',
  category: 'LE',
}

export function grant(over: Partial<Grant> = {}): Grant {
  return {
    id: 'grant-1' as GrantId,
    client: 'client-1' as ClientId,
    member: REQUESTER,
    unit: UNIT,
    practitioner: PRACTITIONER,
    patient: PATIENT,
    purpose: 'TREAT',
    decisionRef: 'ref-1',
    actions: ['find', 'read-report', 'view-images'],
    issuedAt: minutes(-10),
    expiresAt: minutes(50),
    ...over,
  }
}

export function principal(over: Partial<Principal> = {}): Principal {
  return {
    client: 'client-1' as ClientId,
    member: REQUESTER,
    unit: UNIT,
    practitioner: PRACTITIONER,
    grant: 'grant-1' as GrantId,
    actions: new Set(ACTIONS),
    tokenId: 'token-1',
    ...over,
  }
}

/** A system of the requesting member, without a person. */
export function systemPrincipal(over: Partial<Principal> = {}): Principal {
  return principal({ unit: undefined, practitioner: undefined, grant: undefined, ...over })
}

export function request(over: Partial<AccessRequest> = {}): AccessRequest {
  return { principal: principal(), action: 'view-images', grant: grant(), at: NOW, ...over }
}

export function facts(over: Partial<AccessFacts> = {}): AccessFacts {
  return {
    member: member(REQUESTER),
    members: [member(REQUESTER), member(CUSTODIAN), member(OTHER)],
    agreements: [],
    consents: [],
    profile: NO_CARE,
    ...over,
  }
}

export function study(over: Partial<ObjectFacts> = {}): ObjectFacts {
  return {
    custodian: CUSTODIAN,
    patient: PATIENT,
    studyUids: [STUDY],
    modalities: ['CT'],
    bodyRegions: [],
    startedAt: new Date('2026-01-02T00:00:00Z'),
    labels: [],
    ...over,
  }
}

export function provision(over: Partial<Provision> = {}): Provision {
  return { effect: 'deny', nested: [], ...over }
}

export function consent(over: Partial<Provision> = {}, id = 'consent-1'): PatientConsent {
  return { id, patient: PATIENT, provision: provision(over) }
}
