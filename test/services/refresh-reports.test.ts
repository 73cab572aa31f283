import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStudyUid } from '../../src/domain/imaging/uid.ts'
import { refreshReports } from '../../src/services/refresh-reports.ts'
import {
  ANNE,
  BERIT,
  CLINICIAN,
  NORTH,
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
  type Row,
} from '../support/registry.ts'

const UID = parseStudyUid(`2.25.${Buffer.from('a1').join('')}`)

test('a report follows its study: new modality, quarantine, and never wider than what is known', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const study = { id: 'a1', patient: ANNE, custodian: NORTH, started: '2024-01-10T08:00:00Z' }
  await putStudy(registry, study)
  assert.equal((await registry.post(PUBLISHER, 'DiagnosticReport', REPORT)).status, 201)

  await putStudy(registry, { ...study, modality: 'MR', quarantined: true })
  await refreshReports(registry.pool, { custodian: NORTH, studyUid: UID, at: new Date() })

  const { rows } = await registry.pool.query(
    `select version, modalities, quarantined from resource where type = 'DiagnosticReport'`,
  )
  assert.deepEqual(rows, [{ version: 1, modalities: ['MR'], quarantined: true }])
})

test('a report waits in quarantine with its study and is released as the patient’s with it', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await registry.put(studyInDoubt(null), { ...FACTS, patient: null }, { quarantined: true })
  const filed = await registry.post(PUBLISHER, 'DiagnosticReport', {
    ...REPORT,
    subject: { identifier: { system: 'urn:oid:1.2.3', value: 'local-7' } },
  })
  assert.equal(filed.status, 201)
  const found = `DiagnosticReport?_id=${filed.body.id}`
  assert.equal((await registry.ask(CLINICIAN, found)).body.total, 0)

  await registry.put(studyInDoubt(ANNE), { ...FACTS, patient: ANNE })
  await refreshReports(registry.pool, { custodian: NORTH, studyUid: UID, at: new Date() })

  const { body } = await registry.ask(CLINICIAN, found)
  assert.equal(body.total, 1)
  assert.deepEqual(body.entry[0].resource.subject, { reference: `Patient/${ANNE}` })
  assert.equal(body.entry[0].resource.meta.versionId, '2')
})

test('a report of a study that turned out to be someone else’s is shown to nobody', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await registry.put(studyInDoubt(ANNE), { ...FACTS, patient: ANNE })
  const filed = await registry.post(PUBLISHER, 'DiagnosticReport', REPORT)
  await registry.put(studyInDoubt(BERIT), { ...FACTS, patient: BERIT })
  await refreshReports(registry.pool, { custodian: NORTH, studyUid: UID, at: new Date() })
  for (const caller of [CLINICIAN, PUBLISHER]) {
    assert.equal((await registry.ask(caller, `DiagnosticReport/${filed.body.id}`)).status, 404)
  }
})

const FACTS = { custodian: NORTH, studyUids: [UID], modalities: ['CT'] }

const REPORT = {
  resourceType: 'DiagnosticReport',
  status: 'final',
  code: { text: 'CT' },
  subject: { reference: `Patient/${ANNE}` },
  imagingStudy: [{ reference: 'ImagingStudy/a1' }],
}

function studyInDoubt(patient: string | null): Row {
  const subject = patient === null ? {} : { subject: { reference: `Patient/${patient}` } }
  return { resourceType: 'ImagingStudy', id: 'a1', status: 'available', ...subject }
}
