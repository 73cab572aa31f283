import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { followReport, fileReport } from '../../src/services/file-report.ts'
import { deleteRow } from '../../src/services/write-resource.ts'
import { lockCurrentRow } from '../../src/storage/current-row.ts'
import { transaction } from '../../src/storage/db.ts'
import { createDatabase } from '../support/database.ts'
import { newUid } from '../support/dicom.ts'
import { accessOf, ANNE, BERIT, makeExaminations, NORTH } from '../support/examinations.ts'

const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'
const WRITER = {
  action: 'publish',
  toRow: fileReport,
  after: followReport,
  contributed: true,
} as const

const reportOf = (number: string, more: object = {}) => ({
  resourceType: 'DiagnosticReport',
  status: 'final',
  code: { text: 'CT' },
  subject: { identifier: { system: FNR, value: number } },
  ...more,
})

async function start(t: TestContext) {
  const { pool } = await createDatabase(t)
  const one = makeExaminations(pool)
  // The registry knows them by studies of long ago.
  await one.images({ studyUid: newUid(), accession: 'before' })
  await one.images({ studyUid: newUid(), accession: 'before-too', of: BERIT })
  const hasReport = async (study: string): Promise<unknown> => {
    const { content } = await one.read('ImagingStudy', study)
    return content.extension.find(({ url }: any) => url.endsWith('/has-report')).valueBoolean
  }
  return { pool, ...one, hasReport }
}

test('a report whose study the custodian has not published is kept, and linked when it comes', async (t) => {
  const { publish, images, read, hasReport } = await start(t)
  const uid = newUid()
  const named = { identifier: { system: 'urn:dicom:uid', value: `urn:oid:${uid}` } }
  const id = await publish(reportOf(ANNE.number, { imagingStudy: [named] }))
  const before = await read('DiagnosticReport', id)
  assert.deepEqual(before.content.imagingStudy, [named])
  assert.deepEqual([before.row.study_uids, before.row.modalities], [[uid], []])
  const study = await images({ studyUid: uid })
  const { content, row } = await read('DiagnosticReport', id)
  assert.equal(content.imagingStudy[0].reference, `ImagingStudy/${study}`)
  assert.deepEqual([row.modalities, row.version], [['CT'], 2])
  assert.equal(await hasReport(study), true)
})

test('a sender’s own word for what the hub has is none', async (t) => {
  const { publish, read } = await start(t)
  const url = 'https://samsyn.no/fhir/StructureDefinition/completeness'
  const other = { url: 'https://example.org/other', valueString: 'kept' }
  const extension = [{ url, valueCode: 'complete' }, other]
  const { content } = await read(
    'DiagnosticReport',
    await publish(reportOf(ANNE.number, { extension })),
  )
  assert.deepEqual(content.extension, [other, { url, valueCode: 'report' }])
})

test('a report of nobody the registry knows is refused, and so is one of somebody else’s study', async (t) => {
  const { publish, images } = await start(t)
  await assert.rejects(publish(reportOf('17858550165')), { code: 'unprocessable' })
  await images({ studyUid: newUid(), accession: 'A-7' })
  const basedOn = [{ identifier: { value: 'A-7' } }]
  await assert.rejects(publish(reportOf(BERIT.number, { basedOn })), { code: 'unprocessable' })
})

test('a report that some of those who see the study may not see is not told of by it', async (t) => {
  const { publish, images, hasReport } = await start(t)
  const study = await images({ studyUid: newUid(), accession: 'A-8' })
  const meta = { security: [{ system: 'urn:oid:2.16.578.1.12.4.1.1.9603', code: 'NORS' }] }
  await publish(reportOf(ANNE.number, { meta, basedOn: [{ identifier: { value: 'A-8' } }] }))
  assert.equal(await hasReport(study), false)
})

test('a report that is deleted is missing again', async (t) => {
  const { pool, publish, images, hasReport } = await start(t)
  const study = await images({ studyUid: newUid(), accession: 'A-9' })
  const id = await publish(reportOf(ANNE.number, { basedOn: [{ identifier: { value: 'A-9' } }] }))
  assert.equal(await hasReport(study), true)
  const access = accessOf(NORTH)
  await transaction(pool, async (db) => {
    const previous = await lockCurrentRow(db, { type: 'DiagnosticReport', id }, access.filter)
    assert.ok(previous)
    await deleteRow(db, WRITER, { access, previous, at: new Date() })
  })
  assert.equal(await hasReport(study), false)
})
