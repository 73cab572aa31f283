/** One study at two custodians: whose copy is handed out, and that another's never takes its place. */
import assert from 'node:assert/strict'
import { after, test, type TestContext } from 'node:test'
import { principal } from '../../support/audit.ts'
import { createDatabase } from '../../support/database.ts'
import { ctSeries, element, newUid } from '../../support/dicom.ts'
import { startDicomweb, type DicomwebHub } from '../../support/dicomweb.ts'
import { startSource } from '../../support/misbehaving-source.ts'
import { partsOf } from '../../support/multipart.ts'
import { custodian } from '../../support/register.ts'

const { pool } = await createDatabase({ after })
const [OSLO, BERGEN] = [custodian('oslo'), custodian('bergen')]

function study(description: string, uids: { studyUid: string; seriesUid: string }, count = 2) {
  const attributes = { '00081030': element('LO', description) }
  return ctSeries(count, { ...uids, attributes, size: 32 })
}

const newStudy = () => ({ studyUid: newUid(), seriesUid: newUid() })

async function shown(hub: DicomwebHub, studyUid: string) {
  const search = await fetch(`${hub.url}/studies?StudyInstanceUID=${studyUid}`)
  const metadata = await fetch(`${hub.url}/studies/${studyUid}/metadata`)
  const objects = await fetch(`${hub.url}/studies/${studyUid}`)
  const described = (all: unknown) =>
    (all as Record<string, { Value?: string[] }>[]).map((one) => one['00081030']?.Value?.[0])
  return {
    search: described(await search.json()),
    metadata: described(await metadata.json()),
    bodies: (await partsOf(objects)).map(({ body }) => body),
  }
}

/** The first custodian's study, at its source. */
async function held(t: TestContext) {
  const uids = newStudy()
  const objects = study('TRUE', uids)
  const source = await startSource(t, objects)
  const hub = await startDicomweb(t, pool, { answerWithin: 400, idleWithin: 400 })
  await hub.syncSource(await hub.addSource(OSLO, source.url))
  return { hub, source, objects, ...uids }
}

test('a deposit under the Study UID of another custodian is shown to nobody', async (t) => {
  const { hub, objects, ...uids } = await held(t)
  const forged = await hub.deposit(BERGEN, study('FORGED', uids, 5))
  assert.ok(forged.quarantined)
  assert.deepEqual(await shown(hub, uids.studyUid), {
    search: ['TRUE'],
    metadata: ['TRUE', 'TRUE'],
    bodies: objects,
  })
  hub.filter = { kind: 'custodian', in: [BERGEN] }
  assert.equal((await fetch(`${hub.url}/studies/${uids.studyUid}`)).status, 404)
})

test('the copy registered first is handed out, though a later one is deposited, larger and matches what is asked', async (t) => {
  const { hub, objects, ...uids } = await held(t)
  const later = [...objects.slice(0, 1), ...study('FORGED', uids, 5)]
  assert.ok(!(await hub.deposit(BERGEN, later)).quarantined)
  assert.deepEqual(await shown(hub, uids.studyUid), {
    search: ['TRUE'],
    metadata: ['TRUE', 'TRUE'],
    bodies: objects,
  })
  const asked = await fetch(
    `${hub.url}/studies?StudyInstanceUID=${uids.studyUid}&StudyDescription=FORGED`,
  )
  assert.deepEqual(await asked.json(), [])
})

test('a later copy is handed out where the first one’s source fails before its first byte', async (t) => {
  const { hub, source, objects, studyUid } = await held(t)
  await hub.deposit(BERGEN, objects.slice(0, 1))
  source.answer = (res) => void res.destroy()
  assert.deepEqual((await shown(hub, studyUid)).bodies, objects.slice(0, 1))
})

test('a later copy in a better fitting syntax does not take the place of the first', async (t) => {
  const { hub, source, objects, studyUid } = await held(t)
  const compressed = objects.map((object) => {
    const copy = Buffer.from(object)
    copy.write('1.2.840.10008.1.2.5', copy.indexOf('1.2.840.10008.1.2.1\0', 132), 'latin1')
    return copy
  })
  await hub.deposit(BERGEN, objects)
  source.objects = compressed
  await pool.query(
    `update instance set transfer_syntax_uid = '1.2.840.10008.1.2.5' where custodian = $1`,
    [OSLO],
  )
  const accept = 'multipart/related; type="application/dicom"'
  const url = `${hub.url}/studies/${studyUid}`
  const refused = await fetch(url, { headers: { accept } })
  assert.equal(refused.status, 406)
  assert.match(await refused.text(), /1\.2\.840\.10008\.1\.2\.5/)
  const taken = await fetch(url, { headers: { accept: `${accept}; transfer-syntax=*` } })
  assert.deepEqual(
    (await partsOf(taken)).map(({ body }) => body),
    compressed,
  )
})

test('the asker’s own copy goes before one that was registered first', async (t) => {
  const { hub, objects, ...uids } = await held(t)
  const own = [...objects.slice(0, 1), ...study('OWN', uids, 1)]
  await hub.deposit(principal.member, own)
  const { search, bodies } = await shown(hub, uids.studyUid)
  assert.equal(search.length, 1)
  assert.deepEqual(bodies, own)
})
