import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { everythingOperation } from '../../../../src/faces/fhir/operations/everything.ts'
import { makeReadEverything } from '../../../../src/services/read-everything.ts'
import {
  ANNE,
  ANNES_NUMBER,
  BERIT,
  CLINICIAN,
  idsOf,
  NORTH,
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
  WEST,
  type Answer,
  type Caller,
  type Registry,
} from '../../../support/registry.ts'

function start(t: TestContext): Promise<Registry> {
  return startRegistry(t, {
    more: (ground) => ({
      operations: [everythingOperation({ ...ground, readEverything: makeReadEverything(ground) })],
    }),
  })
}

async function putReport(registry: Registry, id: string, issued?: string): Promise<void> {
  const report = {
    ...{ resourceType: 'DiagnosticReport', id, status: 'final', code: { text: 'CT' } },
    subject: { reference: `Patient/${ANNE}` },
    performer: [{ reference: 'Organization/north' }],
    ...(issued !== undefined && { issued }),
  }
  await registry.put(report, { patient: ANNE, custodian: NORTH })
}

async function fill(registry: Registry): Promise<void> {
  await putPatients(registry)
  await putStudy(registry, {
    id: 's1',
    patient: ANNE,
    custodian: NORTH,
    started: '2026-01-10T10:00:00Z',
  })
  await putStudy(registry, {
    id: 's2',
    patient: ANNE,
    custodian: WEST,
    started: '2026-03-10T10:00:00Z',
  })
  await putStudy(registry, { id: 's3', patient: ANNE, custodian: NORTH, quarantined: true })
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: NORTH })
  await putReport(registry, 'r1', '2026-01-11T08:00:00Z')
  await putReport(registry, 'r2')
  await registry.put({ resourceType: 'Organization', id: 'north', name: 'North' })
}

/** Sees all of Anne's, and the directory. */
const SEER: Caller = { ...CLINICIAN, filter: { kind: 'everything' } }

const sorted = (answer: Answer, mode?: string): readonly string[] => idsOf(answer, mode).sort()

test('the patient comes with all that is the patient’s and may be seen, and with who made it', async (t) => {
  const registry = await start(t)
  await fill(registry)
  const all = await registry.ask(SEER, 'Patient/anne/$everything')
  assert.equal(all.status, 200, JSON.stringify(all.body))
  assert.equal(all.body.type, 'searchset')
  assert.deepEqual(sorted(all), ['anne', 'r1', 'r2', 's1', 's2'])
  assert.deepEqual(sorted(all, 'include'), ['north'])
  const north = await registry.ask(PUBLISHER, 'Patient/anne/$everything')
  assert.deepEqual(sorted(north), ['anne', 'r1', 'r2', 's1'])
  const narrow: Caller = { ...CLINICIAN, actions: ['find'] }
  const found = await registry.ask(narrow, 'Patient/anne/$everything')
  assert.deepEqual(sorted(found), ['anne', 's1', 's2'])
})

test('a patient of whom nothing may be seen is not found, and that is logged', async (t) => {
  const registry = await start(t)
  await fill(registry)
  const nobody: Caller = { ...CLINICIAN, filter: { kind: 'nothing' } }
  for (const id of ['anne', 'nobody']) {
    const answer = await registry.ask(nobody, `Patient/${id}/$everything`)
    assert.equal(answer.status, 404)
  }
  assert.deepEqual(
    registry.audit.map(({ act, outcome }) => [act, outcome]),
    [
      ['operation', '4'],
      ['operation', '4'],
    ],
  )
})

test('pages have each resource once, and their links are their holder’s own', async (t) => {
  const registry = await start(t)
  await fill(registry)
  const seen: string[] = []
  let url: string | undefined = 'Patient/anne/$everything?_count=2'
  let pages = 0
  while (url !== undefined && pages < 10) {
    const page: Answer = await registry.ask(SEER, url)
    assert.equal(page.status, 200)
    seen.push(...idsOf(page))
    pages += 1
    const links: { relation: string; url: string }[] = page.body.link
    url = links.find(({ relation }) => relation === 'next')?.url
    if (pages === 1) {
      assert.doesNotMatch(url ?? '', /after|s1/)
      assert.equal((await registry.ask(PUBLISHER, url ?? '')).status, 400)
      const other = (url ?? '').replace('/anne/', '/berit/')
      assert.equal((await registry.ask(SEER, other)).status, 400)
    }
  }
  assert.equal(pages, 3)
  assert.deepEqual(seen.sort(), ['anne', 'r1', 'r2', 's1', 's2'])
})

test('it is narrowed by types, dates of care and time of change', async (t) => {
  const registry = await start(t)
  await fill(registry)
  const ask = async (query: string): Promise<readonly string[]> =>
    sorted(await registry.ask(SEER, `Patient/anne/$everything?${query}`))
  assert.deepEqual(await ask('_type=ImagingStudy'), ['s1', 's2'])
  assert.deepEqual(await ask('_type=ImagingStudy,Patient'), ['anne', 's1', 's2'])
  assert.deepEqual(await ask('start=2026-02-01'), ['anne', 'r2', 's2'])
  assert.deepEqual(await ask('end=2026-01-10'), ['anne', 'r2', 's1'])
  assert.deepEqual(await ask('start=2026-01-10&end=2026-01-10&_type=ImagingStudy'), ['s1'])
  assert.deepEqual(await ask('_since=2999-01-01T00:00:00Z'), [])
  const whole = await registry.ask(SEER, 'Patient/anne/$everything?_type=ImagingStudy')
  assert.deepEqual(sorted(whole, 'include'), [])
})

test('it is asked by POST as well', async (t) => {
  const registry = await start(t)
  await fill(registry)
  const parameter = [
    { name: '_type', valueCode: 'ImagingStudy' },
    { name: '_count', valueInteger: 1 },
  ]
  const parameters = { resourceType: 'Parameters', parameter }
  const answer = await registry.post(SEER, 'Patient/anne/$everything', parameters)
  assert.deepEqual(idsOf(answer), ['s1'])
  const empty = await registry.ask(SEER, 'Patient/anne/$everything', { method: 'POST' })
  assert.equal(empty.body.entry.length, 6)
})

test('what is wrong is refused, what is unknown is told of or refused', async (t) => {
  const registry = await start(t)
  await fill(registry)
  const bad = [
    'start=yesterday',
    'end=2026-02-30',
    '_since=2026-01-01',
    '_count=0',
    '_count=-1',
    '_type=Nonsense',
    '_type=AuditEvent',
    '_page=x',
    `start=${'1'.repeat(5_000)}`,
    `x=${ANNES_NUMBER}`,
  ]
  for (const query of bad) {
    const answer = await registry.ask(SEER, `Patient/anne/$everything?${query}`)
    assert.equal(answer.status, 400, query)
  }
  const lenient = await registry.ask(SEER, 'Patient/anne/$everything?nonsense=1')
  assert.deepEqual(idsOf(lenient, 'outcome').length, 1)
  const strict = await registry.ask(SEER, 'Patient/anne/$everything?nonsense=1', {
    headers: { prefer: 'handling=strict' },
  })
  assert.equal(strict.status, 400)
  const other = await registry.ask(SEER, 'ImagingStudy/s1/$everything')
  assert.equal(other.status, 404)
})

test('a patient that was merged leads to what is the survivor’s', async (t) => {
  const registry = await start(t)
  await fill(registry)
  await registry.put({ resourceType: 'Patient', id: 'old', active: false }, { patient: ANNE })
  const answer = await registry.ask(SEER, 'Patient/old/$everything')
  assert.deepEqual(sorted(answer), ['anne', 'old', 'r1', 'r2', 's1', 's2'])
})

test('nothing is answered that could not be logged', async (t) => {
  const registry = await start(t)
  await fill(registry)
  registry.failAudit()
  assert.equal((await registry.ask(SEER, 'Patient/anne/$everything')).status, 500)
})

test('a page ends where it is large, between types too', async (t) => {
  const registry = await start(t)
  await fill(registry)
  const large = 'A'.repeat(3 * 1024 * 1024)
  const subject = { reference: `Patient/${ANNE}` }
  for (const resourceType of ['DiagnosticReport', 'DocumentReference', 'List', 'Observation'])
    await registry.put(
      { resourceType, id: `large-${resourceType.toLowerCase()}`, subject, note: large },
      { patient: ANNE, custodian: NORTH },
    )
  const found: string[] = []
  let path: string | undefined = `Patient/${ANNE}/$everything?_count=500`
  while (path !== undefined) {
    const answer: Answer = await registry.ask(CLINICIAN, path)
    assert.ok(JSON.stringify(answer.body).length < 8 * 1024 * 1024)
    found.push(...idsOf(answer))
    const links: { relation: string; url: string }[] = answer.body.link
    path = links.find(({ relation }) => relation === 'next')?.url
  }
  assert.equal(found.filter((id) => id.startsWith('large-')).length, 4)
  assert.equal(new Set(found).size, found.length)
})
