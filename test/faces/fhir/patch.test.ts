import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  PUBLISHER,
  putPatients,
  startRegistry,
  type Answer,
  type Registry,
} from '../../support/registry.ts'

const OBSERVATION = {
  resourceType: 'Observation',
  status: 'final',
  identifier: [{ system: 'urn:oid:1.2.9', value: 'O1' }],
  code: { text: 'Dose' },
  subject: { reference: `Patient/${ANNE}` },
}

async function withObservation(t: TestContext): Promise<{ registry: Registry; id: string }> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const text = JSON.stringify({ ...OBSERVATION, valueQuantity: { value: 0, unit: 'mGy' } })
  const answer = await registry.send(PUBLISHER, 'POST', 'Observation', {
    body: text.replace('"value":0', '"value":1.50'),
  })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return { registry, id: answer.body.id }
}

function patch(
  registry: Registry,
  path: string,
  body: object | string,
  headers = {},
): Promise<Answer> {
  return registry.send(PUBLISHER, 'PATCH', path, {
    body,
    type: 'application/json-patch+json',
    headers,
  })
}

const CORRECT = [{ op: 'replace', path: '/status', value: 'corrected' }]

test('a patch makes the next version of what it changes, and leaves the digits of the rest', async (t) => {
  const { registry, id } = await withObservation(t)
  const answer = await patch(registry, `Observation/${id}`, CORRECT)
  assert.deepEqual([answer.status, answer.body.status], [200, 'corrected'])
  assert.equal(answer.headers.get('etag'), 'W/"2"')
  const { rows } = await registry.pool.query(`select content, method from resource where id = $1`, [
    id,
  ])
  assert.match(rows[0].content, /"value":1\.50/)
  assert.equal(rows[0].method, 'PATCH')
})

test('a patch is conditional on the version, and may name what it means by a search', async (t) => {
  const { registry, id } = await withObservation(t)
  const stale = await patch(registry, `Observation/${id}`, CORRECT, { 'if-match': 'W/"2"' })
  assert.equal(stale.status, 412)
  const found = await patch(registry, 'Observation?identifier=urn:oid:1.2.9|O1', CORRECT)
  assert.deepEqual([found.status, found.body.id], [200, id])
  const none = await patch(registry, 'Observation?identifier=urn:oid:1.2.9|O2', CORRECT)
  assert.equal(none.status, 404)
})

for (const [what, body, status] of [
  ['does not apply', [{ op: 'remove', path: '/bodySite' }], 422],
  ['tests what is not so', [{ op: 'test', path: '/status', value: 'amended' }, ...CORRECT], 422],
  ['leaves what is not valid', [{ op: 'replace', path: '/status', value: 'dancing' }], 422],
  ['changes the id', [{ op: 'replace', path: '/id', value: 'other' }], 422],
  ['is no list', { op: 'remove', path: '/code' }, 400],
  ['is no JSON', '[', 400],
] as const) {
  test(`a patch that ${what} is refused whole`, async (t) => {
    const { registry, id } = await withObservation(t)
    const answer = await patch(registry, `Observation/${id}`, body)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    assert.equal(answer.body.resourceType, 'OperationOutcome')
    assert.equal((await registry.ask(PUBLISHER, `Observation/${id}`)).body.meta.versionId, '1')
  })
}

test('a patch in another format is refused', async (t) => {
  const { registry, id } = await withObservation(t)
  for (const type of [
    'application/fhir+json',
    'application/json',
    'application/merge-patch+json',
  ]) {
    const answer = await registry.send(PUBLISHER, 'PATCH', `Observation/${id}`, {
      body: CORRECT,
      type,
    })
    assert.equal(answer.status, 415, type)
  }
})

test('patches at once are applied one after another, and none is lost', async (t) => {
  const { registry, id } = await withObservation(t)
  await patch(registry, `Observation/${id}`, [{ op: 'add', path: '/note', value: [{ text: 'n' }] }])
  const add = [{ op: 'add', path: '/note/-', value: { text: 'n' } }]
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => patch(registry, `Observation/${id}`, add)),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.equal((await registry.ask(PUBLISHER, `Observation/${id}`)).body.note.length, 21)
})
