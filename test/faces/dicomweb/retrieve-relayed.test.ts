import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, test, type TestContext } from 'node:test'
import type { Pool } from 'pg'
import { ctSeries, newUid } from '../../support/dicom.ts'
import { createDatabase } from '../../support/database.ts'
import { startDicomweb } from '../../support/dicomweb.ts'
import { MULTIPART, multipart, sendObjects, startSource } from '../../support/misbehaving-source.ts'
import { partsOf } from '../../support/multipart.ts'
import { custodian } from '../../support/register.ts'

const { pool } = await createDatabase({ after })
const OSLO = custodian('oslo')

interface World {
  readonly size?: number
  readonly count?: number
  readonly db?: Pool
}

/** A hub that has indexed a source with one study. */
async function indexed(t: TestContext, { size = 64, count = 3 }: World = {}) {
  const [studyUid, seriesUid] = [newUid(), newUid()]
  const objects = ctSeries(count, { studyUid, seriesUid, size })
  const source = await startSource(t, objects)
  const hub = await startDicomweb(t, pool, { answerWithin: 400, idleWithin: 400 })
  const id = await hub.addSource(OSLO, source.url)
  await hub.syncSource(id)
  source.requests.length = 0
  return { studyUid, seriesUid, objects, source, hub, url: `${hub.url}/studies/${studyUid}` }
}

test('a source-held study passes byte for byte, without a word of the source’s own', async (t) => {
  const { url, objects, source, studyUid } = await indexed(t)
  const response = await fetch(url)
  assert.equal(response.status, 200)
  const parts = await partsOf(response)
  assert.deepEqual(
    parts.map(({ body }) => body),
    objects,
  )
  const told = JSON.stringify([[...response.headers], ...parts.map(({ headers }) => [...headers])])
  assert.doesNotMatch(told, /pacs|source-boundary/)
  assert.match(told, /https:\/\/hub\.example\/dicom-web\/studies/)
  assert.deepEqual(source.requests, [`GET /studies/${studyUid}`])
})

test('an answer that trickles in small pieces passes byte for byte', async (t) => {
  const { url, objects, source } = await indexed(t, { size: 16, count: 2 })
  source.retrieve = async (res) => {
    res.writeHead(200, { 'content-type': MULTIPART })
    const body = multipart(objects)
    for (let at = 0; at < body.length; at += 97) {
      res.write(body.subarray(at, at + 97))
      await new Promise((resolve) => setImmediate(resolve))
    }
    res.end()
  }
  const parts = await partsOf(await fetch(url))
  assert.deepEqual(
    parts.map(({ body }) => body),
    objects,
  )
})

test('one instance of a source passes as a single part', async (t) => {
  const { hub, studyUid, seriesUid, source, objects } = await indexed(t)
  const instanceUid = newUid()
  const object = ctSeries(1, { studyUid, seriesUid, instanceUid })
  source.objects = [...objects, ...object]
  const id = await hub.addSource(custodian('bergen'), source.url)
  await hub.syncSource(id)
  hub.filter = { kind: 'custodian', in: [custodian('bergen')] }
  const response = await fetch(
    `${hub.url}/studies/${studyUid}/series/${seriesUid}/instances/${instanceUid}`,
    { headers: { accept: 'application/dicom; transfer-syntax=*' } },
  )
  assert.equal(response.status, 200)
  assert.equal((await response.arrayBuffer()).byteLength, object[0]?.length)
})

const never = (): Promise<void> => new Promise(() => undefined)

const FAULTS: readonly [
  name: string,
  retrieve: (res: ServerResponse) => unknown,
  status: number,
][] = [
  ['hangs', never, 504],
  ['resets the connection', (res) => res.destroy(), 502],
  [
    'hangs after its header',
    (res) => res.writeHead(200, { 'content-type': MULTIPART }).flushHeaders(),
    504,
  ],
  ['fails', (res) => res.writeHead(500).end('stack trace of pacs.internal'), 502],
  ['no longer has the study', (res) => res.writeHead(404).end(), 502],
  ['wants other credentials', (res) => res.writeHead(401).end(), 502],
  [
    'answers with a page',
    (res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    502,
  ],
  ['sends elsewhere', (res) => res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), 502],
  [
    'sends no part',
    (res) => res.writeHead(200, { 'content-type': MULTIPART }).end('--source-boundary--'),
    502,
  ],
  [
    'sends what is not DICOM',
    (res) =>
      res.writeHead(200, { 'content-type': MULTIPART }).end(multipart([Buffer.alloc(400, 'x')])),
    502,
  ],
  ['sends another study', (res) => sendObjects(res, ctSeries(2)), 502],
]

for (const [name, retrieve, status] of FAULTS)
  test(`a source that ${name} is a ${status}, in the hub’s own words`, async (t) => {
    const { url, source, hub } = await indexed(t)
    source.retrieve = (res) => void retrieve(res)
    const response = await fetch(url)
    const text = await response.text()
    assert.equal(response.status, status, text)
    assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.doesNotMatch(text, /pacs|127\.0\.0\.1/)
    assert.deepEqual(hub.outcomes, ['failed'])
  })

const LATE_FAULTS: readonly [name: string, send: (res: ServerResponse, body: Buffer) => unknown][] =
  [
    [
      'is cut short',
      (res, body) => res.writeHead(200, { 'content-type': MULTIPART }).end(body.subarray(0, -200)),
    ],
    [
      'is shorter than its Content-Length',
      (res, body) => {
        res.writeHead(200, { 'content-type': MULTIPART, 'content-length': body.length + 500 })
        res.write(body, () => res.destroy())
      },
    ],
    [
      'stops for ever',
      (res, body) =>
        res.writeHead(200, { 'content-type': MULTIPART }).write(body.subarray(0, -300)),
    ],
    [
      'is reset',
      (res, body) =>
        res.writeHead(200, { 'content-type': MULTIPART }).write(body.subarray(0, -300), () => {
          res.destroy()
        }),
    ],
  ]

for (const [name, send] of LATE_FAULTS)
  test(`an answer that ${name} breaks off for the client as well`, async (t) => {
    const { url, source, objects, hub } = await indexed(t)
    source.retrieve = (res) => void send(res, multipart(objects))
    const response = await fetch(url)
    assert.equal(response.status, 200)
    await assert.rejects(response.arrayBuffer())
    assert.deepEqual(hub.outcomes, ['failed'])
  })

test('an answer with fewer objects than the index knows is not passed off as whole', async (t) => {
  const { url, source, objects } = await indexed(t)
  source.retrieve = (res) => sendObjects(res, objects.slice(0, 2))
  const response = await fetch(url)
  await assert.rejects(response.arrayBuffer())
})

test('an object that the index does not know does not pass', async (t) => {
  const { url, source, objects, studyUid } = await indexed(t)
  const stranger = ctSeries(1, { studyUid })
  source.retrieve = (res) => sendObjects(res, [...stranger, ...objects])
  const parts = await partsOf(await fetch(url))
  assert.deepEqual(
    parts.map(({ body }) => body),
    objects,
  )
})

test('an object whose transfer syntax is no UID passes without one, and takes no other along', async (t) => {
  const { url, source, objects } = await indexed(t)
  const broken = objects.map((object, index) => {
    const copy = Buffer.from(object)
    if (index === 1)
      copy.write('1.2.3\r\nX-Evil: 1', copy.indexOf('1.2.840.10008.1.2.1\0', 132), 'latin1')
    return copy
  })
  source.retrieve = (res) => sendObjects(res, broken)
  const parts = await partsOf(
    await fetch(url, {
      headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
    }),
  )
  assert.deepEqual(
    parts.map(({ body }) => body),
    broken,
  )
  assert.equal(parts[1]?.headers.get('content-type'), 'application/dicom')
})

test('a failing source gives way to another permitted copy', async (t) => {
  const { url, source, hub, objects } = await indexed(t)
  const other = await startSource(t, objects)
  await hub.syncSource(await hub.addSource(custodian('bergen'), other.url))
  source.retrieve = (res) => void res.destroy()
  other.requests.length = 0
  for (let round = 0; round < 2; round += 1) {
    const parts = await partsOf(await fetch(url))
    assert.equal(parts.length, 3)
  }
  assert.equal(other.requests.length, 2)
  hub.filter = { kind: 'custodian', in: [OSLO] }
  assert.equal((await fetch(url)).status, 502)
})

test('what is deposited already comes from the hub, and the rest from the source', async (t) => {
  const { url, hub, objects, source } = await indexed(t)
  await hub.deposit(OSLO, objects.slice(0, 1))
  const parts = await partsOf(await fetch(url))
  assert.deepEqual(
    parts.map(({ body }) => body),
    objects,
  )
  await hub.deposit(OSLO, objects.slice(1))
  source.requests.length = 0
  const whole = await partsOf(await fetch(url))
  assert.equal(whole.length, objects.length)
  assert.deepEqual(source.requests, [])
})

test('a client that leaves frees the source', async (t) => {
  const { url, source, objects, hub } = await indexed(t, { size: 1_000, count: 6 })
  const closed = new Promise<void>((resolve) => {
    source.retrieve = async (res) => {
      res.once('close', () => resolve())
      await sendObjects(res, objects)
    }
  })
  const leave = new AbortController()
  const response = await fetch(url, { signal: leave.signal })
  await response.body?.getReader().read()
  leave.abort()
  await closed
  assert.deepEqual(hub.outcomes, ['aborted'])
})

test('a reader that stands still makes the source stand still', async (t) => {
  const { url, source, objects } = await indexed(t, { size: 4_000, count: 3 })
  let sent = 0
  let total = 0
  source.retrieve = async (res) => {
    const body = multipart(objects)
    total = body.length
    res.writeHead(200, { 'content-type': MULTIPART })
    for (let at = 0; at < body.length; at += 65_536) {
      await new Promise<void>((resolve) =>
        res.write(body.subarray(at, at + 65_536), () => resolve()),
      )
      sent = at
    }
    res.end()
  }
  const response = await fetch(url)
  const reader = response.body?.getReader()
  await reader?.read()
  let before = -1
  while (before !== sent) {
    before = sent
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  assert.ok(sent < total / 2, `${sent} of ${total} bytes were taken from the source`)
  await reader?.cancel()
})
