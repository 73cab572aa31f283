import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ctObject, ctSeries, newUid } from '../../support/dicom.ts'
import { createDatabase } from '../../support/database.ts'
import { startDicomweb } from '../../support/dicomweb.ts'
import { partsOf } from '../../support/multipart.ts'
import { custodian } from '../../support/register.ts'

const { pool } = await createDatabase({ after })
const OSLO = custodian('oslo')
const EXPLICIT = '1.2.840.10008.1.2.1'

function study() {
  const [studyUid, seriesUid] = [newUid(), newUid()]
  const objects = ctSeries(5, { studyUid, seriesUid, size: 128 })
  return { studyUid, seriesUid, objects }
}

test('a deposited study comes back byte for byte, each object in a part of its own', async (t) => {
  const hub = await startDicomweb(t, pool)
  const { studyUid, objects } = study()
  await hub.deposit(OSLO, objects)

  const response = await fetch(`${hub.url}/studies/${studyUid}`)
  assert.equal(response.status, 200)
  const length = Number(response.headers.get('content-length'))
  const parts = await partsOf(response.clone())
  assert.deepEqual(
    parts.map(({ body }) => body),
    objects,
  )
  assert.equal((await response.arrayBuffer()).byteLength, length)
  const [first] = parts
  assert.ok(first)
  assert.equal(first.headers.get('content-type'), `application/dicom; transfer-syntax=${EXPLICIT}`)
  assert.match(
    first.headers.get('content-location') ?? '',
    new RegExp(`^https://hub.example/dicom-web/studies/${studyUid}/series/.*/instances/`),
  )
  assert.deepEqual(hub.outcomes, ['completed'])
})

test('objects of several landings, larger than a buffer, come back whole', async (t) => {
  const hub = await startDicomweb(t, pool)
  const [studyUid, seriesUid] = [newUid(), newUid()]
  const objects = ctSeries(4, { studyUid, seriesUid, size: 300 })
  await hub.deposit(OSLO, objects.slice(0, 1))
  await hub.deposit(OSLO, objects.slice(1, 3))
  await hub.deposit(OSLO, objects.slice(3))
  const parts = await partsOf(await fetch(`${hub.url}/studies/${studyUid}/series/${seriesUid}`))
  const bodies = parts.map(({ body }) => body.toString('base64'))
  assert.deepEqual(bodies.toSorted(), objects.map((one) => one.toString('base64')).toSorted())
})

test('one instance comes as a single part where that is asked for', async (t) => {
  const hub = await startDicomweb(t, pool)
  const { studyUid, seriesUid } = study()
  const instanceUid = newUid()
  const object = ctObject({ studyUid, seriesUid, instanceUid })
  await hub.deposit(OSLO, [object])
  const url = `${hub.url}/studies/${studyUid}/series/${seriesUid}/instances/${instanceUid}`
  const response = await fetch(url, { headers: { accept: 'application/dicom' } })
  assert.equal(response.headers.get('content-type'), 'application/dicom')
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), object)

  const etag = response.headers.get('etag') ?? ''
  const again = await fetch(url, {
    headers: { accept: 'application/dicom', 'if-none-match': etag },
  })
  assert.equal(again.status, 304)
  assert.deepEqual(hub.outcomes, ['completed'])
})

test('an answer without objects is logged too: HEAD, 304 and 406 tell of a study', async (t) => {
  const hub = await startDicomweb(t, pool)
  const { studyUid, objects } = study()
  await hub.deposit(OSLO, objects)
  const url = `${hub.url}/studies/${studyUid}`
  const syntax = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.3'
  for (const [path, init, status, reason] of [
    [url, { method: 'HEAD' }, 200, undefined],
    [`${url}/metadata`, { method: 'HEAD' }, 200, undefined],
    [url, { headers: { 'if-none-match': '*' } }, 304, undefined],
    [url, { headers: { accept: syntax } }, 406, 'not-acceptable'],
  ] as const) {
    const before = hub.records.length
    assert.equal((await fetch(path, init)).status, status)
    const [record, ...others] = hub.records.slice(before)
    assert.equal(others.length, 0)
    assert.deepEqual([record?.act, record?.reason], ['read', reason])
    const [entity] = record?.entities ?? []
    assert.ok(entity?.kind === 'study' && entity.study === studyUid && entity.custodian === OSLO)
    assert.equal(record?.patient, 'patient-17858550084')
  }
  assert.equal(hub.outcomes.length, 0)
})

test('a form that no study is offered in is refused alike whether there is one or not', async (t) => {
  const hub = await startDicomweb(t, pool)
  const { studyUid, objects } = study()
  await hub.deposit(OSLO, objects)
  for (const uid of [studyUid, newUid()]) {
    const url = `${hub.url}/studies/${uid}`
    assert.equal((await fetch(url, { headers: { accept: 'image/jpeg' } })).status, 406)
  }
})

test('HEAD tells length and type and hands out no object', async (t) => {
  const hub = await startDicomweb(t, pool)
  const { studyUid, objects } = study()
  await hub.deposit(OSLO, objects)
  const head = await fetch(`${hub.url}/studies/${studyUid}`, { method: 'HEAD' })
  const whole = await (await fetch(`${hub.url}/studies/${studyUid}`)).arrayBuffer()
  assert.equal(Number(head.headers.get('content-length')), whole.byteLength)
  assert.equal(hub.outcomes.length, 1)
})

for (const [accept, status] of [
  ['*/*', 200],
  ['multipart/related; type="application/dicom"', 200],
  [`multipart/related; type="application/dicom"; transfer-syntax=${EXPLICIT}`, 200],
  ['multipart/related; type="application/dicom"; transfer-syntax=*', 200],
  ['multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90', 406],
  ['multipart/related; type="image/jpeg"', 406],
  ['application/dicom', 406],
  ['application/dicom+json;q=0.5, multipart/related;type=application/dicom;q=0.1', 200],
] as const)
  test(`a study asked for as ${accept} is answered with ${status}`, async (t) => {
    const hub = await startDicomweb(t, pool)
    const { studyUid, objects } = study()
    await hub.deposit(OSLO, objects)
    const response = await fetch(`${hub.url}/studies/${studyUid}`, { headers: { accept } })
    await response.arrayBuffer()
    assert.equal(response.status, status)
  })

test('what is not there, what is not the caller’s and what is in doubt have one answer', async (t) => {
  const hub = await startDicomweb(t, pool)
  const { studyUid, seriesUid, objects } = study()
  await hub.deposit(OSLO, objects)
  const doubted = newUid()
  await hub.deposit(OSLO, ctSeries(1, { studyUid: doubted, patientId: 'LOCAL-1' }))
  const answerTo = async (path: string) => {
    const response = await fetch(`${hub.url}/${path}`)
    return { status: response.status, body: await response.text() }
  }
  const absent = await answerTo(`studies/${newUid()}`)
  assert.equal(absent.status, 404)
  assert.deepEqual(await answerTo(`studies/${doubted}`), absent)
  assert.deepEqual(await answerTo(`studies/${studyUid}/series/${newUid()}`), absent)
  hub.filter = { kind: 'custodian', in: [custodian('bergen')] }
  assert.deepEqual(await answerTo(`studies/${studyUid}`), absent)
  assert.deepEqual(await answerTo(`studies/${studyUid}/series/${seriesUid}`), absent)
  assert.ok(
    hub.records.every(({ act, reason }) => act === 'access-refused' && reason === 'not-found'),
  )
  assert.equal(hub.outcomes.length, 0)
})

test('the copy of a permitted custodian is found behind a larger one that is not', async (t) => {
  const hub = await startDicomweb(t, pool)
  const { studyUid, objects } = study()
  await hub.deposit(OSLO, objects)
  await hub.deposit(custodian('bergen'), objects.slice(0, 2))
  hub.filter = { kind: 'custodian', in: [custodian('bergen')] }
  const parts = await partsOf(await fetch(`${hub.url}/studies/${studyUid}`))
  assert.equal(parts.length, 2)
})

test('a malformed UID is refused', async (t) => {
  const hub = await startDicomweb(t, pool)
  const response = await fetch(`${hub.url}/studies/1.02`)
  assert.equal(response.status, 400)
  assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8')
})

test('a stream is cut when access ends, never ended cleanly', async (t) => {
  const hub = await startDicomweb(t, pool)
  const studyUid = newUid()
  await hub.deposit(OSLO, ctSeries(8, { studyUid, size: 1_500 }))
  const response = await fetch(`${hub.url}/studies/${studyUid}`)
  hub.cut()
  await assert.rejects(response.arrayBuffer())
  assert.deepEqual(hub.outcomes, ['aborted'])
})

test('a client that leaves in mid-stream is noticed', async (t) => {
  const hub = await startDicomweb(t, pool)
  const studyUid = newUid()
  await hub.deposit(OSLO, ctSeries(8, { studyUid, size: 1_500 }))
  const leave = new AbortController()
  const response = await fetch(`${hub.url}/studies/${studyUid}`, { signal: leave.signal })
  await response.body?.getReader().read()
  leave.abort()
  await until(() => hub.outcomes.length === 1)
  assert.deepEqual(hub.outcomes, ['aborted'])
})

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve))
}
