import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isHubError, type HubError } from '../../src/kernel/errors.ts'
import type { ClientId } from '../../src/kernel/ids.ts'
import { insertClient } from '../../src/storage/clients.ts'
import { transaction } from '../../src/storage/db.ts'
import { CLIENT, client, system } from '../support/access-services.ts'
import * as worlds from '../support/access-worlds.ts'
import { startReceiver, startSubscribers, type SubscriberWorld } from '../support/subscribers.ts'

const HOOK = 'https://receiver.example/hook'

async function refused(work: Promise<unknown>): Promise<HubError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(isHubError(error), String(error))
  return error
}

async function locationsOf(world: SubscriberWorld, over: object): Promise<readonly string[]> {
  const { code, problems } = await refused(world.subscribe(over))
  assert.equal(code, 'unprocessable')
  return problems.map(({ location }) => location)
}

test('an endpoint on a host that nobody registered is refused, and so is one that the hub may not call', async (t) => {
  const world = await startSubscribers(t, {
    hooks: ['http://127.0.0.1:8080', 'http://10.0.0.1:80'],
  })
  const endpoints = [
    'http://127.0.0.1:8081/hook',
    'http://localhost:8080/hook',
    // Registered for the client, but not on SAMSYN_EGRESS_ALLOW.
    'http://10.0.0.1/hook',
    'http://169.254.169.254/latest/meta-data',
    'http://user:secret@127.0.0.1:8080/hook',
    'file:///etc/passwd',
    'not an address',
  ]
  for (const endpoint of endpoints)
    assert.deepEqual(
      await locationsOf(world, { endpoint }),
      ['Subscription.channel.endpoint'],
      endpoint,
    )
  await world.subscribe({ endpoint: 'http://127.0.0.1:8080/hook' })
})

test('production wants https', async (t) => {
  const hooks = ['http://127.0.0.1:8080']
  const world = await startSubscribers(t, { hooks, environment: 'production' })
  const endpoint = 'http://127.0.0.1:8080/hook'
  assert.deepEqual(await locationsOf(world, { endpoint }), ['Subscription.channel.endpoint'])
})

test('headers are sent, sealed where they are kept, and shown to nobody', async (t) => {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const header = ['Authorization: Bearer very-secret', 'X-Tenant: 42']
  const id = await world.subscribe({ endpoint: receiver.url, header })
  await world.settle()
  const { authorization, 'x-tenant': tenant } = receiver.received[0]?.headers ?? {}
  assert.deepEqual([authorization, tenant], ['Bearer very-secret', '42'])
  const { channel } = await world.statusOf(id)
  assert.deepEqual(channel.header, ['Authorization: ********', 'X-Tenant: ********'])
  const { rows } = await world.access.pool.query(
    `select s::text as row, r.content from subscription s join resource r on r.id = s.id`,
  )
  assert.ok(!JSON.stringify(rows).includes('very-secret'))

  // As a client reads, changes and writes back what it has read.
  await world.subscribe({ endpoint: receiver.url, header: [...channel.header] }, { id })
  await world.settle()
  assert.equal(receiver.received[1]?.headers.authorization, 'Bearer very-secret')
})

test('the value of a header goes to no other host than the one it was entrusted for', async (t) => {
  const [receiver, other] = [await startReceiver(t), await startReceiver(t)]
  const world = await startSubscribers(t, { hooks: [receiver.url, other.url] })
  const header = ['Authorization: Bearer very-secret']
  const id = await world.subscribe({ endpoint: receiver.url, header })
  const { channel } = await world.statusOf(id)
  const moved = { endpoint: other.url, header: [...channel.header] }
  const { problems } = await refused(world.subscribe(moved, { id }))
  assert.deepEqual(
    problems.map(({ location }) => location),
    ['Subscription.channel.header'],
  )
})

test('headers that rule the message or its way are refused', async (t) => {
  const world = await startSubscribers(t, { hooks: ['http://127.0.0.1:8080'] })
  const endpoint = 'http://127.0.0.1:8080/hook'
  const headers = [
    ['Host: elsewhere.example'],
    ['Content-Length: 0'],
    ['signature: mine'],
    ['X-Forwarded-For: 10.0.0.1'],
    ['X-A: b\r\nHost: elsewhere.example'],
    ['X-A: bø'],
    ['no colon'],
    Array.from({ length: 11 }, (_, index) => `X-${index}: a`),
    [`X-A: ${'a'.repeat(3_000)}`],
  ]
  for (const header of headers)
    assert.deepEqual(await locationsOf(world, { endpoint, header }), [
      'Subscription.channel.header',
    ])
})

test('the client says requested or off, and the rest is the hub’s to say', async (t) => {
  const world = await startSubscribers(t, { hooks: ['http://127.0.0.1:8080'] })
  const endpoint = 'http://127.0.0.1:8080/hook'
  for (const status of ['active', 'error'])
    assert.deepEqual(await locationsOf(world, { endpoint, status }), ['Subscription.status'])
  const id = await world.subscribe({ endpoint, error: 'made up' })
  assert.equal((await world.statusOf(id)).error, undefined)
})

test('an unknown topic, channel, payload, content and filter are each refused by their place', async (t) => {
  const world = await startSubscribers(t, { hooks: ['http://127.0.0.1:8080'] })
  const endpoint = 'http://127.0.0.1:8080/hook'
  const cases: readonly (readonly [object, string])[] = [
    [{ criteria: 'ImagingStudy?patient=1' }, 'Subscription.criteria'],
    [{ channelType: 'email' }, 'Subscription.channel.type'],
    [{ content: 'everything' }, 'Subscription.channel.payload.extension'],
    [{ filters: ['ImagingStudy?description=x'] }, 'Subscription.criteria.extension'],
    [{ filters: ['Patient?name=x'] }, 'Subscription.criteria.extension'],
    [{ filters: ['patient.identifier=a|b'] }, 'Subscription.criteria.extension'],
    [{ filters: [''] }, 'Subscription.criteria.extension'],
    [{ numbers: { 'heartbeat-period': 1 } }, 'Subscription.channel.extension'],
    [{ numbers: { 'max-count': 0 } }, 'Subscription.channel.extension'],
    [{ end: '2020-01-01T00:00:00Z' }, 'Subscription.end'],
  ]
  for (const [over, location] of cases)
    assert.deepEqual(await locationsOf(world, { endpoint, ...over }), [location], location)
})

test('a token that does not cover what the topic is about makes no subscription to it', async (t) => {
  const world = await startSubscribers(t, { hooks: ['http://127.0.0.1:8080'] })
  const principal = system({ actions: new Set(['subscribe', 'find']) })
  const asked = { endpoint: 'http://127.0.0.1:8080/hook', topic: 'diagnostic-report' }
  const { problems } = await refused(world.subscribe(asked, { principal }))
  assert.deepEqual(
    problems.map(({ location }) => location),
    ['Subscription.criteria'],
  )
})

test('a grant makes no subscription, and another client of the member changes none', async (t) => {
  const world = await startSubscribers(t)
  const other = 'client-2' as ClientId
  await transaction(world.access.pool, (db) =>
    insertClient(db, client({ id: other }), { at: worlds.NOW }),
  )
  await world.access.state.catchUp()
  const id = await world.subscribe({ channelType: 'websocket' })
  const change = world.subscribe(
    { channelType: 'websocket', status: 'off' },
    { id, principal: system({ client: other }) },
  )
  assert.equal((await refused(change)).code, 'forbidden')
})

test('a client has at most a thousand', async (t) => {
  const world = await startSubscribers(t)
  const id = await world.subscribe({ channelType: 'websocket' })
  await world.access.pool.query(
    `insert into subscription select 'copy-' || n, client, member, actions, topic, type, filters, patient, channel,
       endpoint, headers, payload, content, heartbeat_seconds, timeout_seconds, max_count, ends_at, phase, status, error
     from subscription, generate_series(1, 999) as n where id = $1 and client = $2`,
    [id, CLIENT],
  )
  const { code } = await refused(world.subscribe({ channelType: 'websocket' }))
  assert.equal(code, 'too-many-requests')
  await world.subscribe({ channelType: 'websocket', status: 'off' }, { id })
})

test('an address of a host that was registered with its port is known by the port it leaves out', async (t) => {
  const world = await startSubscribers(t)
  await world.access.pool.query('insert into client_hook values ($1, $2, now())', [
    CLIENT,
    'receiver.example:443',
  ])
  const { problems } = await refused(world.subscribe({ endpoint: HOOK }))
  assert.match(JSON.stringify(problems), /SAMSYN_EGRESS_ALLOW/)
})
