import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maskClaim } from '../../../src/domain/identity/mask-claim.ts'
import type { PatientClaim } from '../../../src/domain/imaging/study.ts'

const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'
const claim = (over: Partial<PatientClaim>): PatientClaim => ({ otherIds: [], ...over })

test('the last five digits of a national id are hidden, whoever is said to have issued it', () => {
  for (const issuer of [undefined, FNR, 'urn:oid:2.999.1'])
    assert.equal(maskClaim(claim({ id: '17858550084', issuer })).id, '178585*****')
  assert.equal(maskClaim(claim({ id: '178585 50084' })).id, '178585 *****')
})

test('a mistyped national id is hidden from the seventh sign on', () => {
  assert.equal(maskClaim(claim({ id: '1785855008', issuer: FNR })).id, '178585****')
  assert.equal(maskClaim(claim({ id: '17', issuer: FNR })).id, '17')
})

test('other ids, and ids written where a name belongs, are hidden as well', () => {
  const masked = maskClaim(
    claim({ otherIds: [{ id: '17858550120' }], familyName: 'Lie 17858550084', givenName: 'Jo' }),
  )
  assert.deepEqual(masked.otherIds, [{ id: '178585*****' }])
  assert.equal(masked.familyName, 'Lie 178585*****')
  assert.equal(masked.givenName, 'Jo')
})

test('a custodian’s own id, name, birth date and sex stay as they are', () => {
  const told = claim({
    ...{ id: 'LOCAL-1', issuer: 'urn:oid:2.999.1', familyName: 'Lie', birthDate: '1985-05-17' },
    sex: 'female',
  })
  assert.deepEqual(JSON.parse(JSON.stringify(maskClaim(told))), told)
})

test('no eleven digits in a row are left, whatever they stand among', () => {
  const digits = fc.stringMatching(/^\d{11}$/)
  const other = fc.stringMatching(/^[A-Za-z^ -]{0,8}$/)
  fc.assert(
    fc.property(other, digits, other, (before, id, after) => {
      const text = before + id + after
      const masked = maskClaim(claim({ id: text, familyName: text }))
      assert.doesNotMatch(JSON.stringify(masked), /\d{11}/)
    }),
  )
})
