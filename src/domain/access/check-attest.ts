/** Whether an attest may stand behind a grant (access.md section 2; rules ATT-… of the trust framework). */
import { HubError } from '../../kernel/errors.ts'
import type { Attest, AttestedIdentifier } from './attest.ts'
import type { AuthenticatedPerson } from './person.ts'
import { CARE_PURPOSES } from './principal.ts'

/** ATT-58: an attest lives 60 minutes from `toa`; a new one is made when the clinician asks again. */
export const ATTEST_LIFETIME_MS = 60 * 60_000
/** The issuer's clock may be this much ahead of ours. */
const LEEWAY_MS = 30_000

const OID = 'urn:oid:2.16.578.1.12.4.1.4'
/** ATT-10: personnel by birth number or D-number. */
const PRACTITIONER_SYSTEMS = [`${OID}.1`, `${OID}.2`]
/** ATT-4: patients by the common emergency number as well. */
const PATIENT_SYSTEMS = [...PRACTITIONER_SYSTEMS, `${OID}.3`]

/** What the grant request says besides the attest. */
export interface AttestedRequest {
  readonly now: Date
  readonly purpose: string
  /** Absent where the request names the patient by the hub's own id. */
  readonly patient?: AttestedIdentifier | undefined
}

interface Check {
  readonly code: string
  readonly message: string
  readonly holds: (attest: Attest, person: AuthenticatedPerson, request: AttestedRequest) => boolean
}

const CHECKS: readonly Check[] = [
  {
    code: 'attestation_assurance_too_low',
    message: 'The person did not sign in at assurance level high',
    holds: (_, { assurance }) => assurance === 'high',
  },
  {
    code: 'attestation_identifier_not_allowed',
    message: 'The attest names its practitioner by something else than a birth or D-number',
    holds: ({ practitioner }) => PRACTITIONER_SYSTEMS.includes(practitioner.system),
  },
  {
    code: 'attestation_subject_mismatch',
    message: 'The attest is of another practitioner than the one who signed in',
    holds: (attest, person) =>
      isSame(attest.practitioner, person.identifier) && agree(attest.hprNumber, person.hprNumber),
  },
  {
    code: 'attestation_organization_mismatch',
    message: 'The attest is of another legal entity than the one the person signed in for',
    holds: ({ legalEntity }, { orgnrParent }) => legalEntity === orgnrParent,
  },
  {
    code: 'attestation_has_expired',
    message: 'The attest is older than 60 minutes; a new one is needed',
    holds: ({ toa }, _, { now }) => now.getTime() - toa.getTime() <= ATTEST_LIFETIME_MS,
  },
  {
    code: 'attestation_not_yet_valid',
    message: 'The attest is dated in the future',
    holds: ({ toa }, _, { now }) => toa.getTime() - now.getTime() <= LEEWAY_MS,
  },
  {
    code: 'attestation_purpose_not_allowed',
    message: `The attest’s purpose is not one of ${CARE_PURPOSES.join(', ')}, or not the one requested`,
    holds: ({ purpose }, _, request) =>
      CARE_PURPOSES.includes(purpose) && purpose === request.purpose,
  },
  {
    // ATT-43, and what section 7 of the data model always asks for.
    code: 'attestation_incomplete',
    message:
      'The attest lacks its decision reference, its units, or both service and purpose detail',
    holds: (attest) =>
      isSaid(attest.healthcareService ?? attest.purposeDetail) &&
      [attest.decisionRef, attest.legalEntity, attest.pointOfCare].every(isSaid),
  },
  {
    code: 'attestation_patient_mismatch',
    message: 'The attest is not for this patient',
    holds: ({ patient }, _, request) =>
      PATIENT_SYSTEMS.includes(patient.system) &&
      (request.patient === undefined || isSame(patient, request.patient)),
  },
]

/** Throws `invalid` with the first check that does not hold as its reason. */
export function checkAttest(
  attest: Attest,
  person: AuthenticatedPerson,
  request: AttestedRequest,
): void {
  const failed = CHECKS.find(({ holds }) => !holds(attest, person, request))
  if (failed !== undefined) throw new HubError('invalid', failed.message, { reason: failed.code })
}

/**
 * An attest that the client signed itself, as far as its word goes: it is evidence of care relation and
 * purpose. Who the person is, and for which unit, is the issuer's to say (ATT-29, ATT-32), so the unit must be
 * the token's, and HPR number and category are those of the issuer's own attest, or none. Throws `invalid`
 * with reason `attestation_point_of_care_mismatch`.
 */
export function limitClientAttest(
  attest: Attest,
  person: AuthenticatedPerson,
  issued: Attest | undefined,
): Attest {
  if (attest.pointOfCare !== (person.orgnrChild ?? person.orgnrParent))
    throw new HubError('invalid', 'The attest is of another unit than the person signed in for', {
      reason: 'attestation_point_of_care_mismatch',
    })
  const vouched = issued !== undefined && isSame(issued.practitioner, person.identifier)
  const known = person.hprNumber ?? (vouched ? issued.hprNumber : undefined)
  return {
    ...attest,
    // One that contradicts the issuer's is left for `checkAttest` to refuse.
    hprNumber: known === undefined ? undefined : (attest.hprNumber ?? known),
    category: vouched ? issued.category : undefined,
  }
}

function isSame(one: AttestedIdentifier, other: AttestedIdentifier): boolean {
  return one.system === other.system && one.value === other.value
}

function agree(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined || one === other
}

function isSaid(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== ''
}
