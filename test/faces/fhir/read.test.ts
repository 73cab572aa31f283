import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ANNE,
  BERIT,
  CLINICIAN,
  NORTH,
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
} from '../../support/registry.ts'

test('a read gives the stored text with its version, and 304 to whoever has it', async (t) => {
  const registry = await startRegistry(t)
  await putStudy(registry, { id: 's1', patient: ANNE, custodian: NORTH })
  const answer = await registry.ask(CLINICIAN, 'ImagingStudy/s1')
  assert.equal(answer.status, 200)
  assert.equal(answer.body.id, 's1')
  assert.equal(answer.headers.get('etag'), 'W/"1"')
  assert.equal(
    answer.headers.get('last-modified'),
    new Date(answer.body.meta.lastUpdated).toUTCString(),
  )
  const again = await registry.ask(CLINICIAN, 'ImagingStudy/s1', {
    headers: { 'if-none-match': 'W/"1"' },
  })
  assert.equal(again.status, 304)
  assert.equal(again.body, undefined)
  for (const tags of ['*', '"1"', 'W/"0", W/"1"']) {
    const headers = { 'if-none-match': tags }
    assert.equal((await registry.ask(CLINICIAN, 'ImagingStudy/s1', { headers })).status, 304, tags)
  }
  for (const tags of ['W/"2"', '1', '"0,1"']) {
    const headers = { 'if-none-match': tags }
    assert.equal((await registry.ask(CLINICIAN, 'ImagingStudy/s1', { headers })).status, 200, tags)
  }
  const none = { 'if-none-match': '*' }
  assert.equal((await registry.ask(CLINICIAN, 'ImagingStudy/x', { headers: none })).status, 404)
})

test('what is not yours and what is not there get one answer', async (t) => {
  const registry = await startRegistry(t)
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: NORTH })
  const [other, none] = await Promise.all(
    ['b1', 'none'].map((id) => registry.ask(CLINICIAN, `ImagingStudy/${id}`)),
  )
  assert.equal(other?.status, 404)
  assert.deepEqual(other.body, none?.body)
  assert.deepEqual(
    registry.audit.map(({ act, outcome, reason }) => ({ act, outcome, reason })),
    Array(2).fill({ act: 'read', outcome: '4', reason: 'not-found' }),
  )
})

test('earlier versions are kept, and ruled by what the resource has become', async (t) => {
  const registry = await startRegistry(t)
  await putStudy(registry, { id: 's1', patient: ANNE, custodian: NORTH, modality: 'CT' })
  await putStudy(registry, { id: 's1', patient: ANNE, custodian: NORTH, modality: 'MR' })
  const first = await registry.ask(CLINICIAN, 'ImagingStudy/s1/_history/1')
  assert.equal(first.body.series[0].modality.code, 'CT')
  assert.equal(first.headers.get('etag'), 'W/"1"')
  assert.equal((await registry.ask(CLINICIAN, 'ImagingStudy/s1')).body.meta.versionId, '2')
  assert.equal((await registry.ask(CLINICIAN, 'ImagingStudy/s1/_history/3')).status, 404)

  await putStudy(registry, { id: 's1', patient: BERIT, custodian: NORTH, modality: 'MR' })
  assert.equal((await registry.ask(CLINICIAN, 'ImagingStudy/s1/_history/1')).status, 404)
})

test('a growing study changes in place, without a version for each object', async (t) => {
  const registry = await startRegistry(t)
  const study = { resourceType: 'ImagingStudy', id: 's1', status: 'available' }
  const facts = { patient: ANNE, custodian: NORTH }
  assert.equal(await registry.put({ ...study, numberOfInstances: 1 }, facts), 1)
  const grown = { ...study, numberOfInstances: 2 }
  assert.equal(await registry.put(grown, facts, { keepVersion: true }), 1)
  for (const path of ['ImagingStudy/s1', 'ImagingStudy/s1/_history/1']) {
    assert.equal((await registry.ask(CLINICIAN, path)).body.numberOfInstances, 2)
  }
})

test('a deleted resource is gone for those who could see it and was never there for others', async (t) => {
  const registry = await startRegistry(t)
  const study = { resourceType: 'ImagingStudy', id: 's1', status: 'available' }
  await registry.put(study, { patient: ANNE, custodian: NORTH })
  await registry.put(study, { patient: ANNE, custodian: NORTH }, { method: 'DELETE' })
  assert.equal((await registry.ask(CLINICIAN, 'ImagingStudy/s1')).status, 410)
  const other = { ...CLINICIAN, filter: { kind: 'patient', is: BERIT } } as const
  assert.equal((await registry.ask(other, 'ImagingStudy/s1')).status, 404)
  assert.equal((await registry.ask(CLINICIAN, 'ImagingStudy?_id=s1')).body.total, 0)
  assert.equal((await registry.ask(CLINICIAN, 'ImagingStudy/s1/_history/1')).status, 200)
})

test('addresses that are none get an OperationOutcome', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  for (const [path, status] of [
    ['Appointment', 404],
    ['Appointment/1', 404],
    ['Observation/1', 404],
    ['ImagingStudy/a%00b', 404],
    ['ImagingStudy/%E0%A4%A', 400],
    ['ImagingStudy/s1/_history/x', 404],
    ['ImagingStudy/s1/$everything', 404],
    ['', 405],
    ['Appointment/_history', 404],
    ['AuditEvent/_history', 405],
  ] as const) {
    const answer = await registry.ask(PUBLISHER, path)
    assert.equal(answer.status, status, path)
    assert.equal(answer.body.resourceType, 'OperationOutcome')
  }
})

test('what the registry does not speak is refused, and _format speaks louder than Accept', async (t) => {
  const registry = await startRegistry(t)
  const ask = async (path: string, accept: string): Promise<number> =>
    (await registry.ask(PUBLISHER, path, { headers: { accept } })).status
  assert.equal(await ask('ImagingStudy', 'application/fhir+turtle'), 406)
  assert.equal(await ask('ImagingStudy', 'application/fhir+json; fhirVersion=5.0'), 406)
  assert.equal(await ask('ImagingStudy', 'application/fhir+json; q=0'), 406)
  assert.equal(await ask('ImagingStudy', 'application/fhir+xml, application/fhir+json;q=0.5'), 200)
  assert.equal(await ask('ImagingStudy?_format=json', 'application/fhir+xml'), 200)
  assert.equal(await ask('ImagingStudy?_format=application/fhir+json', 'text/html'), 200)
  assert.equal(await ask('ImagingStudy?_format=ttl', 'application/fhir+json'), 406)
})

test('nothing but the capability statement is served without a token', async (t) => {
  const registry = await startRegistry(t)
  const statuses = await Promise.all(
    ['metadata', 'ImagingStudy', 'Patient/anne'].map(async (path) => {
      const response = await fetch(`${registry.base}/${path}`)
      return response.status
    }),
  )
  assert.deepEqual(statuses, [200, 401, 401])
})

test('what breaks inside is told as 500, and why stands in the log under the request’s id', async (t) => {
  const registry = await startRegistry(t)
  await registry.pool.query('alter table resource rename column content to lost')
  const headers = { 'x-request-id': 'request-of-this-test' }
  const answer = await registry.ask(CLINICIAN, 'ImagingStudy/s1', { headers })
  assert.equal(answer.status, 500)
  assert.match(answer.body.issue[0].details.text, /request-of-this-test/)
  assert.doesNotMatch(JSON.stringify(answer.body), /column/)
  const line = JSON.parse(registry.lines.at(-1) ?? '')
  assert.equal(line.requestId, 'request-of-this-test')
  assert.match(line.err.message, /column .*content.* does not exist/)
  assert.match(line.err.stack, /visible-resources\.ts/)
})

test('an address that cannot be decoded is the caller’s fault', async (t) => {
  const registry = await startRegistry(t)
  assert.equal((await registry.ask(CLINICIAN, 'ImagingStudy/%ff')).status, 400)
  assert.deepEqual(registry.lines, [])
})
