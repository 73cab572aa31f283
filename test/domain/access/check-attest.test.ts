import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Attest } from '../../../src/domain/access/attest.ts'
import {
  checkAttest,
  limitClientAttest,
  type AttestedRequest,
} from '../../../src/domain/access/check-attest.ts'
import type { AuthenticatedPerson } from '../../../src/domain/access/person.ts'
import type { CarePurpose } from '../../../src/domain/access/principal.ts'
import { isHubError } from '../../../src/kernel/errors.ts'
import { attest, person } from '../../support/attests.ts'
import { minutes, NOW, UNIT } from '../../support/access-worlds.ts'

interface Case {
  readonly attest?: Partial<Attest>
  readonly person?: Partial<AuthenticatedPerson>
  readonly request?: Partial<AttestedRequest>
}

function answer(over: Case): string {
  const request = { now: NOW, purpose: 'TREAT', patient: attest().patient, ...over.request }
  try {
    checkAttest(attest(over.attest), person(over.person), request)
    return 'ok'
  } catch (error) {
    assert.ok(isHubError(error, 'invalid'))
    return error.reason ?? ''
  }
}

const F = 'urn:oid:2.16.578.1.12.4.1.4.1'
const another = { system: F, value: '17558550120' }

describe('checkAttest', () => {
  for (const [name, over, expected] of [
    ['accepts a complete attest of the person who signed in', {}, 'ok'],
    ['accepts one that is sixty minutes old', { attest: { toa: minutes(-60) } }, 'ok'],
    [
      'refuses one that is older',
      { attest: { toa: new Date(minutes(-60).getTime() - 1) } },
      'attestation_has_expired',
    ],
    ['forgives a clock that is slightly ahead', { attest: { toa: minutes(0.4) } }, 'ok'],
    ['refuses one from the future', { attest: { toa: minutes(1) } }, 'attestation_not_yet_valid'],
    [
      'refuses one of another practitioner',
      { attest: { practitioner: another } },
      'attestation_subject_mismatch',
    ],
    [
      'refuses one with another HPR number than the sign-in',
      { person: { hprNumber: '9144900' }, attest: { hprNumber: '1234567' } },
      'attestation_subject_mismatch',
    ],
    [
      'refuses a practitioner who is named by HPR number alone',
      { attest: { practitioner: { system: 'urn:oid:2.16.578.1.12.4.1.4.4', value: '9144900' } } },
      'attestation_identifier_not_allowed',
    ],
    [
      'refuses one for another legal entity',
      { attest: { legalEntity: '983974880' } },
      'attestation_organization_mismatch',
    ],
    [
      'refuses a person who signed in at a lower level',
      { person: { assurance: 'lower' } },
      'attestation_assurance_too_low',
    ],
    [
      'refuses a purpose that is not one of care',
      { attest: { purpose: 'HRESCH' as CarePurpose }, request: { purpose: 'HRESCH' } },
      'attestation_purpose_not_allowed',
    ],
    [
      'refuses another purpose than the one requested',
      { request: { purpose: 'BTG' } },
      'attestation_purpose_not_allowed',
    ],
    [
      'accepts a purpose detail where there is no service',
      { attest: { healthcareService: undefined, purposeDetail: 'POLBESOK' } },
      'ok',
    ],
    [
      'refuses one with neither service nor purpose detail',
      { attest: { healthcareService: undefined, purposeDetail: undefined } },
      'attestation_incomplete',
    ],
    [
      'refuses one without a decision reference',
      { attest: { decisionRef: ' ' } },
      'attestation_incomplete',
    ],
    [
      'refuses one for another patient than is asked for',
      { request: { patient: another } },
      'attestation_patient_mismatch',
    ],
    [
      'refuses a patient named by something else than a personal number',
      { attest: { patient: { system: 'urn:oid:1.2.3', value: '1' } }, request: {} },
      'attestation_patient_mismatch',
    ],
    [
      'leaves it to the grant whether an id of the hub is the attested patient',
      { request: { patient: undefined } },
      'ok',
    ],
  ] as const satisfies readonly (readonly [string, Case, string])[]) {
    it(name, () => assert.equal(answer(over), expected))
  }

  it('names no number of anyone in its messages', () => {
    assert.throws(
      () =>
        checkAttest(attest({ practitioner: another }), person(), { now: NOW, purpose: 'TREAT' }),
      (error: unknown) => error instanceof Error && !/\d{11}/.test(error.message),
    )
  })
})

describe('an attest that the client signed itself', () => {
  const signedIn = person({ orgnrChild: UNIT })
  const limited = (over: Partial<Attest>, who = signedIn, issued?: Attest) => {
    const { hprNumber, category, pointOfCare } = limitClientAttest(attest(over), who, issued)
    return { hprNumber, category, pointOfCare }
  }

  it('names no unit but the one the person signed in for', () => {
    const mismatch = (error: unknown) =>
      isHubError(error, 'invalid') && error.reason === 'attestation_point_of_care_mismatch'
    assert.throws(() => limited({ pointOfCare: '983974880' }), mismatch)
    assert.throws(() => limited({}, person()), mismatch)
    const whole = limited({ pointOfCare: '993467049' }, person())
    assert.equal(whole.pointOfCare, '993467049')
  })

  it('gives no category, and no HPR number that the issuer does not know', () => {
    const unknown = person({ orgnrChild: UNIT, hprNumber: undefined })
    assert.equal(limited({ category: 'LE' }).category, undefined)
    assert.equal(limited({ hprNumber: '1' }, unknown).hprNumber, undefined)
  })

  it('has the category of the issuer’s attest of the same person', () => {
    assert.equal(limited({ category: 'LE' }, signedIn, attest({ category: 'SP' })).category, 'SP')
    const other = attest({ practitioner: another, category: 'SP', hprNumber: '2' })
    assert.equal(limited({}, signedIn, other).category, undefined)
  })

  it('is left to be refused where it contradicts the issuer', () => {
    assert.equal(limited({ hprNumber: '1' }).hprNumber, '1')
  })
})
