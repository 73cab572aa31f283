import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { NO_FACTS } from '../../src/domain/access/filter.ts'
import type { ClientId, ImagingStudyId, PatientId } from '../../src/kernel/ids.ts'
import { makeStudyWriter } from '../../src/services/file-study.ts'
import type { WriteRequest } from '../../src/services/write-request.ts'
import { writeResource, type CreatedResource } from '../../src/services/write-resource.ts'
import { writeStudyResources } from '../../src/services/write-study-resources.ts'
import { transaction } from '../../src/storage/db.ts'
import { putResource } from '../../src/storage/resources.ts'
import { findStudyRows } from '../../src/storage/studies.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { parseStudyUid } from '../../src/domain/imaging/uid.ts'
import { createDatabase } from '../support/database.ts'
import { ctAttributes, newUid } from '../support/dicom.ts'
import { custodian, registerStudy, sealer } from '../support/register.ts'

const { pool } = await createDatabase({ after })
const OSLO = custodian('oslo')
const PATIENT = 'patient-17858550084' as PatientId
const AT = new Date('2026-01-02T03:04:05.000Z')

await putResource(
  pool,
  {
    type: 'Patient',
    id: PATIENT,
    resource: { resourceType: 'Patient', id: PATIENT },
    facts: { ...NO_FACTS, patient: PATIENT },
    quarantined: false,
    search: { keys: [], refs: [], compared: {} },
    at: AT,
  },
  { method: 'POST' },
)

/** Oslo registers a study of which the hub has no objects. */
function register(studyUid: string): Promise<CreatedResource> {
  const access: WriteRequest['access'] = {
    principal: {
      client: 'ris' as ClientId,
      member: OSLO,
      actions: new Set(['publish']),
      tokenId: 'token',
    },
    action: 'publish',
    filter: { kind: 'custodian', in: [OSLO] },
  }
  const resource = {
    resourceType: 'ImagingStudy',
    identifier: [{ system: 'urn:dicom:uid', value: `urn:oid:${studyUid}` }],
    status: 'available',
    subject: { reference: `Patient/${PATIENT}` },
    description: 'As the RIS has it',
  }
  return transaction(pool, (db) =>
    writeResource(db, makeStudyWriter({ sealer }), {
      access,
      resource,
      id: `study-${studyUid}`,
      method: 'POST',
      provenanceId: `provenance-${studyUid}`,
      at: AT,
      base: 'https://hub.example/fhir',
      context: { requestId: 'request', channel: 'fhir' },
    }),
  )
}

async function stored(id: string) {
  const { rows } = await pool.query(
    `select content, version, patient, quarantined from resource where type = 'ImagingStudy' and id = $1`,
    [id],
  )
  const [{ content, ...row }] = rows
  return { ...row, resource: JSON.parse(content) }
}

test('objects that arrive for a registered study make its next version, under the id it has', async () => {
  const studyUid = newUid()
  const { id } = await register(studyUid)
  const header = toInstanceHeader(ctAttributes({ studyUid }))
  const registered = await transaction(pool, (db) =>
    registerStudy(db, {
      custodian: OSLO,
      instances: [{ header }],
      publishedBy: { member: OSLO, client: 'pacs' },
      at: AT,
    }),
  )
  assert.deepEqual(registered, { imagingStudy: id, created: false, quarantined: false })
  const { version, patient, resource } = await stored(id)
  assert.deepEqual([version, patient, resource.numberOfInstances], [2, PATIENT, 1])
})

test('a registered study that turns out to be another person’s keeps what was sent of it', async () => {
  const studyUid = newUid()
  const { id } = await register(studyUid)
  const study = parseStudyUid(studyUid)
  const [own] = await findStudyRows(pool, study)
  const write = (patient: PatientId | null): Promise<void> =>
    transaction(pool, (db) =>
      writeStudyResources(db, {
        imagingStudy: id as ImagingStudyId,
        study,
        custodian: OSLO,
        patient,
        attributes: {},
        own,
        publishedBy: { member: OSLO },
        at: AT,
        timeZone: 'Europe/Oslo',
      }),
    )
  await write(null)
  const doubted = await stored(id)
  assert.deepEqual([doubted.quarantined, doubted.patient], [true, null])
  await write('other' as PatientId)
  const { quarantined, patient, resource } = await stored(id)
  assert.deepEqual([quarantined, patient], [false, 'other'])
  assert.equal(resource.description, 'As the RIS has it')
  assert.deepEqual(resource.subject, { reference: 'Patient/other' })
})
