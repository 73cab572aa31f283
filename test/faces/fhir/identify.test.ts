import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  ANNES_NUMBER,
  BERIT,
  CLINICIAN,
  idsOf,
  NATIONAL,
  NORTH,
  putPatients,
  putStudy,
  startRegistry,
  WEST,
  type Caller,
  type Registry,
} from '../../support/registry.ts'

/** Records consents and needs to know whose. */
const RECORDER: Caller = {
  member: WEST,
  actions: ['identify', 'record-consent'],
  filter: { kind: 'nothing' },
}
const SEEKER: Caller = { ...RECORDER, actions: ['identify', 'find'] }
const ANNES_NAME = { family: 'Odegaard', given: 'ANNE', birthdate: '1985-05-17' }

async function start(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH })
  return registry
}

async function putPerson(registry: Registry, id: string, more: object = {}, quarantined = false) {
  const resource = { resourceType: 'Patient', id, birthDate: '1990-01-01', ...more }
  await registry.put(resource, { patient: id as typeof ANNE }, { quarantined })
}

test('a person is found by an exact national id, or by whole names and birth date', async (t) => {
  const registry = await start(t)
  for (const caller of [RECORDER, SEEKER]) {
    for (const form of [
      { identifier: `${NATIONAL}|${ANNES_NUMBER}` },
      { identifier: `urn:oid:2.16.578.1.12.4.1.4.2|${ANNES_NUMBER}`, _count: '20' },
      ANNES_NAME,
    ]) {
      const answer = await registry.search(caller, 'Patient', form)
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      assert.deepEqual(idsOf(answer), [ANNE])
      assert.equal(answer.body.total, 1)
    }
    const nobody = { identifier: `${NATIONAL}|57858550078` }
    assert.equal((await registry.search(caller, 'Patient', nobody)).body.total, 0)
    const another = { ...ANNES_NAME, given: 'Anna' }
    assert.equal((await registry.search(caller, 'Patient', another)).body.total, 0)
  }
})

test('what is found says who the person is and nothing of who has examined that person', async (t) => {
  const registry = await start(t)
  await putPerson(registry, 'carl', {
    identifier: [
      { use: 'official', system: NATIONAL, value: '17858550120' },
      { use: 'secondary', system: 'urn:oid:1.2.3', value: 'NORTH-7' },
    ],
    name: [{ family: 'Berg', given: ['Carl', 'Johan'] }],
    managingOrganization: { reference: `Organization/${NORTH}` },
  })
  await putPerson(registry, 'carl', { name: [{ family: 'Berg', given: ['Carl', 'Johan'] }] })
  const form = { family: 'Berg', given: 'Carl Johan', birthdate: '1990-01-01' }
  const { body } = await registry.search(RECORDER, 'Patient', form)
  assert.equal(body.entry.length, 1)
  const { resource } = body.entry[0]
  assert.deepEqual(Object.keys(resource).toSorted(), [
    'birthDate',
    'id',
    'meta',
    'name',
    'resourceType',
  ])
  assert.deepEqual(Object.keys(resource.meta), ['tag'])
  const known = await registry.search(RECORDER, 'Patient', ANNES_NAME)
  assert.deepEqual(known.body.entry[0].resource.identifier, [
    { system: NATIONAL, value: ANNES_NUMBER },
  ])
  // A person without any study looks the same.
  const berit = { family: 'Saether', given: 'berit', birthdate: '1985-05-17' }
  const found = await registry.search(RECORDER, 'Patient', berit)
  assert.deepEqual(idsOf(found), [BERIT])
  assert.doesNotMatch(JSON.stringify([body, known.body, found.body]), /ImagingStudy|NORTH|north/)
})

for (const [what, form] of [
  ['part of a name', { ...ANNES_NAME, family: 'Ode*' }],
  ['the beginning of a name', { ...ANNES_NAME, family: 'Ode' }],
] as const)
  test(`${what} is no name`, async (t) => {
    const registry = await start(t)
    assert.equal((await registry.search(RECORDER, 'Patient', form)).body.total, 0)
  })

for (const [what, form] of [
  ['everybody', {}],
  ['a name alone', { family: 'Ødegård', given: 'Anne' }],
  ['a birth date alone', { birthdate: '1985-05-17' }],
  ['a year of birth', { ...ANNES_NAME, birthdate: '1985' }],
  ['a range of birth dates', { ...ANNES_NAME, birthdate: 'ge1985-05-17' }],
  ['several names', { ...ANNES_NAME, family: 'Ødegård,Sæther' }],
  ['a name that folds to nothing', { ...ANNES_NAME, given: '-' }],
  [
    'parts of names by a modifier',
    { 'family:contains': 'e', given: 'Anne', birthdate: '1985-05-17' },
  ],
  ['a number without its system', { identifier: ANNES_NUMBER }],
  ['every number of a system', { identifier: `${NATIONAL}|` }],
  ['several numbers', { identifier: `${NATIONAL}|${ANNES_NUMBER},${NATIONAL}|17558550120` }],
  ['a custodian’s own id', { identifier: 'urn:oid:1.2.3|NORTH-7' }],
  ['a person by the hub’s id', { _id: ANNE }],
  [
    'a person with the studies',
    { identifier: `${NATIONAL}|${ANNES_NUMBER}`, _revinclude: 'ImagingStudy:patient' },
  ],
] as const)
  test(`${what} is too broad for who may find one person at a time`, async (t) => {
    const registry = await start(t)
    const answer = await registry.search(RECORDER, 'Patient', { ...form })
    assert.equal(answer.status, 403)
    assert.match(answer.body.issue[0].details.text, /one person at a time/)
    assert.doesNotMatch(JSON.stringify(answer.body), new RegExp(ANNES_NUMBER))
    assert.equal(registry.audit.at(-1)?.act, 'access-refused')
    assert.doesNotMatch(JSON.stringify(registry.audit), new RegExp(ANNES_NUMBER))
  })

test('the person is asked for in a body, and no link tells whom', async (t) => {
  const registry = await start(t)
  const query = new URLSearchParams(ANNES_NAME).toString()
  assert.equal((await registry.ask(RECORDER, `Patient?${query}`)).status, 403)
  const post = { method: 'POST', body: new URLSearchParams() }
  assert.equal((await registry.ask(RECORDER, `Patient/_search?${query}`, post)).status, 403)
  const answer = await registry.search(RECORDER, 'Patient', ANNES_NAME)
  const [self, ...more] = answer.body.link
  assert.deepEqual(more, [])
  assert.doesNotMatch(self.url, /Odegaard|1985/)
  assert.deepEqual(idsOf(await registry.ask(RECORDER, self.url)), [ANNE])
})

test('at most five persons come back, and none whose row is in quarantine', async (t) => {
  const registry = await startRegistry(t)
  const name = [{ family: 'Hansen', given: ['Kari'] }]
  for (let index = 0; index < 7; index++)
    await putPerson(registry, `p${index}`, { name }, index < 1)
  const form = { family: 'Hansen', given: 'Kari', birthdate: '1990-01-01' }
  const answer = await registry.search(RECORDER, 'Patient', form)
  assert.deepEqual(idsOf(answer), ['p1', 'p2', 'p3', 'p4', 'p5'])
  assert.equal(answer.body.link.length, 1)
  const fewer = await registry.search(RECORDER, 'Patient', { ...form, _count: '2' })
  assert.deepEqual(idsOf(fewer), ['p1', 'p2'])

  await putPerson(registry, 'q', { identifier: [{ system: NATIONAL, value: '17558550120' }] }, true)
  const insert = 'insert into patient_identifier (system, value, patient) values ($1, $2, $3)'
  await registry.pool.query(insert, [NATIONAL, '17558550120', 'q'])
  const hidden = { identifier: `${NATIONAL}|17558550120` }
  assert.equal((await registry.search(RECORDER, 'Patient', hidden)).body.total, 0)
})

test('finding a person is a search in the log of that person', async (t) => {
  const registry = await start(t)
  await registry.search(RECORDER, 'Patient', { identifier: `${NATIONAL}|${ANNES_NUMBER}` })
  const [record, ...more] = registry.audit
  assert.equal(more.length, 0)
  assert.equal(record?.act, 'search')
  assert.equal(record.outcome, '0')
  assert.equal(record.patient, ANNE)
  assert.deepEqual(record.entities, [
    { kind: 'query', query: 'Patient?identifier=***' },
    { kind: 'resource', reference: `Patient/${ANNE}` },
  ])
})

test('who may find as well is answered by what it may see, where more than a person is asked for', async (t) => {
  const registry = await start(t)
  const caller: Caller = { ...SEEKER, member: NORTH, filter: { kind: 'custodian', in: [NORTH] } }
  const answer = await registry.search(caller, 'Patient', { family: 'Ø' })
  assert.deepEqual(idsOf(answer), [ANNE])
  assert.deepEqual(idsOf(await registry.search(caller, 'Patient', { family: 'S' })), [])
})

test('a token without the action, or for one patient already, finds nobody else', async (t) => {
  const registry = await start(t)
  const berit = { identifier: `${NATIONAL}|17558550120` }
  assert.deepEqual(idsOf(await registry.search(CLINICIAN, 'Patient', berit)), [])
  const granted: Caller = { ...CLINICIAN, actions: ['identify', 'find'] }
  assert.deepEqual(idsOf(await registry.search(granted, 'Patient', berit)), [])
  const publishing: Caller = { ...RECORDER, actions: ['publish'] }
  assert.equal((await registry.search(publishing, 'Patient', berit)).status, 403)
})

test('identifying opens nothing but the person', async (t) => {
  const registry = await start(t)
  for (const path of [`Patient/${ANNE}`, 'ImagingStudy', 'ImagingStudy/a1', 'Provenance'])
    assert.equal((await registry.ask(RECORDER, path)).status, 403, path)
})
