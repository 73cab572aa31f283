import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { numberRange, plainDecimal } from '../../../src/wire/fhir/decimal.ts'

const range = (text: string, approximate = false): string[] | undefined => {
  const found = numberRange(text, approximate)
  return found && [found.low, found.value, found.high]
}

test('a number stands for what its digits leave open', () => {
  assert.deepEqual(range('100'), ['99.5', '100', '100.5'])
  assert.deepEqual(range('100.00'), ['99.995', '100', '100.005'])
  assert.deepEqual(range('-5.4'), ['-5.45', '-5.4', '-5.35'])
  assert.deepEqual(range('0'), ['-0.5', '0', '0.5'])
})

test('with an exponent it stands for what the example of R4 gives', () => {
  assert.deepEqual(range('1e2'), ['95', '100', '105'])
  assert.deepEqual(range('2E-3'), ['0.00195', '0.002', '0.00205'])
})

test('about a number is within a tenth of it, or within its own precision where that is wider', () => {
  assert.deepEqual(range('100', true), ['90', '100', '110'])
  assert.deepEqual(range('-20', true), ['-22', '-20', '-18'])
  assert.deepEqual(range('1', true), ['0.5', '1', '1.5'])
})

test('a number is written plainly, without exponent or needless zeros', () => {
  assert.equal(plainDecimal('1.500'), '1.5')
  assert.equal(plainDecimal('007'), '7')
  assert.equal(plainDecimal('-0.0'), '0')
  assert.equal(plainDecimal('1e21'), '1000000000000000000000')
  assert.equal(plainDecimal('5e-7'), '0.0000005')
  assert.equal(plainDecimal('12345678901234567890.123456789'), '12345678901234567890.123456789')
})

test('what is no number, or too long to be one, is none', () => {
  const long = '1'.repeat(100)
  for (const text of [
    '',
    '.',
    '1.',
    '.5',
    '1e',
    '1e9999',
    '--1',
    '1,5',
    '0x1',
    'NaN',
    'Infinity',
    ' 1',
    long,
  ]) {
    assert.equal(plainDecimal(text), undefined, text)
    assert.equal(numberRange(text, false), undefined, text)
  }
})

const decimals = fc
  .tuple(fc.integer(), fc.nat({ max: 999_999 }), fc.integer({ min: 0, max: 6 }))
  .map(([whole, fraction, digits]) =>
    digits === 0 ? String(whole) : `${whole}.${String(fraction).padStart(6, '0').slice(0, digits)}`,
  )

test('every number lies within its own range, and a more precise spelling within that of a coarser one', () => {
  fc.assert(
    fc.property(decimals, (text) => {
      const coarse = range(text)?.map(Number) ?? []
      const fine = range(text.includes('.') ? `${text}0` : `${text}.0`)?.map(Number) ?? []
      const inOrder = [coarse[0], fine[0], fine[1], fine[2], coarse[2]]
      assert.deepEqual(
        inOrder,
        inOrder.toSorted((a = NaN, b = NaN) => a - b),
      )
      assert.equal(coarse[1], fine[1])
    }),
  )
})

test('a number written plainly is the same number', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e60, max: 1e60 }),
      (number) => {
        const plain = plainDecimal(JSON.stringify(number))
        return plain !== undefined && Number(plain) === (number === 0 ? 0 : number)
      },
    ),
  )
})
