import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  alternatives,
  parseDateTest,
  parseNumberTest,
  parseQuantityTest,
  parseToken,
  unescape,
} from '../../../src/wire/fhir/search-text.ts'

const escape = (text: string): string => text.replaceAll(/[\\,|$]/g, String.raw`\$&`)
const asked = (text: string): unknown[] => {
  const test = parseDateTest(text)
  return [test?.prefix, test?.value.from.toISOString(), test?.value.until.toISOString()]
}

test('a list gives back what was escaped into it', () => {
  const texts = fc.array(fc.string({ minLength: 1, unit: 'binary' }), { minLength: 1 })
  fc.assert(
    fc.property(texts, (list) => {
      assert.deepEqual(alternatives(list.map(escape).join(',')).map(unescape), list)
    }),
  )
})

test('a token gives back its system and its value, whatever is in them', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (system, value) => {
      assert.deepEqual(parseToken(`${escape(system)}|${escape(value)}`), { system, value })
      assert.deepEqual(parseToken(escape(value)), { value })
    }),
  )
})

test('a moment told more finely than rows keep it lies between two milliseconds in time, and within one', () => {
  const [before, after] = ['2024-01-01T10:00:00.123Z', '2024-01-01T10:00:00.124Z']
  for (const prefix of ['lt', 'gt', 'le', 'ge', 'sa', 'eb']) {
    assert.deepEqual(asked(`${prefix}2024-01-01T10:00:00.1234567Z`), [prefix, after, after])
    assert.deepEqual(asked(`${prefix}2024-01-01T10:00:00.1230000Z`), [prefix, before, after])
  }
  assert.deepEqual(asked('2024-01-01T10:00:00.1234567Z'), ['eq', before, after])
})

test('a plus sign that became a space on its way is one again', () => {
  assert.deepEqual(asked('ge2024-01-01T10:00:00 02:00'), [
    'ge',
    '2024-01-01T08:00:00.000Z',
    '2024-01-01T08:00:01.000Z',
  ])
})

test('what is no date, number or quantity is none, with a prefix and without', () => {
  for (const text of ['', 'ge', 'xx2024', '2024-1', 'ge 2024', '2024-01-01T10', '24:00']) {
    assert.equal(parseDateTest(text), undefined, text)
  }
  for (const text of ['', 'lt', 'five', '5,4', 'lt 5', '5|']) {
    assert.equal(parseNumberTest(text), undefined, text)
  }
  for (const text of ['', '|s|mg', 'lt|s|mg', '5|s|c|d']) {
    assert.equal(parseQuantityTest(text), undefined, text)
  }
})

test('a quantity is asked with system and code, with a unit of any system, or without', () => {
  const unitOf = (text: string): unknown => {
    const test = parseQuantityTest(text)
    return test && [test.prefix, test.value, test.system, test.code]
  }
  assert.deepEqual(unitOf('5.40|http://unitsofmeasure.org|mg'), [
    'eq',
    '5.4',
    'http://unitsofmeasure.org',
    'mg',
  ])
  assert.deepEqual(unitOf('lt5||mg'), ['lt', '5', undefined, 'mg'])
  assert.deepEqual(unitOf('ap5'), ['ap', '5', undefined, undefined])
  assert.deepEqual(unitOf('5|s'), ['eq', '5', 's', undefined])
})
