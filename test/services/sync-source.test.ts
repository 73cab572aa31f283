import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ctObject, ctSeries, newUid } from '../support/dicom.ts'
import { createDatabase } from '../support/database.ts'
import { startDicomweb } from '../support/dicomweb.ts'
import { sendJson, startSource } from '../support/misbehaving-source.ts'
import { startOrthanc } from '../support/orthanc.ts'
import { custodian } from '../support/register.ts'

const { pool } = await createDatabase({ after })

/** The index and the registry, as far as a sync may change them. */
async function snapshot() {
  const tables = ['study', 'series', 'instance', 'resource', 'resource_version', 'unclear_identity']
  const rows = await Promise.all(
    tables.map((table) => pool.query(`select to_jsonb(t) as row from ${table} t order by 1`)),
  )
  return rows.map((one) => one.rows)
}

async function copyOf(by: string, study: string) {
  const { rows } = await pool.query(
    `select s.*, r.content, r.version from study s join resource r on r.type = 'ImagingStudy' and r.id = s.imaging_study
     where s.custodian = $1 and s.study_uid = $2`,
    [by, study],
  )
  return rows[0]
}

test('a source’s studies are registered without a byte of their pixels', async (t) => {
  const [first, second] = [newUid(), newUid()]
  const source = await startSource(t, [
    ...ctSeries(3, { studyUid: first }),
    ...ctSeries(2, { studyUid: second, patientId: '17858550120' }),
  ])
  const hub = await startDicomweb(t, pool)
  const id = await hub.addSource(custodian('a'), source.url)
  assert.deepEqual(await hub.syncSource(id), { studies: 2, series: 2, instances: 5, failed: 0 })
  const copy = await copyOf('a', first)
  assert.equal(copy.instances, 3)
  assert.equal(copy.source, id)
  assert.equal(JSON.parse(copy.content).numberOfInstances, 3)
  assert.ok(source.requests.every((one) => /metadata$|\?/.test(one)))
})

test('a second sync changes nothing', async (t) => {
  const source = await startSource(t, ctSeries(3))
  const hub = await startDicomweb(t, pool)
  const id = await hub.addSource(custodian('b'), source.url)
  await hub.syncSource(id)
  const before = await snapshot()
  assert.deepEqual(await hub.syncSource(id), { studies: 1, series: 1, instances: 3, failed: 0 })
  assert.deepEqual(await snapshot(), before)
})

test('a second sync changes nothing of a study in doubt either', async (t) => {
  const source = await startSource(t, ctSeries(2, { patientId: 'LOCAL' }))
  const hub = await startDicomweb(t, pool)
  const id = await hub.addSource(custodian('doubtful'), source.url)
  await hub.syncSource(id)
  const before = await snapshot()
  await hub.syncSource(id)
  assert.deepEqual(await snapshot(), before)
})

test('what changed at the source changes here: instances, attributes, whole studies', async (t) => {
  const [kept, gone] = [newUid(), newUid()]
  const seriesUid = newUid()
  const objects = ctSeries(3, { studyUid: kept, seriesUid })
  const source = await startSource(t, [...objects, ...ctSeries(1, { studyUid: gone })])
  const hub = await startDicomweb(t, pool)
  const id = await hub.addSource(custodian('c'), source.url)
  await hub.syncSource(id)
  const [one = Buffer.alloc(0)] = objects
  source.objects = [one, ctObject({ studyUid: kept, seriesUid, studyDate: '20250315' })]
  await hub.syncSource(id)

  const copy = await copyOf('c', kept)
  assert.equal(copy.instances, 2)
  assert.deepEqual(copy.attributes['00080020'].Value, ['20250315'])
  assert.equal(await copyOf('c', gone), undefined)
  const { rows } = await pool.query(
    `select content from resource where type = 'ImagingStudy' and $1 = any(study_uids) and custodian = 'c'`,
    [gone],
  )
  assert.deepEqual(rows, [{ content: null }])
  const { rows: ended } = await pool.query(`select key from access_change where kind = 'copy'`)
  assert.deepEqual(ended, [{ key: `c/${gone}` }])
  const hidden = await fetch(`${hub.url}/studies?StudyInstanceUID=${gone}`)
  assert.deepEqual(await hidden.json(), [])
})

test('a deposited instance stays deposited, and stays when its study leaves the source', async (t) => {
  const studyUid = newUid()
  const objects = ctSeries(2, { studyUid })
  const source = await startSource(t, objects)
  const hub = await startDicomweb(t, pool)
  await hub.deposit(custodian('d'), objects.slice(0, 1))
  const id = await hub.addSource(custodian('d'), source.url)
  await hub.syncSource(id)
  assert.equal((await copyOf('d', studyUid)).instances, 2)
  source.objects = []
  await hub.syncSource(id)
  const copy = await copyOf('d', studyUid)
  assert.equal(copy.instances, 1)
  assert.equal(copy.source, null)
  assert.equal((await fetch(`${hub.url}/studies/${studyUid}`)).status, 200)
})

test('a sync that fails half way withdraws nothing and is taken up by the next', async (t) => {
  const source = await startSource(t, [...ctSeries(1), ...ctSeries(1)])
  const hub = await startDicomweb(t, pool)
  const id = await hub.addSource(custodian('e'), source.url)
  await hub.syncSource(id)
  const before = await snapshot()
  source.answer = (res) => void res.writeHead(500).end()
  await assert.rejects(hub.syncSource(id), { code: 'source-failed' })
  assert.deepEqual(await snapshot(), before)
  const failed = await pool.query('select last_sync_error from source where id = $1', [id])
  assert.match(failed.rows[0].last_sync_error, /status 500/)
  source.answer = undefined
  assert.equal((await hub.syncSource(id)).studies, 2)
})

test('one study that cannot be read does not keep the others out', async (t) => {
  const source = await startSource(t, ctSeries(1))
  const hub = await startDicomweb(t, pool)
  const id = await hub.addSource(custodian('f'), source.url)
  let asked = 0
  source.answer = (res) => {
    asked += 1
    if (asked > 1) return void res.writeHead(404).end()
    const study = (uid: string) => ({ '0020000D': { vr: 'UI', Value: [uid] } })
    sendJson(res, [study('not a uid'), study(newUid())])
  }
  assert.equal((await hub.syncSource(id)).failed, 2)
})

test('two syncs of one source do not run at a time', async (t) => {
  const source = await startSource(t, ctSeries(1))
  const hub = await startDicomweb(t, pool)
  const id = await hub.addSource(custodian('g'), source.url)
  const both = await Promise.allSettled([hub.syncSource(id), hub.syncSource(id)])
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  await assert.rejects(hub.syncSource('nowhere' as typeof id), { code: 'not-found' })
})

test('a real Orthanc is synced and its study comes back byte for byte', async (t) => {
  const orthanc = await startOrthanc(t)
  if (orthanc === undefined) return
  const studyUid = newUid()
  const objects = ctSeries(4, { studyUid, size: 64 })
  for (const object of objects) assert.ok(await orthanc.store(object))
  const hub = await startDicomweb(t, pool)
  const id = await hub.addSource(custodian('h'), orthanc.dicomweb)
  assert.deepEqual(await hub.syncSource(id), { studies: 1, series: 1, instances: 4, failed: 0 })
  const before = await snapshot()
  await hub.syncSource(id)
  assert.deepEqual(await snapshot(), before)

  const direct = await (await fetch(`${orthanc.dicomweb}/studies/${studyUid}`)).arrayBuffer()
  const through = await fetch(`${hub.url}/studies/${studyUid}`)
  const bytes = Buffer.from(await through.arrayBuffer())
  assert.ok(bytes.length > direct.byteLength - 2_000)
  for (const object of objects) assert.ok(bytes.includes(object.subarray(-8_000)))
})
