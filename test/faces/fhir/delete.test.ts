import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  CLINICIAN,
  idsOf,
  PUBLISHER,
  putPatients,
  startRegistry,
  type Registry,
} from '../../support/registry.ts'

const ORDER = {
  resourceType: 'ServiceRequest',
  status: 'active',
  intent: 'order',
  identifier: [{ system: 'urn:oid:1.2.9', value: 'S1' }],
  subject: { reference: `Patient/${ANNE}` },
}

async function withOrder(t: TestContext): Promise<{ registry: Registry; path: string }> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const { body } = await registry.post(PUBLISHER, 'ServiceRequest', ORDER)
  return { registry, path: `ServiceRequest/${body.id}` }
}

test('what is deleted is gone, is found by nobody, and keeps its history', async (t) => {
  const { registry, path } = await withOrder(t)
  const answer = await registry.send(PUBLISHER, 'DELETE', path)
  assert.deepEqual([answer.status, answer.body], [204, undefined])
  assert.equal(answer.headers.get('etag'), 'W/"2"')
  assert.equal(registry.audit.at(-1)?.act, 'delete')
  for (const caller of [PUBLISHER, CLINICIAN]) {
    assert.equal((await registry.ask(caller, path)).status, 410)
    assert.equal((await registry.ask(caller, `${path}/_history/2`)).status, 410)
    assert.equal((await registry.ask(caller, `${path}/_history/1`)).status, 200)
    assert.deepEqual(idsOf(await registry.ask(caller, 'ServiceRequest')), [])
  }
  const { body } = await registry.ask(PUBLISHER, `${path}/_history`)
  const methods = body.entry.map((one: { request: { method: string } }) => one.request.method)
  assert.deepEqual(methods, ['DELETE', 'POST'])
})

test('deleting twice changes nothing more', async (t) => {
  const { registry, path } = await withOrder(t)
  await registry.send(PUBLISHER, 'DELETE', path)
  const again = await registry.send(PUBLISHER, 'DELETE', path)
  assert.deepEqual([again.status, again.headers.get('etag')], [204, 'W/"2"'])
})

test('a deletion is conditional on the version', async (t) => {
  const { registry, path } = await withOrder(t)
  const ask = async (tag: string): Promise<number> =>
    (await registry.send(PUBLISHER, 'DELETE', path, { headers: { 'if-match': tag } })).status
  assert.equal(await ask('W/"2"'), 412)
  assert.equal(await ask('W/"1"'), 204)
})

test('a condition deletes the one that matches, and is content with none', async (t) => {
  const { registry, path } = await withOrder(t)
  const condition = 'ServiceRequest?identifier=urn:oid:1.2.9|S1'
  assert.equal((await registry.send(PUBLISHER, 'DELETE', condition)).status, 204)
  assert.equal((await registry.ask(PUBLISHER, path)).status, 410)
  assert.equal((await registry.send(PUBLISHER, 'DELETE', condition)).status, 204)
})

test('an update brings back what was deleted, as the next version', async (t) => {
  const { registry, path } = await withOrder(t)
  await registry.send(PUBLISHER, 'DELETE', path)
  const body = { ...ORDER, id: path.split('/')[1] }
  const answer = await registry.send(PUBLISHER, 'PUT', path, { body })
  assert.deepEqual([answer.status, answer.headers.get('etag')], [201, 'W/"3"'])
  assert.equal((await registry.ask(CLINICIAN, path)).status, 200)
})

test('a patch does not bring back what was deleted', async (t) => {
  const { registry, path } = await withOrder(t)
  await registry.send(PUBLISHER, 'DELETE', path)
  const answer = await registry.send(PUBLISHER, 'PATCH', path, {
    body: [],
    type: 'application/json-patch+json',
  })
  assert.equal(answer.status, 410)
})

test('Prefer: return=OperationOutcome tells of the deletion in words', async (t) => {
  const { registry, path } = await withOrder(t)
  const headers = { prefer: 'return=OperationOutcome' }
  const answer = await registry.send(PUBLISHER, 'DELETE', path, { headers })
  assert.deepEqual([answer.status, answer.body.resourceType], [200, 'OperationOutcome'])
})
