import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDateInterval, periodInterval } from '../../../src/wire/fhir/date-interval.ts'

const iso = (text: string): string[] | undefined => {
  const interval = parseDateInterval(text)
  return interval && [interval.from.toISOString(), interval.until.toISOString()]
}

test('a date is the whole of what it names', () => {
  assert.deepEqual(iso('2024'), ['2024-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z'])
  assert.deepEqual(iso('2024-02'), ['2024-02-01T00:00:00.000Z', '2024-03-01T00:00:00.000Z'])
  assert.deepEqual(iso('2024-02-29'), ['2024-02-29T00:00:00.000Z', '2024-03-01T00:00:00.000Z'])
  assert.deepEqual(iso('2024-05-01T10:00+02:00'), [
    '2024-05-01T08:00:00.000Z',
    '2024-05-01T08:01:00.000Z',
  ])
})

test('what is on no calendar is no date', () => {
  for (const text of [
    '2023-02-29',
    '2024-13',
    '2024-05-01T25:00:00Z',
    '0000',
    '2024-05-01T24:00Z',
    'x',
    '',
  ]) {
    assert.equal(parseDateInterval(text), undefined, text)
  }
})

test('every instant lies within the interval of each of its own spellings', () => {
  const moments = fc.date({
    min: new Date('0002-01-01T00:00:00Z'),
    max: new Date('9998-01-01T00:00:00Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(moments, fc.constantFrom(4, 7, 10, 19, 23), (moment, length) => {
      const text = moment.toISOString().slice(0, length) + (length > 10 ? 'Z' : '')
      const interval = parseDateInterval(text)
      return interval !== undefined && interval.from <= moment && moment < interval.until
    }),
  )
})

test('an open end of a period reaches to the end of time', () => {
  const interval = periodInterval('2024-01-01', undefined)
  assert.equal(interval?.from.toISOString(), '2024-01-01T00:00:00.000Z')
  assert.equal(interval.until.getUTCFullYear(), 9999)
  assert.equal(periodInterval(undefined, undefined), undefined)
  assert.equal(periodInterval('soon', undefined), undefined)
})

test('a fraction of a second names one millisecond, and the end of time ends there', () => {
  assert.deepEqual(iso('2024-05-01T10:00:00.5Z'), [
    '2024-05-01T10:00:00.500Z',
    '2024-05-01T10:00:00.501Z',
  ])
  assert.deepEqual(iso('2024-05-01T10:00:00.123456Z'), [
    '2024-05-01T10:00:00.123Z',
    '2024-05-01T10:00:00.124Z',
  ])
  assert.deepEqual(iso('9999'), ['9999-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'])
})
