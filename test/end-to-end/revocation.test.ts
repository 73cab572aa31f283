/** Two hubs over one database: what ends access at one ends it at the other, streams in flight included. */
import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  blockOf,
  create,
  deposit,
  reportOf,
  retrieve,
  search,
  waysToSee,
  withinFiveSeconds,
  type Caller,
} from '../support/care.ts'
import { createDatabase } from '../support/database.ts'
import { ctObject, newUid } from '../support/dicom.ts'
import { freePort } from '../support/free-port.ts'
import { startHub } from '../support/hub.ts'
import { NATIONAL_ID_SYSTEM, startNetwork, type Network } from '../support/network.ts'

const EVERY_WAY = ['ImagingStudy', 'DiagnosticReport', 'QIDO-RS', 'WADO-RS']
const issuerOid = NATIONAL_ID_SYSTEM.replace('urn:oid:', '')
const LIMIT_MS = 5_000

interface TwoHubs extends Network {
  /** Where the second hub listens; the first is `hub`. */
  readonly other: string
  /** How many grants are alive in the database. */
  liveGrants(): Promise<number>
}

async function start(t: TestContext): Promise<TwoHubs> {
  const { url, pool } = await createDatabase(t)
  const network = await startNetwork(t, { DATABASE_URL: url })
  const { hub } = network
  const port = String(await freePort())
  // One installation: the same keys, objects and public address, behind what would balance their load.
  const shared = { ...hub.env, SAMSYN_BASE_URL: hub.url, SAMSYN_PORT: port }
  await startHub(t, { ...shared, SAMSYN_AUDIT_ANCHOR: `${hub.dataDir}/anchor-of-the-other` })
  return {
    ...network,
    other: `http://localhost:${port}`,
    async liveGrants() {
      const { rowCount } = await pool.query('select from access_grant where revoked_at is null')
      return rowCount ?? 0
    },
  }
}

/** A study with a report, too large for the buffers between the hub and a reader that does not read. */
async function publish({ hub, system }: TwoHubs, patient: string): Promise<string> {
  const studyUid = newUid()
  const archive = { url: hub.url, authorization: await system('north-archive') }
  const large = { patientId: patient, issuerOid, studyUid, seriesUid: newUid(), size: 2048 }
  await deposit(
    archive,
    [1, 2, 3, 4, 5, 6].map((instanceNumber) => ctObject({ ...large, instanceNumber })),
  )
  await create(archive, reportOf(studyUid, patient))
  return studyUid
}

/** A download that has begun and waits for its reader. */
async function beginDownload(caller: Caller, studyUid: string) {
  const response = await retrieve(caller, studyUid)
  assert.equal(response.status, 200)
  const reader = response.body?.getReader()
  assert.ok(reader)
  await reader.read()
  return {
    /** Reads on at leisure; resolves with how long it took until the hub cut it, rejects where it did not. */
    async cutAfter(): Promise<number> {
      const start = performance.now()
      for (;;) {
        const ended = await reader.read().then(
          ({ done }) => (done ? 'whole' : undefined),
          () => 'cut',
        )
        if (ended === 'cut') return performance.now() - start
        assert.notEqual(ended, 'whole', 'the study was sent whole')
        // Slower than the time that revocation may take.
        await sleep(20)
      }
    },
  }
}

async function statusOf({ url, authorization }: Caller): Promise<number> {
  const response = await fetch(`${url}/fhir/ImagingStudy`, { headers: { authorization } })
  await response.arrayBuffer()
  return response.status
}

it('ends a disabled client’s and a disabled member’s access everywhere, within seconds', async (t) => {
  const network = await start(t)
  const { hub, other, members, clinician, newPatient } = network
  const patient = newPatient()
  const studyUid = await publish(network, patient)
  const west = { url: other, authorization: await clinician(patient) }
  const east = { url: other, authorization: await clinician(patient, { member: 'east' }) }
  assert.deepEqual(await waysToSee(west, studyUid), EVERY_WAY)
  const downloads = [await beginDownload(west, studyUid), await beginDownload(east, studyUid)]

  await hub.json('client', 'disable', 'west-ehr')
  await withinFiveSeconds(() => statusOf(west), 401)
  assert.ok(((await downloads[0]?.cutAfter()) ?? Infinity) < LIMIT_MS)
  await assert.rejects(clinician(patient))
  assert.equal(await statusOf(east), 200)

  await hub.json('member', 'disable', members.east)
  await withinFiveSeconds(() => statusOf(east), 401)
  assert.ok(((await downloads[1]?.cutAfter()) ?? Infinity) < LIMIT_MS)
  await assert.rejects(clinician(patient, { member: 'east' }))
  assert.equal(await network.liveGrants(), 0)
})

it('hides what a disabled custodian has published, and cuts what is being sent of it', async (t) => {
  const network = await start(t)
  const { hub, other, members, clinician, newPatient } = network
  const patient = newPatient()
  const studyUid = await publish(network, patient)
  const west = { url: other, authorization: await clinician(patient) }
  const download = await beginDownload(west, studyUid)
  await hub.json('member', 'disable', members.north)
  await withinFiveSeconds(() => waysToSee(west, studyUid), [])
  assert.ok((await download.cutAfter()) < LIMIT_MS)
})

it('takes a block recorded at one hub for its own at the other', async (t) => {
  const network = await start(t)
  const { hub, other, system, clinician, newPatient } = network
  const patient = newPatient()
  const studyUid = await publish(network, patient)
  const west = { url: other, authorization: await clinician(patient) }
  assert.deepEqual(await waysToSee(west, studyUid), EVERY_WAY)
  const [known] = await search(west, 'Patient')
  const download = await beginDownload(west, studyUid)
  const recorder = { url: hub.url, authorization: await system('recorder') }
  await create(recorder, blockOf(`Patient/${known.id}`))
  await withinFiveSeconds(() => waysToSee(west, studyUid), [])
  assert.ok((await download.cutAfter()) < LIMIT_MS)
})
