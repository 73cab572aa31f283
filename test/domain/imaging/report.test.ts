import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { examinationState } from '../../../src/domain/imaging/completeness.ts'
import {
  followingStatus,
  isOvertaken,
  reportStatus,
  type ReportStatus,
} from '../../../src/domain/imaging/report.ts'

const STATUSES: readonly ReportStatus[] = [
  'registered',
  'partial',
  'preliminary',
  'final',
  'appended',
  'amended',
  'corrected',
  'cancelled',
  'entered-in-error',
]
const status = fc.constantFrom(...STATUSES)
const version = fc.record({
  status,
  issued: fc.date({
    min: new Date('2026-01-01'),
    max: new Date('2026-01-02'),
    noInvalidDate: true,
  }),
})

test('of two versions of different moments exactly one overtakes the other', () => {
  fc.assert(
    fc.property(version, version, (one, other) => {
      fc.pre(one.issued.getTime() !== other.issued.getTime())
      assert.notEqual(isOvertaken(one, other), isOvertaken(other, one))
    }),
  )
})

test('of one moment the version that is further along is the later', () => {
  const issued = new Date('2026-01-01')
  assert.equal(isOvertaken({ status: 'preliminary', issued }, { status: 'final', issued }), true)
  assert.equal(isOvertaken({ status: 'final', issued }, { status: 'preliminary', issued }), false)
  assert.equal(isOvertaken({ status: 'final', issued }, { status: 'final', issued }), false)
})

test('what follows a report that people have read says that it changed', () => {
  assert.equal(followingStatus('final', 'preliminary'), 'final')
  assert.equal(followingStatus('final', 'final'), 'amended')
  assert.equal(followingStatus('final', 'entered-in-error'), 'final')
  assert.equal(followingStatus('appended', 'final'), 'appended')
  assert.equal(followingStatus('cancelled', 'final'), 'entered-in-error')
  assert.equal(followingStatus('cancelled', 'preliminary'), 'cancelled')
})

test('a status is known by its code', () => {
  assert.equal(reportStatus('final'), 'final')
  assert.equal(reportStatus('constructor'), undefined)
})

for (const [images, reports, referral, completeness, hasReport] of [
  [false, [], false, 'none', false],
  [false, [], true, 'referral', false],
  [true, [], false, 'images', false],
  [true, ['registered'], false, 'images', false],
  [true, ['cancelled', 'entered-in-error'], true, 'images-referral', false],
  [true, ['preliminary'], false, 'images-preliminary', true],
  [true, ['partial'], true, 'images-preliminary-referral', true],
  [true, ['preliminary', 'final'], false, 'images-report', true],
  [true, ['corrected'], true, 'complete', true],
  [false, ['final'], false, 'report', true],
  [false, ['appended'], true, 'report-referral', true],
  [false, ['preliminary'], false, 'preliminary', true],
  [false, ['preliminary'], true, 'preliminary-referral', true],
] as const) {
  test(`an examination is ${completeness} with ${[images && 'images', ...reports, referral && 'referral'].filter(Boolean).join(', ') || 'nothing'}`, () => {
    assert.deepEqual(examinationState({ images, reports, referral }), { completeness, hasReport })
  })
}

test('the order of reports says nothing', () => {
  fc.assert(
    fc.property(fc.array(status), fc.boolean(), fc.boolean(), (reports, images, referral) => {
      assert.deepEqual(
        examinationState({ images, reports: reports.toReversed(), referral }),
        examinationState({ images, reports, referral }),
      )
    }),
  )
})
