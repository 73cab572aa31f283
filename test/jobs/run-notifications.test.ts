import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startNotifications } from '../../src/jobs/run-notifications.ts'
import { silentLog } from '../support/log.ts'
import {
  ownStudy,
  startReceiver,
  startSubscribers,
  studyResource,
  told,
} from '../support/subscribers.ts'
import { until } from '../support/until.ts'

test('two nodes tell a subscriber each event once, in order, and a stop waits for what runs', async (t) => {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  const nodes = [1, 2].map(() => startNotifications({ ...world, log: silentLog }))
  await world.subscribe({ endpoint: receiver.url, numbers: { 'max-count': 2 } })
  const ids = Array.from({ length: 9 }, (_, index) => `study-${index}`)
  for (const id of ids) await world.put(studyResource(id), ownStudy())
  await until(() => told(receiver).length >= ids.length)
  // Before the database goes, which hooks would do first.
  await Promise.all(nodes.map((node) => node.stop()))
  assert.deepEqual(
    told(receiver).map(({ focus }) => focus),
    ids.map((id) => `ImagingStudy/${id}`),
  )
})

test('what fails is looked at again, and one that hangs holds up nobody else', async () => {
  let dispatched = 0
  let taken = 0
  const hanging = Promise.withResolvers<undefined>()
  const notifications = startNotifications({
    async dispatchEvents() {
      dispatched += 1
      if (dispatched === 1) throw new Error('The database was away')
      return dispatched < 4 ? 1 : 0
    },
    async takeDue() {
      taken += 1
      if (taken > 4) return undefined
      return () =>
        taken === 1 ? hanging.promise.then(() => undefined) : Promise.reject(new Error('No'))
    },
    sweepNotifications: async () => undefined,
    log: silentLog,
  })
  await until(() => dispatched >= 4 && taken > 4)
  const stopped = notifications.stop()
  hanging.resolve(undefined)
  await stopped
})
