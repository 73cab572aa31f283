/** What waits for a person finds its way out: studies in doubt are settled, emergency accesses reviewed. */
import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import {
  blockOf,
  create,
  deposit,
  reportOf,
  search,
  waysToSee,
  withinFiveSeconds,
  type Caller,
} from '../support/care.ts'
import { createDatabase } from '../support/database.ts'
import { ctObject, newUid } from '../support/dicom.ts'
import { startSource } from '../support/misbehaving-source.ts'
import { NATIONAL_ID_SYSTEM, startNetwork, type ClientName } from '../support/network.ts'

const EVERY_WAY = ['ImagingStudy', 'DiagnosticReport', 'QIDO-RS', 'WADO-RS']
const issuerOid = NATIONAL_ID_SYSTEM.replace('urn:oid:', '')

async function start(t: TestContext) {
  const { url } = await createDatabase(t)
  const network = await startNetwork(t, { DATABASE_URL: url })
  const { hub } = network
  const system = async (client: ClientName): Promise<Caller> => ({
    url: hub.url,
    authorization: await network.system(client),
  })
  return {
    ...network,
    system,
    async physician(patient: string, how = {}): Promise<Caller> {
      return { url: hub.url, authorization: await network.clinician(patient, how) }
    },
    /** Every study that waits, as `samsyn identity list` shows it. */
    async doubts(...options: readonly string[]): Promise<any[]> {
      return (await hub.json('identity', 'list', ...options)) as any[]
    },
  }
}

it('shows a study with its reports once a person has said whose it is', async (t) => {
  const { hub, members, system, physician, doubts, newPatient } = await start(t)
  const archive = await system('north-archive')
  const patient = newPatient()
  const [sound, renamed, fromSource] = [newUid(), newUid(), newUid()]
  const person = { patientId: patient, issuerOid, patientName: 'Test^Kari' }
  await deposit(archive, [ctObject({ ...person, studyUid: sound })])
  await deposit(archive, [ctObject({ ...person, studyUid: renamed, patientName: 'Moe^Tor' })])
  const source = await startSource(t, [ctObject({ studyUid: fromSource, patientId: 'LOCAL-1' })])
  const { id } = (await hub.json(
    ...['source', 'add', '--custodian', members.north, '--name', 'PACS', '--url', source.url],
    ...['--time-zone', 'America/New_York', '--default-issuer', 'urn:oid:2.999.1'],
  )) as { id: string }
  await hub.json('source', 'sync', id)
  for (const study of [renamed, fromSource]) await create(archive, reportOf(study, patient))

  const clinician = await physician(patient)
  for (const study of [renamed, fromSource]) assert.deepEqual(await waysToSee(clinician, study), [])

  const masked = await doubts()
  assert.ok(!JSON.stringify(masked).includes(patient))
  const whole = await doubts('--national-ids')
  const [one, two] = [renamed, fromSource].map((uid) => whole.find((it) => it.study_uid === uid))
  assert.deepEqual([one.reason, one.claim.id], ['demographics-contradict', patient])
  assert.deepEqual([two.reason, two.claim.id], ['no-national-id', 'LOCAL-1'])

  const first = (await hub.json('identity', 'resolve', String(one.id), '--new')) as any
  await withinFiveSeconds(() => waysToSee(clinician, renamed), EVERY_WAY)
  await hub.json('identity', 'resolve', String(two.id), '--patient', first.patient)
  await withinFiveSeconds(() => waysToSee(clinician, fromSource), EVERY_WAY)
  const studies = await search(clinician, 'ImagingStudy')
  const started = studies.find((study) => JSON.stringify(study).includes(fromSource))?.started
  assert.equal(started, '2025-03-14T10:15:00-04:00')
  assert.deepEqual(await doubts(), [])

  await hub.json('source', 'sync', id)
  assert.deepEqual(await waysToSee(clinician, fromSource), EVERY_WAY)
})

it('puts an emergency access before the privacy officer of the custodian it overrode', async (t) => {
  const { hub, system, physician, newPatient } = await start(t)
  const patient = newPatient()
  const studyUid = newUid()
  await deposit(await system('north-archive'), [
    ctObject({ patientId: patient, issuerOid, studyUid }),
  ])
  await create(await system('north-archive'), reportOf(studyUid, patient))
  const [known] = await search(await physician(patient), 'Patient')
  await create(await system('recorder'), blockOf(`Patient/${known.id}`))
  const usual = await physician(patient)
  await withinFiveSeconds(() => waysToSee(usual, studyUid), [])

  const how = { purpose: 'BTG', breakGlassReason: 'BLAALYS' }
  const emergency = await physician(patient, how)
  assert.deepEqual(await waysToSee(emergency, studyUid), EVERY_WAY)

  const officer = await system('north-privacy')
  const ask = async (path: string, caller = officer, body?: object) => {
    const response = await fetch(`${hub.url}/admin${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: caller.authorization, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as any }
  }
  const { body: open } = await ask('/reviews')
  assert.equal(open.length, 1)
  assert.deepEqual([open[0].reason, open[0].patient], ['BLAALYS', known.id])
  assert.equal(open[0].practitioner.name, 'Doctor west')
  assert.ok(!JSON.stringify(open).includes(patient))
  assert.equal((await ask('/reviews', emergency)).status, 403)
  assert.equal((await ask('/reviews', await system('north-archive'))).status, 403)
  assert.equal((await ask('/members')).status, 403)

  const review = `/reviews/${open[0].grant}/review`
  assert.equal((await ask(review, officer, { finding: 'justified' })).status, 200)
  assert.deepEqual((await ask('/reviews')).body, [])
  assert.equal((await ask(review, officer, { finding: 'justified' })).status, 409)
  const log = JSON.stringify(await search(officer, 'AuditEvent'))
  assert.match(log, /break-glass-reviewed: justified/)
})
