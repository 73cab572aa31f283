import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeTimeZone, studyStart } from '../../../src/domain/imaging/study-time.ts'

const OSLO = makeTimeZone('Europe/Oslo')

test('local time gets the offset of its zone, summer and winter', () => {
  assert.deepEqual(studyStart({ date: '20250114', time: '101500' }, OSLO), {
    dateTime: '2025-01-14T10:15:00+01:00',
    instant: new Date('2025-01-14T09:15:00Z'),
  })
  assert.equal(
    studyStart({ date: '20250714', time: '101500.123' }, OSLO)?.dateTime,
    '2025-07-14T10:15:00+02:00',
  )
})

test('an offset that is told wins over the zone', () => {
  const start = studyStart({ date: '20250714', time: '1015', offset: '-0330' }, OSLO)
  assert.equal(start?.dateTime, '2025-07-14T10:15:00-03:30')
  assert.equal(start.instant.toISOString(), '2025-07-14T13:45:00.000Z')
})

test('a date alone stays a date, and begins at local midnight', () => {
  const start = studyStart({ date: '20250714' }, OSLO)
  assert.equal(start?.dateTime, '2025-07-14')
  assert.equal(start.instant.toISOString(), '2025-07-13T22:00:00.000Z')
  assert.equal(studyStart({ date: '20250714', time: 'noon' }, OSLO)?.dateTime, '2025-07-14')
})

test('what is no date is none', () => {
  for (const date of [undefined, '', '2025', '20250230', '20251301', 'x'])
    assert.equal(studyStart({ date, time: '101500' }, OSLO), undefined)
})

test('on the night the clocks change the first of two hours is meant, and a missing one is moved', () => {
  assert.equal(
    studyStart({ date: '20251026', time: '023000' }, OSLO)?.dateTime,
    '2025-10-26T02:30:00+02:00',
  )
  assert.ok(studyStart({ date: '20250330', time: '023000' }, OSLO) !== undefined)
})

test('the text and the instant are the same moment in every zone', () => {
  const zones = fc.constantFrom(
    'Europe/Oslo',
    'America/St_Johns',
    'Asia/Kathmandu',
    'UTC',
    'Pacific/Apia',
  )
  const date = fc.date({
    min: new Date('1980-01-01'),
    max: new Date('2060-01-01'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(zones, date, (zone, moment) => {
      const [day = '', time = ''] = moment.toISOString().split('T')
      const told = { date: day.replaceAll('-', ''), time: time.slice(0, 8).replaceAll(':', '') }
      const start = studyStart(told, makeTimeZone(zone))
      assert.equal(new Date(start?.dateTime ?? '').getTime(), start?.instant.getTime())
    }),
  )
})
