import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import {
  eventsIn,
  ownStudy,
  startReceiver,
  startSubscribers,
  statusIn,
  studyResource,
  told,
} from '../support/subscribers.ts'

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
  const notification = receiver.received[1]
  assert.equal(notification?.headers['content-type'], 'application/fhir+json')
  const status = statusIn(notification?.bundle)
  assert.equal(status.type, 'event-notification')
  assert.equal(status['events-since-subscription-start'], '1')
  assert.deepEqual(told(receiver), [{ number: '1', focus: 'ImagingStudy/one' }])
  assert.equal(notification?.bundle.entry[1].resource, undefined)
})
