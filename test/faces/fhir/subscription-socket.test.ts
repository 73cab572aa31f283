import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { updateClient } from '../../../src/storage/clients.ts'
import { transaction } from '../../../src/storage/db.ts'
import {
  attachSubscriptionSocket,
  isSocketRequest,
} from '../../../src/faces/fhir/subscription-socket.ts'
import { client, CONTEXT, system } from '../../support/access-services.ts'
import { silentLog } from '../../support/log.ts'
import {
  eventsIn,
  ownStudy,
  startSubscribers,
  statusIn,
  studyResource,
  type SubscriberWorld,
} from '../../support/subscribers.ts'
import { until } from '../../support/until.ts'

const PATH = '/fhir/ws'

interface SocketWorld {
  readonly world: SubscriberWorld
  readonly url: string
  /** Dispatches and pumps until the condition holds. */
  run(holds: () => boolean): Promise<void>
  token(id?: string): Promise<string>
}

/** A busy machine answers late; only who is tested for that is not waited for. */
const PATIENT = { bind: 60_000, read: 60_000 }
const IMPATIENT = { bind: 500, read: 500 }

async function start(t: TestContext, patience = PATIENT): Promise<SocketWorld> {
  const world = await startSubscribers(t)
  const server = createServer({ shouldUpgradeCallback: isSocketRequest(PATH) }, (_req, res) => {
    res.end('plain')
  })
  const attached = attachSubscriptionSocket(server, {
    ...{ subscriptionSockets: world.subscriptionSockets, path: PATH, log: silentLog },
    patience,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    await attached.close()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Not listening on TCP')
  return {
    world,
    url: `ws://127.0.0.1:${address.port}${PATH}`,
    run: (holds) =>
      until(async () => {
        await world.dispatchEvents()
        await world.subscriptionSockets.pump()
        return holds()
      }),
    async token(id) {
      const ids = id === undefined ? undefined : [id]
      return (await world.issueBindingToken(system(), ids, CONTEXT)).token
    },
  }
}

interface Opened {
  readonly socket: WebSocket
  // What comes over a socket is untyped until it is asserted on.
  readonly received: any[]
  /** Code of the close, once there is one. */
  closed: number | undefined
}

async function open(url: string, token?: string): Promise<Opened> {
  const socket = new WebSocket(url)
  const opened: Opened = { socket, received: [], closed: undefined }
  socket.on('message', (data: Buffer) => opened.received.push(JSON.parse(data.toString())))
  socket.on('close', (code) => (opened.closed = code))
  await once(socket, 'open')
  if (token !== undefined) socket.send(`bind-with-token ${token}`)
  return opened
}

function told({ received }: Opened): readonly string[] {
  return received.flatMap(eventsIn).map(({ number, focus }) => `${number} ${focus}`)
}

test('a bound socket gets a handshake and then what happens', async (t) => {
  const { world, url, run, token } = await start(t)
  const id = await world.subscribe({ channelType: 'websocket' })
  const one = await open(url, await token())
  await run(() => one.received.length === 1)
  assert.equal(statusIn(one.received[0]).type, 'handshake')
  await until(async () => (await world.statusOf(id)).status === 'active')
  await world.put(studyResource('one'), ownStudy())
  await run(() => one.received.length === 2)
  assert.deepEqual(told(one), ['1 ImagingStudy/one'])
  one.socket.close()
})

test('what happened while nobody was bound waits, in order, and nothing comes twice', async (t) => {
  const { world, url, run, token } = await start(t)
  await world.subscribe({ channelType: 'websocket' })
  const first = await open(url, await token())
  await run(() => first.received.length === 1)
  first.socket.close()
  await until(() => first.closed !== undefined)
  for (const id of ['one', 'two']) await world.put(studyResource(id), ownStudy())
  while ((await world.dispatchEvents()) > 0);
  const second = await open(url, await token())
  await run(() => told(second).length === 2)
  assert.deepEqual(told(second), ['1 ImagingStudy/one', '2 ImagingStudy/two'])
  second.socket.close()
})

test('a socket that stops reading is dropped, and the next gets what it did not read', async (t) => {
  const { world, url, run, token } = await start(t, { ...PATIENT, read: 3_000 })
  await world.subscribe({ channelType: 'websocket' })
  const slow = await open(url, await token())
  await run(() => slow.received.length === 1)
  slow.socket.pause()
  await world.put(studyResource('one'), ownStudy())
  await run(() => world.subscriptionSockets.count() === 0)
  const next = await open(url, await token())
  await run(() => told(next).length === 1)
  assert.deepEqual(told(next), ['1 ImagingStudy/one'])
  slow.socket.terminate()
  next.socket.close()
})

test('a token binds once, and not after its time', async (t) => {
  const { world, url, run, token } = await start(t)
  await world.subscribe({ channelType: 'websocket' })
  const once = await token()
  const first = await open(url, once)
  await run(() => first.received.length === 1)
  const again = await open(url, once)
  await run(() => again.closed === 1008)
  const old = await token()
  await world.turn(2)
  const late = await open(url, old)
  await run(() => late.closed === 1008)
  for (const made of ['', 'x', 'AAAA'.repeat(2_000)]) {
    const other = await open(url, made)
    await run(() => other.closed !== undefined)
  }
  first.socket.close()
})

test('the newest socket takes over, and the older one ends', async (t) => {
  const { world, url, run, token } = await start(t)
  await world.subscribe({ channelType: 'websocket' })
  const older = await open(url, await token())
  await run(() => older.received.length === 1)
  const newer = await open(url, await token())
  await run(() => newer.received.length === 1 && older.closed === 1008)
  newer.socket.close()
})

test('a socket ends with its client, although nothing happens', async (t) => {
  const { world, url, run, token } = await start(t)
  const id = await world.subscribe({ channelType: 'websocket' })
  const one = await open(url, await token())
  await run(() => one.received.length === 1)
  const { pool, state } = world.access
  await transaction(pool, (db) => updateClient(db, client({ active: false })))
  await state.catchUp()
  await until(async () => {
    await world.turn(0.05)
    await world.subscriptionSockets.pump()
    return one.closed === 1008
  })
  assert.equal((await world.statusOf(id)).status, 'off')
})

test('a socket that binds nothing, or speaks of something else, is closed', async (t) => {
  const { url } = await start(t, IMPATIENT)
  const silent = await open(url)
  const talking = await open(url)
  talking.socket.send('hello')
  await until(() => silent.closed === 1008 && talking.closed === 1008)
  const loud = await open(url)
  loud.socket.send('a'.repeat(20_000))
  await until(() => loud.closed === 1009)
})

test('other wishes to upgrade are passed over', async (t) => {
  const { url } = await start(t)
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.end(
    'GET /fhir/metadata HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
  )
  let text = ''
  for await (const piece of socket) text += String(piece)
  assert.match(text, /^HTTP\/1\.1 200 OK[^]*plain/)
})
