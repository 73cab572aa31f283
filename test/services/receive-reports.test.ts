import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { ReceivedReport } from '../../src/domain/imaging/report.ts'
import { createDatabase } from '../support/database.ts'
import { newUid } from '../support/dicom.ts'
import {
  ANNE,
  BERIT,
  claimOf,
  makeExaminations,
  studyUid,
  type Examinations,
} from '../support/examinations.ts'

const COMPLETENESS = 'https://samsyn.no/fhir/StructureDefinition/completeness'
const HAS_REPORT = 'https://samsyn.no/fhir/StructureDefinition/has-report'

const start = async (t: TestContext) => {
  const { pool } = await createDatabase(t)
  return { pool, ...makeExaminations(pool) }
}

const stateOf = (content: any) => ({
  completeness: content.extension?.find(({ url }: any) => url === COMPLETENESS)?.valueCode,
  hasReport: content.extension?.find(({ url }: any) => url === HAS_REPORT)?.valueBoolean,
})

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 10, 10, minute))
const text = (one: string): Pick<ReceivedReport, 'sections'> => ({
  sections: [{ text: one, concludes: false }],
})

test('a report without a study is kept as its patient’s, and says what is missing', async (t) => {
  const { report, read, audited } = await start(t)
  const [filed] = await report()
  assert.ok(filed)
  assert.deepEqual([filed.reception, filed.isDoubted], ['filed', false])
  const { content, row } = await read('DiagnosticReport', filed.id)
  assert.match(content.subject.reference, /^Patient\//)
  assert.equal(row.patient, content.subject.reference.slice('Patient/'.length))
  assert.equal(row.custodian, 'north')
  assert.equal(content.imagingStudy, undefined)
  assert.equal(stateOf(content).completeness, 'report')
  assert.equal(content.status, 'final')
  assert.equal(
    Buffer.from(content.presentedForm[0].data, 'base64').toString(),
    'Leveren er stor, æøå.',
  )
  assert.equal(audited.at(-1)?.act, 'publish')
})

for (const [how, named] of [
  ['its accession number', () => ({})],
  [
    'its Study Instance UID',
    (uid: string) => ({ studyUids: [studyUid(uid)], accessions: ['other'] }),
  ],
] as const) {
  test(`a study that comes later is linked to its report by ${how}`, async (t) => {
    const { report, images, read } = await start(t)
    const uid = newUid()
    const [filed] = await report(named(uid))
    assert.ok(filed)
    const study = await images({ studyUid: uid })
    const { content, row } = await read('DiagnosticReport', filed.id)
    assert.deepEqual(
      content.imagingStudy.map(({ reference }: any) => reference),
      [`ImagingStudy/${study}`],
    )
    assert.deepEqual([row.modalities, row.study_uids], [['CT'], [uid]])
    assert.equal(stateOf(content).completeness, 'images-report')
    const seen = await read('ImagingStudy', study)
    assert.deepEqual(stateOf(seen.content), { completeness: 'images-report', hasReport: true })
    assert.equal(seen.content.meta.versionId, '1')
  })
}

type Part = 'images' | 'report' | 'order'
const ORDERS: readonly (readonly Part[])[] = [
  ['images', 'report', 'order'],
  ['images', 'order', 'report'],
  ['report', 'images', 'order'],
  ['report', 'order', 'images'],
  ['order', 'images', 'report'],
  ['order', 'report', 'images'],
]

async function arrive(one: Examinations, parts: readonly Part[], numbers: readonly string[]) {
  const uid = newUid()
  // Whoever orders names a patient the registry knows.
  await one.images({ studyUid: newUid(), accession: 'elsewhere' })
  const ids: Partial<Record<Part, string>> = {}
  for (const part of parts) {
    if (part === 'images') ids.images = await one.images({ studyUid: uid })
    if (part === 'order') ids.order = await one.order(numbers)
    if (part === 'report') ids.report = (await one.report({ orders: [] }))[0]?.id ?? ''
  }
  const study = await one.read('ImagingStudy', ids.images ?? '')
  const report = await one.read('DiagnosticReport', ids.report ?? '')
  return {
    study: stateOf(study.content),
    report: stateOf(report.content).completeness,
    linked: report.content.imagingStudy?.map(
      ({ reference }: any) => reference === `ImagingStudy/${ids.images}`,
    ),
    facts: [
      report.row.modalities,
      report.row.body_regions,
      report.row.study_uids.length,
      report.row.started,
    ],
    quarantined: report.row.quarantined,
  }
}

test('images, report and order give the same end whatever their order', async (t) => {
  for (const parts of ORDERS) {
    const one = await start(t)
    assert.deepEqual(
      await arrive(one, parts, ['A-1']),
      {
        study: { completeness: 'complete', hasReport: true },
        report: 'complete',
        linked: [true],
        facts: [['CT'], ['CHEST'], 1, new Date('2025-03-14T09:15:00.000Z')],
        quarantined: false,
      },
      parts.join(', '),
    )
  }
})

test('the state turns with each part, and back when the order is withdrawn', async (t) => {
  const { images, report, read } = await start(t)
  const study = await images({})
  const state = async () => stateOf((await read('ImagingStudy', study)).content)
  assert.deepEqual(await state(), { completeness: 'images', hasReport: false })
  await report({ status: 'preliminary', issued: at(0) })
  assert.deepEqual(await state(), { completeness: 'images-preliminary', hasReport: true })
  await report({ issued: at(1), orders: ['P-1'] })
  assert.deepEqual(await state(), { completeness: 'complete', hasReport: true })
  await report({ status: 'cancelled', issued: at(2) })
  assert.deepEqual(await state(), { completeness: 'images', hasReport: false })
})

test('a settled study gets a new version when its report comes', async (t) => {
  const { images, report, read, pool } = await start(t)
  const study = await images({})
  await pool.query('update study set settled_at = now()')
  await report()
  const { content } = await read('ImagingStudy', study)
  assert.equal(content.meta.versionId, '2')
  assert.equal(stateOf(content).hasReport, true)
})

test('the same filler’s number is the next version of one report', async (t) => {
  const { report, read } = await start(t)
  const versions: readonly Partial<ReceivedReport>[] = [
    { status: 'preliminary', ...text('Foreløpig') },
    { status: 'final', ...text('Endelig') },
    { status: 'appended', ...text('Endelig, og mer') },
    { status: 'corrected', ...text('Rettet') },
    { status: 'cancelled', ...text('Rettet') },
  ]
  const ids = new Set<string>()
  const statuses: string[] = []
  for (const [minute, version] of versions.entries()) {
    const [filed] = await report({ ...version, issued: at(minute) })
    assert.ok(filed)
    ids.add(filed.id)
    statuses.push((await read('DiagnosticReport', filed.id)).content.status)
  }
  assert.equal(ids.size, 1)
  assert.deepEqual(statuses, ['preliminary', 'final', 'appended', 'corrected', 'entered-in-error'])
})

test('what was final and says something else is amended', async (t) => {
  const { report, read } = await start(t)
  await report({ issued: at(0), ...text('Først') })
  const [filed] = await report({ issued: at(1), ...text('Så') })
  assert.equal((await read('DiagnosticReport', filed?.id ?? '')).content.status, 'amended')
})

test('what says nothing new, or comes late, is acknowledged and kept out', async (t) => {
  const { report, read } = await start(t)
  const [first] = await report({ issued: at(5), ...text('Endelig') })
  const again = await report({ issued: at(5), ...text('Endelig') })
  const sent = await report({ issued: at(9), ...text('Endelig') })
  const late = await report({ status: 'preliminary', issued: at(1), ...text('Foreløpig') })
  assert.deepEqual(
    [again, sent, late].map(([one]) => one?.reception),
    ['repeated', 'repeated', 'overtaken'],
  )
  const { content } = await read('DiagnosticReport', first?.id ?? '')
  assert.deepEqual(
    [content.meta.versionId, content.status, content.conclusion],
    ['1', 'final', 'Endelig'],
  )
})

test('whatever the order in which versions arrive, the newest stands', async (t) => {
  const { report, read } = await start(t)
  let number = 0
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), async (order) => {
      const identifier = { value: `F-order-${(number += 1)}` }
      let id = ''
      for (const minute of order) {
        const status = minute === 0 ? 'preliminary' : 'appended'
        const [filed] = await report({
          identifier,
          status,
          issued: at(minute),
          ...text(`versjon ${minute}`),
        })
        id = filed?.id ?? ''
      }
      const { content } = await read('DiagnosticReport', id)
      assert.deepEqual([content.status, content.conclusion], ['appended', 'versjon 3'])
    }),
    { numRuns: 8 },
  )
})

test('one report that arrives many times at once is one report', async (t) => {
  const { report, pool } = await start(t)
  const received = await Promise.all(Array.from({ length: 10 }, () => report()))
  assert.equal(new Set(received.map(([one]) => one?.id)).size, 1)
  const { rows } = await pool.query(`select version from resource where type = 'DiagnosticReport'`)
  assert.deepEqual(rows, [{ version: 1 }])
})

test('parts that arrive at the same moment find each other', async (t) => {
  const one = await start(t)
  await one.images({ studyUid: newUid(), accession: 'elsewhere' })
  for (let round = 0; round < 5; round++) {
    const accession = `A-round-${round}`
    const [study, filed] = await Promise.all([
      one.images({ studyUid: newUid(), accession }),
      one.report({ identifier: { value: `F-round-${round}` }, accessions: [accession] }),
      one.order([accession]),
    ])
    assert.equal(stateOf((await one.read('ImagingStudy', study)).content).completeness, 'complete')
    const { content } = await one.read('DiagnosticReport', filed[0]?.id ?? '')
    assert.equal(stateOf(content).completeness, 'complete')
  }
})

test('a report of somebody known by birth date alone waits for a person, and is not linked', async (t) => {
  const { report, images, read, pool } = await start(t)
  const study = await images({})
  const { id: _id, issuer: _issuer, ...unknown } = claimOf(ANNE)
  const [filed] = await report({ patient: unknown })
  assert.ok(filed)
  assert.equal(filed.isDoubted, true)
  const { row, content } = await read('DiagnosticReport', filed.id)
  assert.deepEqual([row.quarantined, row.patient], [true, null])
  assert.deepEqual(content.subject, { display: 'Identity unclear' })
  const { rows } = await pool.query('select report, reason, custodian from unclear_identity')
  assert.deepEqual(rows, [{ report: filed.id, reason: 'no-national-id', custodian: 'north' }])
  assert.equal(stateOf((await read('ImagingStudy', study)).content).hasReport, false)
  // More of the study comes: the report goes on waiting.
  const uid = (await read('ImagingStudy', study)).row.study_uids[0]
  await images({ studyUid: uid })
  assert.equal((await read('DiagnosticReport', filed.id)).row.quarantined, true)
})

test('a later version that names the patient ends the doubt', async (t) => {
  const { report, read, pool } = await start(t)
  const { id: _id, ...unknown } = claimOf(ANNE)
  await report({ patient: unknown, issued: at(0) })
  const [filed] = await report({ issued: at(1), ...text('nå med nummer') })
  const { row } = await read('DiagnosticReport', filed?.id ?? '')
  assert.equal(row.quarantined, false)
  const { rows } = await pool.query('select resolved_by from unclear_identity')
  assert.deepEqual(rows, [{ resolved_by: 'later-version' }])
})

test('a version that names another patient is shown to nobody until a person has looked', async (t) => {
  const { report, read, pool } = await start(t)
  await report({ issued: at(0) })
  const [filed] = await report({ issued: at(1), patient: claimOf(BERIT), ...text('En annen') })
  const { row } = await read('DiagnosticReport', filed?.id ?? '')
  assert.equal(row.quarantined, true)
  const { rows } = await pool.query('select reason from unclear_identity')
  assert.deepEqual(rows, [{ reason: 'report-of-another-patient' }])
})

test('an accession number links no study of another patient', async (t) => {
  const { report, images, read } = await start(t)
  const study = await images({ of: BERIT })
  const [filed] = await report()
  const { content, row } = await read('DiagnosticReport', filed?.id ?? '')
  assert.deepEqual([content.imagingStudy, row.quarantined], [undefined, false])
  assert.equal(stateOf((await read('ImagingStudy', study)).content).hasReport, false)
})

test('a Study UID of another patient’s leaves the report in doubt', async (t) => {
  const { report, images, read, pool } = await start(t)
  const uid = newUid()
  await images({ of: BERIT, studyUid: uid })
  const [filed] = await report({ studyUids: [studyUid(uid)] })
  assert.equal((await read('DiagnosticReport', filed?.id ?? '')).row.quarantined, true)
  const { rows } = await pool.query('select reason from unclear_identity')
  assert.deepEqual(rows, [{ reason: 'study-of-another-patient' }])
})

test('an id that the custodian gave finds the patient it was given to', async (t) => {
  const { report, images, read } = await start(t)
  const local = { id: 'L-7', issuer: 'urn:oid:2.16.578.1.99.1' }
  await images({
    attributes: {
      '00101002': {
        vr: 'SQ',
        Value: [
          {
            '00100020': { vr: 'LO', Value: ['L-7'] },
            '00100024': {
              vr: 'SQ',
              Value: [
                {
                  '00400032': { vr: 'UT', Value: ['2.16.578.1.99.1'] },
                  '00400033': { vr: 'CS', Value: ['ISO'] },
                },
              ],
            },
          },
        ],
      },
    },
  })
  const [filed] = await report({ patient: { ...claimOf(ANNE), ...local } })
  const { row } = await read('DiagnosticReport', filed?.id ?? '')
  assert.deepEqual([row.quarantined, typeof row.patient], [false, 'string'])
})

test('one accession number may be of several studies: each is linked when it comes', async (t) => {
  const { report, images, read } = await start(t)
  const first = await images({ studyUid: newUid() })
  const [filed] = await report()
  const second = await images({ studyUid: newUid() })
  const { content } = await read('DiagnosticReport', filed?.id ?? '')
  assert.deepEqual(
    content.imagingStudy.map(({ reference }: any) => reference).sort(),
    [`ImagingStudy/${first}`, `ImagingStudy/${second}`].sort(),
  )
})

test('the requester is told in the order that the report answers', async (t) => {
  const { report, read } = await start(t)
  const requester = { name: 'Kari Lege', value: '9999001', system: 'urn:oid:2.16.578.1.12.4.1.4.4' }
  const [filed] = await report({ requester, reason: 'Smerter', orders: ['P-1'] })
  const { content } = await read('DiagnosticReport', filed?.id ?? '')
  const [order] = content.contained
  assert.equal(order.requester.identifier.value, '9999001')
  assert.deepEqual(order.subject, content.subject)
  assert.equal(content.basedOn[0].reference, '#order')
  assert.equal(stateOf(content).completeness, 'report-referral')
})
