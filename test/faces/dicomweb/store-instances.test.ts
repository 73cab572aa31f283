import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import { after, test, type TestContext } from 'node:test'
import express, { type ErrorRequestHandler } from 'express'
import type { DicomJson } from '../../../src/domain/imaging/study.ts'
import { storeInstancesRouter } from '../../../src/faces/dicomweb/store-instances.ts'
import { problemJson } from '../../../src/faces/problem-json.ts'
import { setPrincipal } from '../../../src/faces/request-state.ts'
import { HubError } from '../../../src/kernel/errors.ts'
import type { PublishInstancesDeps } from '../../../src/services/publish-instances.ts'
import { encodeElement } from '../../../src/wire/dicom/encode-element.ts'
import { createDatabase } from '../../support/database.ts'
import { ctObject, ctSeries, element, newUid } from '../../support/dicom.ts'
import { listen } from '../../support/listen.ts'
import { silentLog } from '../../support/log.ts'
import { BOUNDARY, makePublishing, multipartOf, publisher } from '../../support/publish.ts'
import { registerStudy } from '../../support/register.ts'

const { pool } = await createDatabase({ after })
const MULTIPART = `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`

interface Face {
  readonly url: string
  readonly folder: string
  /** A member of its own, so that tests do not meet. */
  readonly member: string
  /** Tells each request that failed. */
  readonly failures: EventEmitter
}

async function makeFace(
  t: TestContext,
  overrides: Partial<PublishInstancesDeps> = {},
): Promise<Face> {
  const { publish, folder } = await makePublishing(t, pool, overrides)
  const member = `m${newUid().slice(5)}`
  const app = express()
  app.use((req, _res, next) => {
    setPrincipal(req, publisher(member))
    next()
  })
  const publicUrl = 'https://hub.example'
  const router = storeInstancesRouter({ publishInstances: publish, publicUrl })
  const failures = new EventEmitter()
  const tell: ErrorRequestHandler = (error, _req, _res, next) => {
    failures.emit('failure', error)
    next(error)
  }
  app.use('/dicom-web', router, tell, problemJson(silentLog))
  return { url: `${await listen(t, app)}/dicom-web`, folder, member, failures }
}

async function post(
  { url }: Face,
  body: Buffer<ArrayBuffer>,
  { path = '/studies', type = MULTIPART }: { path?: string; type?: string } = {},
) {
  const response = await fetch(url + path, {
    method: 'POST',
    body,
    headers: { 'content-type': type },
  })
  const answer = JSON.parse(await response.text())
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    location: response.headers.get('location'),
    answer,
    reasons: reasonsOf(answer),
    stored: (answer['00081199']?.Value ?? []).map(
      (item: Record<string, { Value: string[] }>) => item['00081155']?.Value[0],
    ),
  }
}

/** Of named and unnamed failures. */
function reasonsOf(answer: Record<string, { Value?: Record<string, { Value: number[] }>[] }>) {
  return ['00081198', '0008119A'].flatMap((tag) =>
    (answer[tag]?.Value ?? []).map((item) => item['00081197']?.Value[0]),
  )
}

async function files({ folder }: Face): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).length
}

async function rows({ member }: Face): Promise<number> {
  const { rows: found } = await pool.query(
    'select count(*)::integer as count from instance where custodian = $1',
    [member],
  )
  return found[0].count
}

test('a series is stored: 200, a reference per instance, and where to find it', async (t) => {
  const face = await makeFace(t)
  const studyUid = newUid()
  const instanceUid = newUid()
  const object = ctObject({ studyUid, instanceUid, seriesUid: '1.2.3' })
  const result = await post(face, multipartOf([object, ...ctSeries(3, { studyUid })]))
  assert.equal(result.status, 200)
  assert.equal(result.type, 'application/dicom+json; charset=utf-8')
  assert.equal(result.location, `https://hub.example/dicom-web/studies/${studyUid}`)
  assert.equal(result.stored.length, 4)
  assert.deepEqual(result.answer['00081190'].Value, [result.location])
  assert.deepEqual(result.answer['00081199'].Value[0], {
    '00081150': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.2'] },
    '00081155': { vr: 'UI', Value: [instanceUid] },
    '00081190': {
      vr: 'UR',
      Value: [`${result.location}/series/1.2.3/instances/${instanceUid}`],
    },
  })
  assert.equal(await rows(face), 4)
  assert.equal(await files(face), 1)
})

test('one object by itself is stored too', async (t) => {
  const face = await makeFace(t)
  const result = await post(face, Buffer.from(ctObject()), { type: 'application/dicom' })
  assert.equal(result.status, 200)
  assert.equal(await rows(face), 1)
})

test('bad objects fail one by one, with their reasons, and the good ones are kept', async (t) => {
  const face = await makeFace(t)
  const good = ctObject()
  const mismatch = ctObject({ attributes: { '0020000D': { vr: 'UI', Value: ['1.02'] } } })
  const parts = [Buffer.from('not DICOM'), ctObject().subarray(0, 400), mismatch, good]
  const result = await post(face, multipartOf(parts))
  assert.equal(result.status, 202)
  assert.equal(result.stored.length, 1)
  assert.deepEqual(result.reasons, [0xc000, 0xc000, 0xc000])
  // The two whose file meta information was read are named.
  assert.equal(result.answer['00081198'].Value.length, 2)
  assert.equal(result.answer['0008119A'].Value.length, 1)
  assert.equal(await rows(face), 1)
})

test('nothing stored is 409 with the reasons, and leaves no file', async (t) => {
  const face = await makeFace(t)
  const result = await post(face, multipartOf([ctObject()]), { path: `/studies/${newUid()}` })
  assert.equal(result.status, 409)
  assert.deepEqual(result.reasons, [0xa900])
  assert.equal(result.location, null)
  assert.equal(await files(face), 0)
})

test('an identical object is accepted as already there; a different one is refused, the first kept', async (t) => {
  const face = await makeFace(t)
  const uids = { studyUid: newUid(), seriesUid: newUid(), instanceUid: newUid() }
  const first = ctObject(uids)
  const other = ctObject({ ...uids, instanceNumber: 2 })
  assert.equal((await post(face, multipartOf([first]))).status, 200)
  const again = await post(face, multipartOf([first]))
  assert.equal(again.status, 200)
  assert.deepEqual(again.stored, [uids.instanceUid])
  const different = await post(face, multipartOf([other]))
  assert.equal(different.status, 409)
  assert.deepEqual(different.reasons, [0x0111])
  const { rows: found } = await pool.query(
    'select instance_number from instance where custodian = $1',
    [face.member],
  )
  assert.deepEqual(found, [{ instance_number: 1 }])
  assert.equal(await files(face), 1)
})

test('the same holds inside one request', async (t) => {
  const face = await makeFace(t)
  const uids = { studyUid: newUid(), seriesUid: newUid(), instanceUid: newUid() }
  const first = ctObject(uids)
  const other = ctObject({ ...uids, instanceNumber: 2 })
  const result = await post(face, multipartOf([first, other, first, ctObject()]))
  assert.equal(result.status, 202)
  assert.equal(result.stored.length, 2)
  assert.deepEqual(result.reasons, [0x0111])
  const { rows: found } = await pool.query(
    'select sum(bytes)::integer as bytes, max(l.size)::integer as size from instance, lateral (select bytes as size from landing where id = instance.landing) l where custodian = $1',
    [face.member],
  )
  assert.equal(found[0].bytes, found[0].size)
})

test('a part longer than its Content-Length fails alone', async (t) => {
  const face = await makeFace(t)
  const [one, two] = [ctObject(), ctObject()]
  const body = multipartOf([one, two])
  const lying = Buffer.from(
    body.toString('latin1').replace(`Content-Length: ${one.length}`, `Content-Length: 10`),
    'latin1',
  )
  const result = await post(face, lying)
  assert.equal(result.status, 202)
  assert.deepEqual(result.reasons, [0xc000])
})

test('a boundary inside pixel data breaks the request, and nothing is kept', async (t) => {
  const face = await makeFace(t)
  const object = Buffer.from(ctObject({ size: 64 }))
  object.write(`\r\n--${BOUNDARY}\r\n`, object.length - 200, 'latin1')
  const result = await post(face, multipartOf([ctObject(), object]))
  assert.equal(result.status, 400)
  assert.equal(result.type, 'application/problem+json; charset=utf-8')
  assert.equal(result.answer.problems[0].location, 'part 3')
  assert.equal(await rows(face), 0)
  assert.equal(await files(face), 0)
})

test('a body cut short of its last boundary is refused whole', async (t) => {
  const face = await makeFace(t)
  const body = multipartOf([ctObject(), ctObject()])
  const result = await post(face, Buffer.from(body.subarray(0, body.length - 8)))
  assert.equal(result.status, 400)
  assert.equal(await rows(face), 0)
  assert.equal(await files(face), 0)
})

test('a sender that hangs up leaves nothing', async (t) => {
  const face = await makeFace(t)
  const body = multipartOf(ctSeries(4, { size: 256 }))
  const sending = request(`${face.url}/studies`, {
    method: 'POST',
    headers: { 'content-type': MULTIPART, 'content-length': body.length },
  })
  sending.on('error', () => undefined)
  sending.write(body.subarray(0, 300_000), () => sending.destroy())
  await once(face.failures, 'failure')
  assert.equal(await files(face), 0)
  assert.equal(await rows(face), 0)
})

test('wrong content types are 415, an empty body 400', async (t) => {
  const face = await makeFace(t)
  const body = multipartOf([ctObject()])
  for (const type of [
    'application/json',
    'multipart/form-data; boundary=x',
    `multipart/related; type="application/dicom+json"; boundary=${BOUNDARY}`,
    'nonsense',
  ])
    assert.equal((await post(face, body, { type })).status, 415)
  const html = Buffer.from(
    `--${BOUNDARY}\r\nContent-Type: text/html\r\n\r\n<p>\r\n--${BOUNDARY}--\r\n`,
  )
  assert.equal((await post(face, html)).status, 415)
  assert.equal((await post(face, Buffer.from(`--${BOUNDARY}--\r\n`))).status, 400)
  const noBoundary = 'multipart/related; type="application/dicom"'
  assert.equal((await post(face, body, { type: noBoundary })).status, 400)
  assert.equal((await post(face, body, { path: '/studies/1.02.3' })).status, 400)
  assert.equal(await files(face), 0)
})

test('a refused caller gets the refusal, however much it is sending, and nothing is laid down', async (t) => {
  const face = await makeFace(t, {
    authorize: async () => {
      throw new HubError('forbidden', 'Not a publisher')
    },
  })
  const result = await post(face, Buffer.alloc(20_000_000))
  assert.equal(result.status, 403)
  assert.equal(await files(face), 0)
})

test('a transaction that fails takes the file with it', async (t) => {
  const face = await makeFace(t, {
    registerStudy: async () => {
      throw new HubError('unavailable', 'No')
    },
  })
  assert.equal((await post(face, multipartOf([ctObject()]))).status, 503)
  assert.equal(await files(face), 0)
  assert.equal(await rows(face), 0)
})

test('concurrent requests for the same instances end in one copy of each', async (t) => {
  const face = await makeFace(t)
  const series = ctSeries(5)
  const results = await Promise.all(
    Array.from({ length: 6 }, () => post(face, multipartOf(series))),
  )
  assert.deepEqual(
    results.map(({ status }) => status),
    results.map(() => 200),
  )
  assert.equal(await rows(face), 5)
  assert.equal(await files(face), 1)
})

test('concurrent requests for one instance UID in two studies keep one and refuse the other', async (t) => {
  const face = await makeFace(t)
  const instanceUid = newUid()
  const results = await Promise.all(
    Array.from({ length: 4 }, () => post(face, multipartOf([ctObject({ instanceUid })]))),
  )
  const statuses = results.map(({ status }) => status).sort()
  assert.deepEqual(statuses, [200, 409, 409, 409])
  assert.equal(await rows(face), 1)
})

test('an object that no database takes is refused for itself, and the others are stored', async (t) => {
  const face = await makeFace(t)
  const [studyUid, seriesUid] = [newUid(), newUid()]
  const one = (attributes: DicomJson) => ctObject({ studyUid, seriesUid, attributes })
  const bodies = [
    one({}),
    one({ '00100020': element('LO', '1785\x008550084') }),
    one({ '00081030': element('LO', 'a\x00b') }),
    one({ '00100010': element('PN', { Alphabetic: 'Nul\x00^Name' }) }),
    one({ '00080060': element('CS', 'CT\r\nX: y') }),
    one({}),
  ]
  const { status, stored, reasons } = await post(face, multipartOf(bodies))
  assert.equal(status, 202)
  assert.equal(stored.length, 2)
  assert.deepEqual(reasons, [0xc000, 0xc000, 0xc000, 0xc000])
  assert.equal(await rows(face), 2)
})

test('an object whose registration fails is refused for itself, and the others are stored', async (t) => {
  const bad = newUid()
  const face = await makeFace(t, {
    registerStudy: async (db, request) => {
      const isBad = request.instances.some(({ header }) => header.instanceUid === bad)
      // As a value that slipped past every check would fail.
      if (isBad) await db.query('select $1::jsonb', ['"\\u0000"'])
      return registerStudy(db, request)
    },
  })
  const studyUid = newUid()
  const others = Array.from({ length: 6 }, () => ctObject({ studyUid }))
  const objects = [...others, ctObject({ studyUid, instanceUid: bad }), ctObject()]
  const { status, stored, reasons } = await post(face, multipartOf(objects))
  assert.equal(status, 202)
  assert.equal(stored.length, 7)
  assert.ok(!stored.includes(bad))
  assert.deepEqual(reasons, [0x0110])
  assert.equal(await rows(face), 7)
  assert.equal(await files(face), 1)

  const alone = await post(face, multipartOf([ctObject({ instanceUid: bad })]))
  assert.equal(alone.status, 409)
  assert.deepEqual(alone.reasons, [0x0110])
  assert.equal(await files(face), 1)
})

test('a request keeps no more in memory than it may: the rest of it is refused as out of resources', async (t) => {
  const face = await makeFace(t, { maxKeptBytes: 30_000 })
  const series = ctSeries(10)
  const { status, stored, reasons } = await post(face, multipartOf(series))
  assert.equal(status, 202)
  assert.ok(stored.length > 0 && stored.length < 10)
  assert.deepEqual(new Set(reasons), new Set([0xa700]))
  assert.equal(reasons.length, 10 - Number(stored.length))
  assert.equal((await post(face, multipartOf(series.slice(stored.length)))).stored.length > 0, true)
})

test('a header of too many elements is refused as out of resources', async (t) => {
  const face = await makeFace(t)
  const empty = encodeElement('00111010', 'LO', Buffer.alloc(0))
  const bomb = Buffer.concat([ctObject().subarray(0, -524), Buffer.alloc(1_000_000, empty)])
  const { status, reasons } = await post(face, multipartOf([bomb, ctObject()]))
  assert.equal(status, 202)
  assert.deepEqual(reasons, [0xa700])
})

test('a client may publish so many requests at a time, and not one more until one has ended', async (t) => {
  const gate = Promise.withResolvers<undefined>()
  const face = await makeFace(t, {
    registerStudy: async (...given) => {
      await gate.promise
      return registerStudy(...given)
    },
  })
  const running = Array.from({ length: 8 }, () => post(face, multipartOf([ctObject()])))
  // As long as there is room, the next one waits behind the gate too.
  const refused = Promise.withResolvers<Awaited<ReturnType<typeof post>>>()
  const tryOne = async (): Promise<void> => {
    const answer = await post(face, multipartOf([ctObject()]))
    if (answer.status === 503) refused.resolve(answer)
  }
  const more = Array.from({ length: 8 }, tryOne)
  const { answer } = await refused.promise
  assert.equal(answer.code, 'too-many-at-once')
  gate.resolve(undefined)
  await Promise.all([...running, ...more])
  assert.equal((await post(face, multipartOf([ctObject()]))).status, 200)
})
