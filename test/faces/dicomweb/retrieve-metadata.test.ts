import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ctSeries, newUid } from '../../support/dicom.ts'
import { createDatabase } from '../../support/database.ts'
import { startDicomweb } from '../../support/dicomweb.ts'
import { sendJson, startSource } from '../../support/misbehaving-source.ts'
import { custodian } from '../../support/register.ts'

const { pool } = await createDatabase({ after })
const OSLO = custodian('oslo')

test('metadata of a deposited study is one JSON array of its instances', async (t) => {
  const hub = await startDicomweb(t, pool)
  const studyUid = newUid()
  await hub.deposit(OSLO, ctSeries(3, { studyUid }))
  const response = await fetch(`${hub.url}/studies/${studyUid}/metadata`)
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /^application\/dicom\+json/)
  const instances: any = await response.json()
  assert.equal(instances.length, 3)
  assert.deepEqual(instances[0]['0020000D'], { vr: 'UI', Value: [studyUid] })
  assert.deepEqual(instances[0]['00100010'], { vr: 'PN', Value: [{ Alphabetic: 'Ødegård^Åse' }] })
  assert.deepEqual(hub.outcomes, ['completed'])
})

test('metadata of a source-held study names no address but the hub’s', async (t) => {
  const studyUid = newUid()
  const source = await startSource(t, ctSeries(2, { studyUid }))
  const hub = await startDicomweb(t, pool)
  await hub.syncSource(await hub.addSource(OSLO, source.url))
  const text = await (await fetch(`${hub.url}/studies/${studyUid}/metadata`)).text()
  assert.doesNotMatch(text, /pacs\.internal/)
  const [first] = JSON.parse(text)
  assert.deepEqual(first['0020000D'].Value, [studyUid])
  assert.doesNotMatch(text, /BulkDataURI/)
  assert.equal(first['7FE00010'], undefined)
})

test('metadata that a source cuts short breaks off, and what is not JSON is a 502', async (t) => {
  const studyUid = newUid()
  const source = await startSource(t, ctSeries(2, { studyUid }))
  const hub = await startDicomweb(t, pool)
  await hub.syncSource(await hub.addSource(OSLO, source.url))
  const url = `${hub.url}/studies/${studyUid}/metadata`
  const good: any = await (await fetch(url)).json()

  source.answer = (res) => sendJson(res, [good[0]])
  await assert.rejects((await fetch(url)).text())
  source.answer = (res) => sendJson(res, { no: 'array' })
  assert.equal((await fetch(url)).status, 502)
})

test('metadata of a study the caller may not see is not there', async (t) => {
  const hub = await startDicomweb(t, pool)
  const studyUid = newUid()
  await hub.deposit(OSLO, ctSeries(1, { studyUid }))
  hub.filter = { kind: 'nothing' }
  assert.equal((await fetch(`${hub.url}/studies/${studyUid}/metadata`)).status, 404)
})
