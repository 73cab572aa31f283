import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isHubError } from '../../../src/kernel/errors.ts'
import { findAttest, readAttest } from '../../../src/wire/oauth/attest-claims.ts'

const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'
const DNR = 'urn:oid:2.16.578.1.12.4.1.4.2'

function claim(over: object = {}): Record<string, unknown> {
  return {
    toa: 1700121037,
    practitioner: {
      identifier: {
        id: '17858550084',
        name: 'Kari',
        system: FNR,
        authority: 'https://www.skatteetaten.no',
      },
      hpr_nr: { id: '9144900', system: 'urn:oid:2.16.578.1.12.4.1.4.4' },
      authorization: { code: 'LE', text: 'Lege' },
      legal_entity: { id: '993467049', name: 'HF' },
      point_of_care: { id: '874716782' },
      department: { id: '705592' },
    },
    care_relation: {
      healthcare_service: { code: 'S03' },
      purpose_of_use: { code: 'TREAT' },
      purpose_of_use_details: { code: 'POLBESOK' },
      decision_ref: { id: 'ref-1', description: 'Legekonsultasjon', user_selected: false },
    },
    patients: [
      { identifier: { id: '57858550078', system: FNR }, point_of_care: { id: '974589095' } },
    ],
    ...over,
  }
}

describe('an attest', () => {
  it('is read in the words of the specification', () => {
    assert.deepEqual(readAttest(claim()), {
      toa: new Date('2023-11-16T07:50:37Z'),
      practitioner: { system: FNR, value: '17858550084' },
      practitionerName: 'Kari',
      hprNumber: '9144900',
      category: 'LE',
      legalEntity: '993467049',
      pointOfCare: '874716782',
      purpose: 'TREAT',
      purposeDetail: 'POLBESOK',
      healthcareService: 'S03',
      decisionRef: 'ref-1',
      userSelected: false,
      patient: { system: DNR, value: '57858550078' },
    })
  })

  it('is read the same in the words that samples and the test tool use', () => {
    const { care_relation, ...rest } = claim() as { care_relation: Record<string, unknown> }
    const { decision_ref, ...relation } = care_relation
    const renamed = {
      ...rest,
      care_relationship: { ...relation, tracing_ref_id: decision_ref },
    }
    assert.deepEqual(readAttest(renamed), readAttest(claim()))
    const plain = { ...rest, 'care-relation': { ...relation, tracing_ref_id: 'ref-1' } }
    assert.deepEqual(readAttest(plain), readAttest(claim()))
  })

  it('is for exactly one patient', () => {
    const [patient] = claim().patients as object[]
    assert.throws(
      () => readAttest(claim({ patients: [patient, patient] })),
      (error) => isHubError(error, 'invalid') && error.reason === 'attestation_ambiguous_patient',
    )
  })

  it('says what is missing by its place, and never what stands there', () => {
    const patients = [{ identifier: { id: '57858550078' } }]
    assert.throws(
      () => readAttest(claim({ patients })),
      (error) =>
        isHubError(error, 'invalid') &&
        error.message.includes('patients.0.identifier.system') &&
        !error.message.includes('57858550078'),
    )
  })

  it('whatever it is, is read or refused by name', () => {
    fc.assert(
      fc.property(
        fc.anything({ maxDepth: 4 }),
        fc.constantFrom(...Object.keys(claim())),
        (value, at) => {
          try {
            readAttest(claim({ [at]: value }))
          } catch (error) {
            assert.ok(isHubError(error, 'invalid'))
            assert.match(error.reason ?? '', /^attestation_/)
          }
        },
      ),
    )
  })

  it('is found among other details', () => {
    const attest = { type: 'nhn:tillitsrammeverk:parameters' }
    assert.equal(findAttest([{ type: 'helseid_authorization' }, attest]), attest)
    for (const nothing of [undefined, 'x', [], [null], {}])
      assert.equal(findAttest(nothing), undefined)
  })
})
