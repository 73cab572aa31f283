import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isOrgnr } from '../../../src/domain/identity/orgnr.ts'

test('accepts numbers of the register', () => {
  for (const number of ['974760673', '993467049', '889640782']) assert.ok(isOrgnr(number), number)
})

test('refuses what is not nine digits beginning with 2, 3, 8 or 9', () => {
  for (const text of ['', '97476067', '9747606731', '174760673', '97476067x', ' 974760673']) {
    assert.ok(!isOrgnr(text), text)
  }
})

test('refuses every number with one digit changed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 1, max: 9 }), (at, step) => {
      const digits = Array.from('974760673')
      digits[at] = String((Number(digits[at]) + step) % 10)
      return !isOrgnr(digits.join(''))
    }),
  )
})
