import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientId } from '../../src/kernel/ids.ts'
import { insertClient } from '../../src/storage/clients.ts'
import { transaction } from '../../src/storage/db.ts'
import { client, CONTEXT, system } from '../support/access-services.ts'
import {
  eventsIn,
  ownStudy,
  startReceiver,
  startSubscribers,
  statusIn,
  studyResource,
} from '../support/subscribers.ts'

// What comes back is untyped until it is asserted on.
function entriesOf(bundle: any): any[] {
  return bundle.entry ?? []
}

test('$status lists the caller’s own, by id and by status', async (t) => {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const active = await world.subscribe({ endpoint: receiver.url })
  const waiting = await world.subscribe({ channelType: 'websocket' })
  await world.settle()
  await world.put(studyResource('one'), ownStudy())
  await world.settle()

  const all = await world.reportStatus(system(), {}, CONTEXT)
  assert.equal(all.type, 'searchset')
  assert.equal(entriesOf(all).length, 2)
  const one = await world.reportStatus(system(), { statuses: ['active'] }, CONTEXT)
  const status = statusIn(one)
  assert.equal(status.type, 'query-status')
  assert.equal(status['events-since-subscription-start'], '1')
  assert.match(status.subscription.reference, new RegExp(`/Subscription/${active}$`))
  const byId = await world.reportStatus(system(), { ids: [waiting] }, CONTEXT)
  assert.equal(statusIn(byId).status, 'requested')
  const stranger = 'client-2' as ClientId
  await transaction(world.access.pool, (db) =>
    insertClient(db, client({ id: stranger }), { at: world.access.clock() }),
  )
  await world.access.state.catchUp()
  const none = await world.reportStatus(system({ client: stranger }), { ids: [waiting] }, CONTEXT)
  assert.equal(none.total, 0)
})

test('$status tells what is wrong', async (t) => {
  const receiver = await startReceiver(t)
  receiver.answer = 500
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const id = await world.subscribe({ endpoint: receiver.url })
  await world.settle()
  const status = statusIn(await world.reportStatus(system(), { ids: [id] }, CONTEXT))
  assert.equal(status.status, 'error')
  assert.match(status.error.text, /^The handshake failed/)
})

test('$events gives again what has a number, as far as it may still be seen', async (t) => {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const id = await world.subscribe({ endpoint: receiver.url, content: 'full-resource' })
  await world.settle()
  for (const study of ['one', 'two', 'three']) await world.put(studyResource(study), ownStudy())
  await world.settle()
  await world.put(studyResource('two'), ownStudy(), { quarantined: true })

  const ask = async (since: number, until: number) =>
    JSON.parse(await world.reportEvents(system(), { id, since, until }, CONTEXT))
  const all = await ask(1, 100)
  assert.equal(statusIn(all).type, 'query-event')
  assert.deepEqual(
    eventsIn(all).map(({ number }) => number),
    ['1', '3'],
  )
  assert.equal(all.entry[1].resource.id, 'one')
  assert.deepEqual(eventsIn(await ask(3, 3)), [{ number: '3', focus: 'ImagingStudy/three' }])
  assert.equal(world.access.audited.filter(({ act }) => act === 'notified').length, 3)
})

test('$events of another client’s subscription is not found', async (t) => {
  const world = await startSubscribers(t)
  await assert.rejects(
    world.reportEvents(system(), { id: 'nobodys', since: 1, until: 9 }, CONTEXT),
    { code: 'not-found' },
  )
})
