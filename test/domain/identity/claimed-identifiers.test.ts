import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  claimedLocalIds,
  claimedNationalId,
} from '../../../src/domain/identity/claimed-identifiers.ts'
import { NATIONAL_ID_SYSTEMS } from '../../../src/domain/identity/national-id.ts'
import type { PatientClaim } from '../../../src/domain/imaging/study.ts'

const FNR = '17858550084'
const DNR = '57858550078'
const LOCAL = 'urn:oid:2.999.1'
const { fnr } = NATIONAL_ID_SYSTEMS

const judge = (claim: Partial<PatientClaim>): string => {
  const claimed = claimedNationalId({ otherIds: [], ...claim }, { environment: 'development' })
  return claimed.ok ? claimed.id.value : claimed.doubt
}

describe('the identifiers an object claims', () => {
  for (const [what, claim, expected] of [
    ['nothing', {}, 'no-national-id'],
    ['a national id by its issuer', { id: FNR, issuer: fnr }, FNR],
    ['a D-number under the system of the other', { id: DNR, issuer: fnr }, DNR],
    ['eleven digits of no issuer', { id: FNR }, FNR],
    ['the same as they are printed', { id: '178585 50084' }, FNR],
    ['eleven digits that are none', { id: '17858550085' }, 'invalid-national-id'],
    ['less than that under the national issuer', { id: '123', issuer: fnr }, 'invalid-national-id'],
    ['an id of a custodian', { id: 'A-1', issuer: LOCAL }, 'no-national-id'],
    ['eleven digits of a custodian', { id: FNR, issuer: LOCAL }, 'no-national-id'],
    ['a word', { id: 'ANONYMOUS' }, 'no-national-id'],
    [
      'an invalid national id, and a valid one beside it',
      { id: '123', issuer: fnr, otherIds: [{ id: FNR, issuer: fnr }] },
      'invalid-national-id',
    ],
    [
      'a national id beside the custodian’s own',
      { id: 'A-1', issuer: LOCAL, otherIds: [{ id: FNR, issuer: fnr }] },
      FNR,
    ],
    [
      'two national ids beside it: a mother’s may be one',
      { id: 'A-1', issuer: LOCAL, otherIds: [{ id: FNR }, { id: DNR }] },
      'demographics-contradict',
    ],
    [
      'the patient’s own first, whoever is named beside',
      { id: FNR, issuer: fnr, otherIds: [{ id: DNR, issuer: fnr }] },
      FNR,
    ],
  ] as const) {
    it(`rest on ${expected} for ${what}`, () => {
      assert.equal(judge(claim), expected)
    })
  }

  it('are the custodian’s own where their issuer is known, each once', () => {
    const claim: PatientClaim = {
      id: ' A-1 ',
      issuer: LOCAL,
      otherIds: [
        { id: 'A-1', issuer: LOCAL },
        { id: 'B-2', issuer: 'urn:oid:2.999.2' },
        { id: 'C-3' },
        { id: FNR, issuer: fnr },
        { id: 'x'.repeat(65), issuer: LOCAL },
        { id: ' ', issuer: LOCAL },
      ],
    }
    assert.deepEqual(claimedLocalIds(claim), [
      { system: LOCAL, value: 'A-1' },
      { system: 'urn:oid:2.999.2', value: 'B-2' },
    ])
  })
})
