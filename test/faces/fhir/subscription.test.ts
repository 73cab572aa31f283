import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { NORTH, startRegistry, type Caller, type Registry } from '../../support/registry.ts'
import { statusIn, subscription } from '../../support/subscribers.ts'

const SUBSCRIBER: Caller = {
  member: NORTH,
  actions: ['find', 'subscribe'],
  filter: { kind: 'custodian', in: [NORTH] },
}
const OTHER_CLIENT: Caller = { ...SUBSCRIBER, actions: ['subscribe', 'find', 'read-report'] }

async function started(t: TestContext): Promise<[Registry, string]> {
  const registry = await startRegistry(t)
  const asked = subscription({ channelType: 'websocket', header: ['X-Key: secret'] })
  const { status, body, headers } = await registry.post(SUBSCRIBER, 'Subscription', asked)
  assert.equal(status, 201, JSON.stringify(body))
  assert.match(headers.get('location') ?? '', /\/Subscription\/[^/]+\/_history\/1$/)
  return [registry, body.id]
}

test('a subscription is made, read without its secrets, changed and deleted', async (t) => {
  const [registry, id] = await started(t)
  const path = `Subscription/${id}`
  const read = await registry.ask(SUBSCRIBER, path)
  assert.deepEqual([read.body.status, read.body.channel.header], ['requested', ['X-Key: ********']])
  const found = await registry.ask(SUBSCRIBER, 'Subscription?type=websocket&status=requested')
  assert.equal(found.body.entry?.length, 1)

  const off = await registry.send(SUBSCRIBER, 'PUT', path, {
    body: { ...read.body, status: 'off' },
  })
  assert.deepEqual([off.status, off.body.status], [200, 'off'])
  const again = await registry.send(SUBSCRIBER, 'PATCH', path, {
    body: [{ op: 'replace', path: '/status', value: 'requested' }],
    type: 'application/json-patch+json',
    headers: { 'if-match': 'W/"2"' },
  })
  assert.deepEqual([again.status, again.body?.status], [200, 'requested'])

  assert.equal((await registry.send(SUBSCRIBER, 'DELETE', path)).status, 204)
  assert.equal((await registry.ask(SUBSCRIBER, path)).status, 410)
  assert.equal((await registry.ask(SUBSCRIBER, `${path}/$status`)).status, 404)
})

test('another client of the member neither changes nor deletes it, nor sees how it stands', async (t) => {
  const [registry, id] = await started(t)
  const path = `Subscription/${id}`
  const { body } = await registry.ask(OTHER_CLIENT, path)
  const changed = await registry.send(OTHER_CLIENT, 'PUT', path, {
    body: { ...body, status: 'off' },
  })
  assert.equal(changed.status, 403)
  assert.equal((await registry.send(OTHER_CLIENT, 'DELETE', path)).status, 403)
  assert.equal((await registry.ask(OTHER_CLIENT, `${path}/$status`)).status, 404)
  assert.equal((await registry.ask(OTHER_CLIENT, `${path}/$events`)).status, 404)
  assert.equal((await registry.ask(OTHER_CLIENT, `${path}/$get-ws-binding-token`)).status, 404)
})

test('$status is asked of one or of many, by GET and by POST', async (t) => {
  const [registry, id] = await started(t)
  for (const path of [
    `Subscription/${id}/$status`,
    `Subscription/$status?id=${id}&status=requested`,
  ]) {
    const { status, body } = await registry.ask(SUBSCRIBER, path)
    assert.equal(status, 200)
    assert.equal(statusIn(body).type, 'query-status')
  }
  const parameters = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'id', valueId: id },
      { name: 'status', valueCode: 'active' },
    ],
  }
  const posted = await registry.post(SUBSCRIBER, 'Subscription/$status', parameters)
  assert.deepEqual([posted.status, posted.body.total], [200, 0])
})

test('a binding token comes with its time, its subscriptions and where to go', async (t) => {
  const [registry, id] = await started(t)
  const { body } = await registry.ask(SUBSCRIBER, `Subscription/${id}/$get-ws-binding-token`)
  const names = body.parameter.map(({ name }: { name: string }) => name)
  assert.deepEqual(names, ['token', 'expiration', 'subscription', 'websocket-url'])
  assert.equal(body.parameter[2].valueString, id)
})

test('a refusal names every place', async (t) => {
  const registry = await startRegistry(t)
  const asked = subscription({ channelType: 'websocket', content: 'all', header: ['Host: a'] })
  const { status, body } = await registry.post(SUBSCRIBER, 'Subscription', asked)
  assert.equal(status, 422)
  assert.deepEqual(
    body.issue.map(({ expression }: { expression: string[] }) => expression[0]).toSorted(),
    ['Subscription.channel.header', 'Subscription.channel.payload.extension'],
  )
})

test('who may not subscribe is told so', async (t) => {
  const registry = await startRegistry(t)
  const reader: Caller = { ...SUBSCRIBER, actions: ['find'] }
  const asked = subscription({ channelType: 'websocket' })
  assert.equal((await registry.post(reader, 'Subscription', asked)).status, 403)
  assert.equal((await registry.ask(reader, 'Subscription/$status')).status, 403)
})

test('/metadata names the topics, the profile and the operations', async (t) => {
  const registry = await startRegistry(t)
  const { body } = await registry.ask(SUBSCRIBER, 'metadata')
  const stated = body.rest[0].resource.find(({ type }: { type: string }) => type === 'Subscription')
  assert.equal(stated.extension.length, 4)
  assert.match(stated.supportedProfile[0], /backport-subscription$/)
  const names = stated.operation.map(({ name }: { name: string }) => name)
  assert.equal(new Set(names).size, names.length)
  for (const name of ['events', 'get-ws-binding-token', 'status']) assert.ok(names.includes(name))
})
