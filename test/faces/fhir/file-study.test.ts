import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  ANNES_NUMBER,
  BERIT,
  CLINICIAN,
  idsOf,
  NATIONAL,
  NORTH,
  PUBLISHER,
  putPatients,
  startRegistry,
  WEST,
  type Answer,
  type Caller,
  type Registry,
} from '../../support/registry.ts'

const WESTS: Caller = {
  member: WEST,
  actions: PUBLISHER.actions,
  filter: { kind: 'custodian', in: [WEST] },
}

const UID = '2.25.4711'
const DCM = 'http://dicom.nema.org/resources/ontology/DCM'
const SNOMED = 'http://snomed.info/sct'

const STUDY = {
  resourceType: 'ImagingStudy',
  identifier: [{ system: 'urn:dicom:uid', value: `urn:oid:${UID}` }],
  status: 'available',
  subject: { reference: `Patient/${ANNE}` },
  started: '2024-01-10T08:00:00Z',
  numberOfSeries: 1,
  numberOfInstances: 1,
  series: [
    {
      uid: `${UID}.1`,
      modality: { system: DCM, code: 'CT' },
      bodySite: { system: SNOMED, code: '51185008' },
      numberOfInstances: 1,
      instance: [
        {
          uid: `${UID}.1.1`,
          sopClass: { system: 'urn:ietf:rfc:3986', code: 'urn:oid:1.2.840.10008.5.1.4.1.1.2' },
        },
      ],
    },
  ],
}

async function start(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  return registry
}

const post = (registry: Registry, caller: Caller, more: object = {}): Promise<Answer> =>
  registry.post(caller, 'ImagingStudy', { ...STUDY, ...more })

test('a publisher registers its own study, whose instances are kept as sent, and clinicians find it', async (t) => {
  const registry = await start(t)
  const answer = await post(registry, PUBLISHER)
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  assert.deepEqual(answer.body.series, STUDY.series)
  assert.equal(answer.body.meta.source, `Organization/${NORTH}`)
  const found = await registry.ask(
    CLINICIAN,
    `ImagingStudy?identifier=urn:dicom:uid|urn:oid:${UID}`,
  )
  assert.deepEqual(idsOf(found), [answer.body.id])
  const { rows } = await registry.pool.query(
    `select custodian, patient, study_uids, modalities, body_regions, started from resource where id = $1`,
    [answer.body.id],
  )
  assert.deepEqual(rows, [
    {
      custodian: NORTH,
      patient: ANNE,
      study_uids: [UID],
      modalities: ['CT'],
      body_regions: ['CHEST'],
      started: new Date(STUDY.started),
    },
  ])
})

test('a body site that policy has no name for is unknown to it', async (t) => {
  const registry = await start(t)
  const [series] = STUDY.series
  const other = { ...series, uid: `${UID}.2`, bodySite: { system: SNOMED, code: '1' } }
  const { body } = await post(registry, PUBLISHER, { numberOfSeries: 2, series: [series, other] })
  const { rows } = await registry.pool.query('select body_regions from resource where id = $1', [
    body.id,
  ])
  assert.deepEqual(rows, [{ body_regions: [] }])
})

test('the patient may be named by national id, which is not kept', async (t) => {
  const registry = await start(t)
  const subject = { identifier: { system: NATIONAL, value: ANNES_NUMBER } }
  const { status, body } = await post(registry, PUBLISHER, { subject })
  assert.deepEqual([status, body.subject], [201, { reference: `Patient/${ANNE}` }])
})

for (const [what, change, place] of [
  ['without a study UID', { identifier: [{ system: 'urn:x', value: '1' }] }, 'identifier'],
  [
    'with two study UIDs',
    { identifier: [...STUDY.identifier, { system: 'urn:dicom:uid', value: 'urn:oid:2.25.1' }] },
    'identifier',
  ],
  [
    'with a study UID that is none',
    { identifier: [{ system: 'urn:dicom:uid', value: 'urn:oid:01.2' }] },
    'identifier',
  ],
  ['of nobody the hub knows', { subject: { reference: 'Patient/nobody' } }, 'subject'],
] as const) {
  test(`a study ${what} is refused`, async (t) => {
    const registry = await start(t)
    const { status, body } = await post(registry, PUBLISHER, change)
    assert.equal(status, 422, JSON.stringify(body))
    const [found] = body.issue[0].expression
    assert.ok(found.startsWith(`ImagingStudy.${place}`), found)
  })
}

test('a custodian registers a study once, and changes that', async (t) => {
  const registry = await start(t)
  const { id } = (await post(registry, PUBLISHER)).body
  const again = await post(registry, PUBLISHER)
  assert.equal(again.status, 409)
  assert.match(again.body.issue[0].details.text, new RegExp(`ImagingStudy/${id}`))
  const put = (more: object): Promise<Answer> =>
    registry.send(PUBLISHER, 'PUT', `ImagingStudy/${id}`, { body: { ...STUDY, id, ...more } })
  assert.equal((await put({ description: 'CT thorax' })).status, 200)
  const identifier = [{ system: 'urn:dicom:uid', value: 'urn:oid:2.25.1' }]
  assert.equal((await put({ identifier })).status, 422)
  assert.equal((await registry.send(PUBLISHER, 'DELETE', `ImagingStudy/${id}`)).status, 204)
  assert.equal((await post(registry, PUBLISHER)).status, 201)
})

test('several registrations of one study at once make one', async (t) => {
  const registry = await start(t)
  const answers = await Promise.all([1, 2, 3, 4].map(() => post(registry, PUBLISHER)))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409, 409, 409])
})

test('a copy of another patient is queued, and shown to nobody', async (t) => {
  const registry = await start(t)
  await post(registry, PUBLISHER)
  const subject = { reference: `Patient/${BERIT}` }
  const { status, body } = await post(registry, WESTS, { subject })
  assert.deepEqual([status, body.subject], [201, { display: 'Identity unclear' }])
  for (const caller of [CLINICIAN, WESTS])
    assert.equal((await registry.ask(caller, `ImagingStudy/${body.id}`)).status, 404)
  const { rows } = await registry.pool.query(
    'select reason, candidate, custodian from unclear_identity where imaging_study = $1',
    [body.id],
  )
  assert.deepEqual(rows, [{ reason: 'study-of-another-patient', candidate: ANNE, custodian: WEST }])
})

test('a copy of a study whose objects another custodian deposited shares an instance with it, or is queued', async (t) => {
  const registry = await start(t)
  await registry.put({ ...STUDY, id: 'deposited' }, { custodian: WEST, patient: ANNE })
  await registry.pool.query(
    `insert into study (imaging_study, custodian, study_uid, patient, attributes, instances, changed_at, registered_at)
     values ('deposited', $1, $2, $3, '{}', 1, now(), now())`,
    [WEST, UID, ANNE],
  )
  await registry.pool.query(
    `insert into series (imaging_study, series_uid, attributes) values ('deposited', $1, '{}')`,
    [`${UID}.1`],
  )
  await registry.pool.query(
    `insert into instance (custodian, sop_instance_uid, imaging_study, series_uid, sop_class_uid, attributes, received_at)
     values ($1, $2, 'deposited', $3, '1.2', '{}', now())`,
    [WEST, `${UID}.1.1`, `${UID}.1`],
  )
  const stranger = await post(registry, PUBLISHER, { series: undefined, numberOfSeries: 0 })
  assert.equal(stranger.body.subject.display, 'Identity unclear')
  const id: string = stranger.body.id
  await registry.send(PUBLISHER, 'DELETE', `ImagingStudy/${id}`)
  const copy = await post(registry, PUBLISHER)
  assert.deepEqual(copy.body.subject, { reference: `Patient/${ANNE}` })
})

test('what the hub has objects of is not written over FHIR', async (t) => {
  const registry = await start(t)
  const { id } = (await post(registry, PUBLISHER)).body
  await registry.pool.query('update study set instances = 1 where imaging_study = $1', [id])
  const path = `ImagingStudy/${id}`
  const put = await registry.send(PUBLISHER, 'PUT', path, { body: { ...STUDY, id } })
  assert.deepEqual(
    [put.status, (await registry.send(PUBLISHER, 'DELETE', path)).status],
    [409, 409],
  )
  assert.equal((await post(registry, PUBLISHER)).status, 409)
})

test('a study and its report are registered in one transaction', async (t) => {
  const registry = await start(t)
  const { status, body } = await registry.post(PUBLISHER, '', bundleWith({}))
  assert.equal(status, 200, JSON.stringify(body))
  const found = await registry.ask(
    CLINICIAN,
    `ImagingStudy?patient=${ANNE}&_revinclude=DiagnosticReport:imaging-study`,
  )
  assert.deepEqual(
    found.body.entry.map(
      (one: { resource: { resourceType: string } }) => one.resource.resourceType,
    ),
    ['ImagingStudy', 'DiagnosticReport'],
  )
  const [study] = found.body.entry
  assert.equal(completenessOf(study.resource), 'images-report')
  assert.equal(study.resource.meta.versionId, '1')
})

test('a study does not tell of a report of the same transaction that not all who see the study see', async (t) => {
  const registry = await start(t)
  const hidden = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }
  const { status } = await registry.post(
    PUBLISHER,
    '',
    bundleWith({ meta: { security: [hidden] } }),
  )
  assert.equal(status, 200)
  const { body } = await registry.ask(PUBLISHER, `ImagingStudy?patient=${ANNE}`)
  assert.equal(completenessOf(body.entry[0].resource), 'images')
})

function bundleWith(more: object): object {
  const study = 'urn:uuid:6f7a8e4c-0b1d-4c5e-8f90-1a2b3c4d5e6f'
  const report = {
    resourceType: 'DiagnosticReport',
    status: 'final',
    code: { text: 'CT thorax' },
    subject: { reference: `Patient?identifier=${NATIONAL}|${ANNES_NUMBER}` },
    issued: '2024-01-11T10:00:00Z',
    imagingStudy: [{ reference: study }],
    ...more,
  }
  const entry = [
    { fullUrl: study, resource: STUDY, request: { method: 'POST', url: 'ImagingStudy' } },
    { resource: report, request: { method: 'POST', url: 'DiagnosticReport' } },
  ]
  return { resourceType: 'Bundle', type: 'transaction', entry }
}

function completenessOf(study: { extension: { url: string; valueCode?: string }[] }): unknown {
  return study.extension.find(({ url }) => url.endsWith('/completeness'))?.valueCode
}
