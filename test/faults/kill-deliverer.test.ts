import assert from 'node:assert/strict'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { startChild, type RunningChild } from '../support/children.ts'
import {
  ownStudy,
  startReceiver,
  startSubscribers,
  studyResource,
  told,
  type SubscriberWorld,
} from '../support/subscribers.ts'
import { until } from '../support/until.ts'

const CHILD = path.join(import.meta.dirname, '../support/notifier-child.ts')
const MINUTE = 60_000

async function startNode(
  t: TestContext,
  { url, access }: SubscriberWorld,
  minutes: number,
): Promise<RunningChild> {
  const CLOCK = String(access.clock().getTime() + minutes * MINUTE)
  const child = startChild(process.execPath, [CHILD], { DATABASE: url, CLOCK })
  t.after(() => child.kill('SIGKILL'))
  await child.line(/telling/)
  return child
}

test('nodes killed between capture and delivery, and while they deliver, lose nothing and no order', async (t) => {
  const receiver = await startReceiver(t)
  const world = await startSubscribers(t, { hooks: [receiver.url] })
  await world.subscribe({ endpoint: receiver.url, numbers: { 'max-count': 3, timeout: 15 } })
  await world.settle()

  const ids = Array.from({ length: 40 }, (_, index) => `study-${String(index).padStart(2, '0')}`)
  for (const id of ids.slice(0, 20)) await world.put(studyResource(id), ownStudy())
  for (let round = 0; round < 3; round += 1) {
    // Each later by more than a claim lasts: the one before is known to be dead.
    const node = await startNode(t, world, round * 2)
    const before = told(receiver).length
    await until(() => told(receiver).length > before + 3)
    receiver.answer = 'hang'
    const handled = told(receiver).length
    for (const id of ids.slice(20 + round * 5, 25 + round * 5))
      await world.put(studyResource(id), ownStudy())
    await until(() => told(receiver).length > handled)
    await node.kill('SIGKILL')
    receiver.answer = 200
  }
  for (const id of ids.slice(35)) await world.put(studyResource(id), ownStudy())
  await startNode(t, world, 10)
  await until(() => told(receiver).at(-1)?.number === '40')

  const first = new Map<string, string | undefined>()
  for (const { number, focus } of told(receiver)) {
    assert.equal(first.get(number) ?? focus, focus, 'a number means one event')
    if (first.has(number)) continue
    assert.equal(number, String(first.size + 1), 'no number comes before the one below it')
    first.set(number, focus)
  }
  assert.deepEqual(
    [...first.values()],
    ids.map((id) => `ImagingStudy/${id}`),
  )
})
