import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStudyUid } from '../../src/domain/imaging/uid.ts'
import { refreshReports } from '../../src/services/refresh-reports.ts'
import {
  ANNE,
  NORTH,
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
} from '../support/registry.ts'

const UID = parseStudyUid(`2.25.${Buffer.from('a1').join('')}`)

test('a report follows its study: new modality, quarantine, and never wider than what is known', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const study = { id: 'a1', patient: ANNE, custodian: NORTH, started: '2024-01-10T08:00:00Z' }
  await putStudy(registry, study)
  const filed = await registry.post(PUBLISHER, 'DiagnosticReport', {
    resourceType: 'DiagnosticReport',
    status: 'final',
    code: { text: 'CT' },
    subject: { reference: `Patient/${ANNE}` },
    imagingStudy: [{ reference: 'ImagingStudy/a1' }],
  })
  assert.equal(filed.status, 201)

  await putStudy(registry, { ...study, modality: 'MR', quarantined: true })
  await refreshReports(registry.pool, { custodian: NORTH, studyUid: UID })

  const { rows } = await registry.pool.query(
    `select version, modalities, quarantined from resource where type = 'DiagnosticReport'`,
  )
  assert.deepEqual(rows, [{ version: 1, modalities: ['MR'], quarantined: true }])
})
