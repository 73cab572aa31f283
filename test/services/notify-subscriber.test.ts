import assert from 'node:assert/strict'
import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto'
import { test } from 'node:test'
import { updateClient } from '../../src/storage/clients.ts'
import { transaction } from '../../src/storage/db.ts'
import { publicJwks } from '../../src/wire/oauth/jwks.ts'
import { client } from '../support/access-services.ts'
import * as worlds from '../support/access-worlds.ts'
import { createDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import {
  eventsIn,
  ownStudy,
  startReceiver,
  startSubscribers,
  statusIn,
  studyResource,
  told,
  type Receiver,
  type SubscriberWorld,
} from '../support/subscribers.ts'
import type { TestContext } from 'node:test'

interface Started {
  readonly world: SubscriberWorld
  readonly receiver: Receiver
  readonly id: string
}

/** A subscription whose handshake is over. */
async function subscribed(t: TestContext, over: object = {}): Promise<Started> {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const id = await world.subscribe({ endpoint: receiver.url, ...over })
  await world.settle()
  return { world, receiver, id }
}

test('a handshake makes a subscription active, and a study is told of by its id', async (t) => {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const id = await world.subscribe({ endpoint: receiver.url })
  assert.equal((await world.statusOf(id)).status, 'requested')
  await world.settle()
  assert.equal((await world.statusOf(id)).status, 'active')
  const [handshake] = receiver.received
  assert.equal(statusIn(handshake?.bundle).type, 'handshake')
  assert.equal(handshake?.bundle.type, 'history')

  await world.put(studyResource('one'), ownStudy())
  await world.settle()
  const { headers, bundle } = receiver.received[1] ?? {}
  assert.equal(headers?.['content-type'], 'application/fhir+json')
  const status = statusIn(bundle)
  assert.equal(status.type, 'event-notification')
  assert.equal(status['events-since-subscription-start'], '1')
  assert.deepEqual(told(receiver), [{ number: '1', focus: 'ImagingStudy/one' }])
  assert.equal(bundle.entry[1].resource, undefined)
})

test('a long transaction in another database of the cluster holds no handshake up', async (t) => {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const { pool: elsewhere } = await createDatabase(t)
  await transaction(elsewhere, async (db) => {
    await db.query('select pg_current_xact_id()')
    const id = await world.subscribe({ endpoint: receiver.url })
    await world.settle()
    assert.equal((await world.statusOf(id)).status, 'active')
  })
})

test('every notification is signed over its address and its exact bytes', async (t) => {
  const { world, receiver } = await subscribed(t, { content: 'full-resource' })
  await world.put(studyResource('one', { description: 'Røntgen, bekken' }), ownStudy())
  await world.settle()
  assert.equal(receiver.received.length, 2)
  const key = createPublicKey({ key: { ...publicJwks([world.key]).keys[0] }, format: 'jwk' })
  for (const { headers, text } of receiver.received) {
    const digest = `sha-256=:${createHash('sha256').update(text).digest('base64')}:`
    assert.equal(headers['content-digest'], digest)
    const parameters = String(headers['signature-input']).replace(/^hub=/, '')
    const base = [
      '"@method": POST',
      `"@target-uri": ${receiver.url}`,
      '"content-type": application/fhir+json',
      `"content-digest": ${digest}`,
      `"@signature-params": ${parameters}`,
    ].join('\n')
    const signature = Buffer.from(String(headers.signature).slice('hub=:'.length, -1), 'base64')
    const how = { key, dsaEncoding: 'ieee-p1363' } as const
    assert.ok(verify('sha256', Buffer.from(base), how, signature))
  }
})

test('a whole resource goes out as it was written, and is in the log before', async (t) => {
  const { world, receiver, id } = await subscribed(t, { content: 'full-resource' })
  await world.put(studyResource('one', { description: 'first' }), ownStudy())
  await world.put(studyResource('one', { description: 'second' }), ownStudy())
  await world.settle()
  const entries = receiver.received.flatMap(({ bundle }) => bundle.entry.slice(1))
  assert.deepEqual(
    entries.map(({ resource }: any) => [resource.description, resource.meta.versionId]),
    [
      ['first', '1'],
      ['second', '2'],
    ],
  )
  assert.deepEqual(
    entries.map(({ request }: any) => request.method),
    ['POST', 'PUT'],
  )
  const notified = world.access.audited.filter(({ act }) => act === 'notified')
  const { patient, requestId } = notified[0] ?? {}
  assert.deepEqual([patient, requestId], [worlds.PATIENT, `subscription-${id}`])
  assert.deepEqual(
    notified.flatMap(({ entities }) =>
      entities.flatMap((one) => ('reference' in one ? one.reference : [])),
    ),
    ['ImagingStudy/one/_history/1', 'ImagingStudy/one/_history/2'],
  )
})

test('what cannot be logged is not sent', async (t) => {
  const { world, receiver } = await subscribed(t, { content: 'full-resource' })
  world.access.failAudit()
  await world.put(studyResource('one'), ownStudy())
  await world.settle()
  assert.deepEqual(told(receiver), [])
})

test('an empty payload names neither topic nor resource', async (t) => {
  const { world, receiver } = await subscribed(t, { content: 'empty' })
  await world.put(studyResource('one'), ownStudy())
  await world.settle()
  const bundle = receiver.received[1]?.bundle
  assert.equal(bundle.entry.length, 1)
  assert.deepEqual(eventsIn(bundle), [{ number: '1', focus: undefined }])
  assert.equal(statusIn(bundle).topic, undefined)
})

test('who wants XML gets XML, signed as it is sent', async (t) => {
  const { world, receiver } = await subscribed(t, {
    content: 'full-resource',
    payload: 'application/fhir+xml',
  })
  await world.put(studyResource('one', { description: 'Røntgen' }), ownStudy())
  await world.settle()
  const { headers, text = '' } = receiver.received[1] ?? {}
  assert.equal(headers?.['content-type'], 'application/fhir+xml')
  assert.match(text, /<description value="Røntgen"\/>/)
  const digest = createHash('sha256').update(text).digest('base64')
  assert.equal(headers['content-digest'], `sha-256=:${digest}:`)
})

test('many events come in order, without gaps, as many at once as was asked for', async (t) => {
  const { world, receiver } = await subscribed(t, { numbers: { 'max-count': 3 } })
  const ids = Array.from({ length: 10 }, (_, index) => `study-${index}`)
  for (const id of ids) await world.put(studyResource(id), ownStudy())
  await world.settle()
  const expected = ids.map((id, index) => ({ number: `${index + 1}`, focus: `ImagingStudy/${id}` }))
  assert.deepEqual(told(receiver), expected)
  assert.ok(receiver.received.every(({ bundle }) => eventsIn(bundle).length <= 3))
})

test('large resources come a few megabytes at a time', async (t) => {
  const { world, receiver } = await subscribed(t, { content: 'full-resource' })
  const description = 'x'.repeat(1_500_000)
  for (const id of ['one', 'two', 'three', 'four', 'five'])
    await world.put(studyResource(id, { description }), ownStudy())
  await world.settle()
  assert.deepEqual(
    receiver.received.map(({ bundle }) => eventsIn(bundle).map(({ number }) => number)),
    [[], ['1', '2', '3'], ['4', '5']],
  )
})

test('an event that is not accepted is tried again with its number, and the next waits for it', async (t) => {
  const { world, receiver, id } = await subscribed(t, { numbers: { 'max-count': 1 } })
  receiver.answer = 503
  await world.put(studyResource('one'), ownStudy())
  await world.put(studyResource('two'), ownStudy())
  for (let failures = 0; failures < 3; failures += 1) {
    await world.settle()
    await world.turn(1)
  }
  const broken = await world.statusOf(id)
  assert.equal(broken.status, 'error')
  assert.match(broken.error ?? '', /^Notifications have failed since 2026/)
  receiver.answer = 200
  await world.settle()
  assert.deepEqual(
    told(receiver).map(({ number, focus }) => `${number} ${focus}`),
    ['1', '1', '1', '1', '2'].map((n) => `${n} ImagingStudy/${n === '1' ? 'one' : 'two'}`),
  )
  const mended = await world.statusOf(id)
  assert.deepEqual([mended.status, mended.error], ['active', undefined])
})

test('a retry waits for its time', async (t) => {
  const { world, receiver } = await subscribed(t)
  receiver.answer = 500
  await world.put(studyResource('one'), ownStudy())
  await world.settle()
  await world.settle()
  assert.equal(told(receiver).length, 1)
})

test('a deliverer that dies with an event in its hands loses nothing and no order', async (t) => {
  const { world, receiver } = await subscribed(t, { numbers: { 'max-count': 1, timeout: 1 } })
  for (const id of ['one', 'two', 'three']) await world.put(studyResource(id), ownStudy())
  while ((await world.dispatchEvents()) > 0);
  receiver.answer = 'hang'
  const dying = (await world.takeDue())?.()
  await until(() => told(receiver).length === 1)
  assert.equal(await world.takeDue(), undefined, 'what one node has at work is left alone')

  receiver.answer = 200
  await world.turn(1)
  await world.settle()
  assert.deepEqual(
    told(receiver).map(({ number, focus }) => `${number} ${focus}`),
    ['1 ImagingStudy/one', '1 ImagingStudy/one', '2 ImagingStudy/two', '3 ImagingStudy/three'],
  )
  await dying
  await world.turn(5)
  await world.settle()
  assert.equal(told(receiver).length, 4)
})

test('several deliverers at once tell each event once, in order', async (t) => {
  const { world, receiver } = await subscribed(t, { numbers: { 'max-count': 2 } })
  const ids = Array.from({ length: 12 }, (_, index) => `study-${index}`)
  const writing = (async () => {
    for (const id of ids) await world.put(studyResource(id), ownStudy())
  })()
  await Promise.all([writing, world.settle(), world.settle(), world.settle()])
  await world.settle()
  assert.deepEqual(
    told(receiver).map(({ focus }) => focus),
    ids.map((id) => `ImagingStudy/${id}`),
  )
})

test('another member’s study is not told of and takes no number', async (t) => {
  const { world, receiver } = await subscribed(t)
  await world.put(studyResource('one'), ownStudy())
  await world.put(studyResource('other'), worlds.study({ custodian: worlds.OTHER }))
  await world.put(studyResource('doubted'), ownStudy(), { quarantined: true })
  await world.put(studyResource('two'), ownStudy())
  await world.settle()
  assert.deepEqual(told(receiver), [
    { number: '1', focus: 'ImagingStudy/one' },
    { number: '2', focus: 'ImagingStudy/two' },
  ])
})

test('what is hidden between its capture and its delivery is not told of and takes no number', async (t) => {
  const { world, receiver } = await subscribed(t)
  for (const id of ['doubted', 'deleted', 'moved', 'stays'])
    await world.put(studyResource(id), ownStudy())
  while ((await world.dispatchEvents()) > 0);
  await world.put(studyResource('doubted'), ownStudy(), { quarantined: true })
  await world.put(studyResource('deleted'), ownStudy(), { method: 'DELETE' })
  await world.put(studyResource('moved'), worlds.study({ custodian: worlds.OTHER }))
  await world.settle()
  assert.deepEqual(told(receiver), [{ number: '1', focus: 'ImagingStudy/stays' }])
})

test('a number is taken back where nothing can have arrived, and stays where it may have', async (t) => {
  const { world, receiver, id } = await subscribed(t)
  receiver.answer = 503
  await world.put(studyResource('may-have-arrived'), ownStudy())
  await world.settle()
  await world.put(studyResource('may-have-arrived'), ownStudy(), { quarantined: true })
  await world.access.pool.query('delete from client_hook')
  await world.put(studyResource('never-sent'), ownStudy())
  await world.turn(1)
  await world.settle()
  await world.put(studyResource('never-sent'), ownStudy(), { quarantined: true })
  await world.access.pool.query(
    `insert into client_hook select client, $1, now() from subscription where id = $2`,
    [new URL(receiver.url).host, id],
  )
  receiver.answer = 200
  await world.put(studyResource('last'), ownStudy())
  await world.turn(1)
  await world.settle()
  assert.deepEqual(told(receiver), [
    { number: '1', focus: 'ImagingStudy/may-have-arrived' },
    { number: '2', focus: 'ImagingStudy/last' },
  ])
})

test('an identity that is settled is news', async (t) => {
  const { world, receiver } = await subscribed(t)
  await world.put(studyResource('one'), ownStudy(), { quarantined: true })
  await world.settle()
  assert.deepEqual(told(receiver), [])
  await world.put(studyResource('one'), ownStudy())
  await world.settle()
  assert.equal(told(receiver).length, 1)
})

test('a client that is disabled is told nothing more, and its subscription says so', async (t) => {
  const { world, receiver, id } = await subscribed(t)
  const { pool, state } = world.access
  await world.put(studyResource('one'), ownStudy())
  while ((await world.dispatchEvents()) > 0);
  await transaction(pool, (db) => updateClient(db, client({ active: false })))
  await state.catchUp()
  await world.settle()
  assert.deepEqual(told(receiver), [])
  assert.equal((await world.statusOf(id)).status, 'off')
})

test('a scope that is taken from the client ends what its token once covered', async (t) => {
  const { world, receiver, id } = await subscribed(t)
  const { pool, state } = world.access
  await transaction(pool, (db) => updateClient(db, client({ scope: 'samsyn:subscribe' })))
  await state.catchUp()
  await world.put(studyResource('one'), ownStudy())
  await world.settle()
  await pool.query('update subscription_progress set due_at = $1', [world.access.clock()])
  await world.settle()
  assert.deepEqual(told(receiver), [])
  assert.equal((await world.statusOf(id)).status, 'off')
})

test('a delivery under way is cut when access ends', async (t) => {
  const { world, receiver, id } = await subscribed(t, { numbers: { timeout: 15 } })
  receiver.answer = 'hang'
  await world.put(studyResource('one'), ownStudy())
  while ((await world.dispatchEvents()) > 0);
  const telling = (await world.takeDue())?.()
  await until(() => told(receiver).length === 1)
  const { pool, state } = world.access
  await transaction(pool, (db) => updateClient(db, client({ active: false })))
  await state.catchUp()
  const begun = performance.now()
  await telling
  assert.ok(performance.now() - begun < 5_000)
  await world.turn(1)
  await world.settle()
  assert.equal((await world.statusOf(id)).status, 'off')
})

test('a failed handshake is an error until the client asks again', async (t) => {
  const receiver = await startReceiver(t)
  receiver.answer = 404
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const id = await world.subscribe({ endpoint: receiver.url })
  await world.settle()
  const failed = await world.statusOf(id)
  assert.equal(failed.status, 'error')
  assert.equal(failed.error, 'The handshake failed: The endpoint answered with status 404')
  receiver.answer = 200
  await world.turn(60)
  await world.settle()
  assert.equal(receiver.received.length, 1)
  await world.subscribe({ endpoint: receiver.url }, { id })
  await world.settle()
  assert.equal((await world.statusOf(id)).status, 'active')
})

test('a redirect is not followed', async (t) => {
  const receiver = await startReceiver(t)
  receiver.answer = 307
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const id = await world.subscribe({ endpoint: receiver.url })
  await world.settle()
  assert.equal((await world.statusOf(id)).status, 'error')
})

test('the handshake waits for whoever may have written without knowing of the subscription', async (t) => {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const writer = await world.access.pool.connect()
  await writer.query('begin')
  await writer.query(`select pg_current_xact_id()`)
  const id = await world.subscribe({ endpoint: receiver.url })
  await world.settle()
  assert.equal((await world.statusOf(id)).status, 'requested')
  await writer.query('commit')
  writer.release()
  await world.turn(1)
  await until(async () => {
    await world.settle()
    await world.turn(1)
    return (await world.statusOf(id)).status === 'active'
  })
})

test('who commits late is told of late, and not left out', async (t) => {
  const { world, receiver } = await subscribed(t)
  const late = await world.access.pool.connect()
  await late.query('begin')
  await late.query(
    `insert into captured_event (type, id, version, at) values ('ImagingStudy', 'early', 1, now())`,
  )
  await world.put(studyResource('early'), ownStudy())
  await world.put(studyResource('two'), ownStudy())
  await world.settle()
  assert.equal(told(receiver).length, 2)
  await late.query('commit')
  late.release()
  await world.settle()
  assert.deepEqual(told(receiver).at(-1), { number: '3', focus: 'ImagingStudy/early' })
})

test('heartbeats come when nothing else does', async (t) => {
  const { world, receiver, id } = await subscribed(t, { numbers: { 'heartbeat-period': 60 } })
  await world.settle()
  assert.equal(receiver.received.length, 1)
  await world.turn(1.1)
  await world.settle()
  assert.equal(statusIn(receiver.received[1]?.bundle).type, 'heartbeat')
  await world.settle()
  assert.equal(receiver.received.length, 2)
  receiver.answer = 500
  for (let failures = 0; failures < 3; failures += 1) {
    await world.turn(1.1)
    await world.settle()
  }
  assert.equal((await world.statusOf(id)).status, 'error')
})

test('a subscription ends when it said it would', async (t) => {
  const end = worlds.minutes(30).toISOString()
  const { world, receiver, id } = await subscribed(t, { end })
  await world.turn(31)
  await world.put(studyResource('one'), ownStudy())
  await world.settle()
  assert.deepEqual(told(receiver), [])
  assert.equal((await world.statusOf(id)).status, 'off')
})

test('a subscriber further behind than events are kept is told so and begins anew', async (t) => {
  const { world, receiver, id } = await subscribed(t)
  receiver.answer = 500
  await world.put(studyResource('one'), ownStudy())
  await world.settle()
  await world.turn(31 * 24 * 60)
  await world.sweepNotifications()
  const off = await world.statusOf(id)
  assert.equal(off.status, 'off')
  assert.match(off.error ?? '', /request the subscription again/)
  receiver.answer = 200
  await world.subscribe({ endpoint: receiver.url }, { id })
  await world.put(studyResource('two'), ownStudy())
  await world.settle()
  assert.deepEqual(told(receiver).at(-1), { number: '2', focus: 'ImagingStudy/two' })
})

test('who switches off and on again is told nothing of between', async (t) => {
  const { world, receiver, id } = await subscribed(t)
  await world.subscribe({ endpoint: receiver.url, status: 'off' }, { id })
  await world.put(studyResource('between'), ownStudy())
  await world.settle()
  await world.subscribe({ endpoint: receiver.url }, { id })
  await world.settle()
  await world.put(studyResource(randomUUID()), ownStudy())
  await world.settle()
  assert.deepEqual(
    told(receiver).map(({ number }) => number),
    ['1'],
  )
})

test('a version that two writers race for is told of in the order of its versions', async (t) => {
  const { world, receiver } = await subscribed(t, {
    content: 'full-resource',
    numbers: { 'max-count': 100 },
  })
  const writing = Array.from({ length: 4 }, async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      await world.put(studyResource('one'), ownStudy())
      await world.dispatchEvents()
    }
  })
  await Promise.all(writing)
  await world.settle()
  const versions = receiver.received
    .flatMap(({ bundle }) => bundle.entry.slice(1))
    .map(({ resource }: any) => Number(resource.meta.versionId))
  assert.deepEqual(
    versions,
    Array.from({ length: 20 }, (_, index) => index + 1),
  )
})
