import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  maskElevenDigits,
  mayHoldNationalId,
} from '../../../src/domain/identity/suspect-national-id.ts'

const NUMBER = '17858550084'
const OTHER_DIGITS = '12345678901'

test('a national id is seen in any text, printed with a space too', () => {
  for (const text of [
    NUMBER,
    `a,${NUMBER}`,
    `urn:oid:1.2|${NUMBER}`,
    '178585 50084',
    '57858550078',
  ])
    for (const place of ['person', 'text'] as const)
      assert.equal(mayHoldNationalId(text, place), true, text)
})

test('eleven other digits are suspect only where a person is named', () => {
  assert.equal(mayHoldNationalId(OTHER_DIGITS, 'person'), true)
  assert.equal(mayHoldNationalId(OTHER_DIGITS, 'text'), false)
})

test('digits within a UID, a UUID or a longer number are none', () => {
  for (const text of [
    `1.2.${NUMBER}.3`,
    `1.2.${NUMBER}`,
    `x-${NUMBER}`,
    `1${NUMBER}`,
    `${NUMBER}a`,
  ])
    assert.equal(mayHoldNationalId(text, 'person'), false, text)
})

test('what is masked holds no eleven digits on their own', () => {
  assert.equal(maskElevenDigits(`no ${NUMBER}, 178585 50084`), 'no ***, ***')
  assert.equal(maskElevenDigits(`study 1.2.${NUMBER}`), `study 1.2.${NUMBER}`)
})
