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
  OPERATOR,
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
  WEST,
  type Answer,
  type Registry,
} from '../../support/registry.ts'
import { SAMPLES } from '../../support/samples-by-type.ts'

async function start(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH })
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: NORTH })
  await putStudy(registry, { id: 'w1', patient: BERIT, custodian: WEST })
  await putStudy(registry, { id: 'q1', patient: ANNE, custodian: NORTH, quarantined: true })
  return registry
}

const CLINICAL = [
  ['Observation', 'subject'],
  ['ServiceRequest', 'subject'],
  ['Task', 'for'],
  ['DocumentReference', 'subject'],
  ['List', 'subject'],
] as const

function post(registry: Registry, type: string, more: object = {}): Promise<Answer> {
  return registry.post(PUBLISHER, type, { ...SAMPLES.get(type), ...more })
}

for (const [type, element] of CLINICAL) {
  test(`a ${type} is its custodian’s, of the patient it names, and seen by whom policy lets`, async (t) => {
    const registry = await start(t)
    const named = { [element]: { identifier: { system: NATIONAL, value: ANNES_NUMBER } } }
    const { status, body } = await post(registry, type, named)
    assert.equal(status, 201, JSON.stringify(body))
    assert.deepEqual(body[element], { reference: `Patient/${ANNE}` })
    assert.equal((await registry.ask(CLINICIAN, `${type}/${body.id}`)).status, 200)
    const { rows } = await registry.pool.query(
      'select custodian, patient from resource where id = $1',
      [body.id],
    )
    assert.deepEqual(rows, [{ custodian: NORTH, patient: ANNE }])
    const provenance = await registry.ask(CLINICIAN, `Provenance?target=${type}/${body.id}`)
    assert.equal(idsOf(provenance).length, 1)
  })

  test(`a ${type} of nobody the hub knows is refused`, async (t) => {
    const registry = await start(t)
    for (const subject of [
      { reference: 'Patient/nobody' },
      { reference: 'https://other.example/fhir/Patient/1' },
      { reference: '#contained' },
      { identifier: { system: NATIONAL, value: '57858550078' } },
      { display: 'Somebody' },
    ]) {
      const contained = [{ resourceType: 'Patient', id: 'contained' }]
      const isContained = subject.reference?.startsWith('#') === true
      const more = { [element]: subject, ...(isContained && { contained }) }
      const { status, body } = await post(registry, type, more)
      assert.equal(status, 422, JSON.stringify(subject))
      const places: string[] = body.issue.flatMap((one: { expression: string[] }) => one.expression)
      assert.ok(
        places.every((place) => place.startsWith(`${type}.${element}`)),
        places.join(', '),
      )
    }
  })
}

test('what refers to a study is as narrow as the study', async (t) => {
  const registry = await start(t)
  const { body } = await post(registry, 'Observation', {
    derivedFrom: [{ reference: `${registry.base}/ImagingStudy/a1` }],
  })
  const { rows } = await registry.pool.query(
    'select study_uids, modalities from resource where id = $1',
    [body.id],
  )
  assert.deepEqual(rows, [{ study_uids: ['2.25.9749'], modalities: ['CT'] }])
})

test('a block of a study covers what others say of it, and they are not told that it is there', async (t) => {
  const registry = await start(t)
  const derivedFrom = [{ reference: 'ImagingStudy/w1' }, { reference: 'ImagingStudy/nothing' }]
  const { status, body } = await post(registry, 'Observation', { derivedFrom })
  assert.equal(status, 201)
  const { rows } = await registry.pool.query(
    'select study_uids, modalities from resource where id = $1',
    [body.id],
  )
  assert.deepEqual(rows, [{ study_uids: ['2.25.11949'], modalities: [] }])
})

test('what refers to an own study of another patient is refused, and of one in doubt is to wait', async (t) => {
  const registry = await start(t)
  const status = async (id: string): Promise<number> =>
    (await post(registry, 'Observation', { derivedFrom: [{ reference: `ImagingStudy/${id}` }] }))
      .status
  assert.deepEqual([await status('b1'), await status('q1')], [422, 409])
})

test('an observation of no patient is its custodian’s alone', async (t) => {
  const registry = await start(t)
  for (const subject of [undefined, { reference: 'Device/scanner' }]) {
    const { status, body } = await post(registry, 'Observation', { subject })
    assert.equal(status, 201, JSON.stringify(body))
    assert.equal((await registry.ask(PUBLISHER, `Observation/${body.id}`)).status, 200)
    assert.equal((await registry.ask(CLINICIAN, `Observation/${body.id}`)).status, 404)
  }
})

test('the custodian is who the token says, whatever the resource does', async (t) => {
  const registry = await start(t)
  const { body } = await post(registry, 'List', {
    meta: { source: `Organization/${WEST}` },
  })
  const { rows } = await registry.pool.query('select custodian from resource where id = $1', [
    body.id,
  ])
  assert.deepEqual(rows, [{ custodian: NORTH }])
})

test('a Binary is given as its bytes, or as a resource to whoever asks for one', async (t) => {
  const registry = await start(t)
  const created = await registry.send(PUBLISHER, 'POST', 'Binary', {
    body: '%PDF-1.7',
    type: 'application/pdf',
    headers: { 'x-security-context': `Patient/${ANNE}` },
  })
  assert.equal(created.status, 201, JSON.stringify(created.body))
  const path = `Binary/${created.body.id}`
  const bytes = await registry.ask(CLINICIAN, path, { headers: { accept: 'application/pdf' } })
  assert.deepEqual(
    ['content-type', 'content-disposition', 'x-content-type-options'].map((name) =>
      bytes.headers.get(name),
    ),
    ['application/pdf', 'attachment', 'nosniff'],
  )
  assert.equal(bytes.body, '%PDF-1.7')
  const headers = { accept: 'application/fhir+json' }
  const resource = await registry.ask(CLINICIAN, path, { headers })
  assert.deepEqual(
    [resource.body.contentType, resource.body.data],
    ['application/pdf', Buffer.from('%PDF-1.7').toString('base64')],
  )
  const other = await registry.ask(CLINICIAN, path, { headers: { accept: 'image/png' } })
  assert.equal(other.status, 406)
  const [stranger] = await Promise.all([
    registry.ask({ ...CLINICIAN, filter: { kind: 'nothing' } }, path),
  ])
  assert.equal(stranger.status, 404)
})

test('a Binary of a document that is not the sender’s own is refused', async (t) => {
  const registry = await start(t)
  for (const reference of ['ImagingStudy/w1', 'DocumentReference/nothing', 'Patient/nobody']) {
    const { status } = await post(registry, 'Binary', { securityContext: { reference } })
    assert.equal(status, 422, reference)
  }
})

test('a group, a subject of research and a Basic are their member’s own', async (t) => {
  const registry = await start(t)
  for (const type of ['Group', 'ResearchSubject', 'Basic']) {
    const { status, body } = await post(registry, type)
    assert.equal(status, 201, JSON.stringify(body))
    assert.equal((await registry.ask(PUBLISHER, `${type}/${body.id}`)).status, 200)
    assert.equal((await registry.ask(CLINICIAN, `${type}/${body.id}`)).status, 403)
    assert.equal((await registry.ask(OPERATOR, `${type}/${body.id}`)).status, 403)
  }
})
