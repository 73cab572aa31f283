/** Patient Demographics Match [ITI-119] over HTTP. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { HubError } from '../../../../src/kernel/errors.ts'
import {
  ANNE,
  ANNES_NUMBER,
  BERIT,
  idsOf,
  NATIONAL,
  NORTH,
  putPatients,
  putStudy,
  startRegistry,
  WEST,
  type Caller,
  type Registry,
} from '../../../support/registry.ts'

const SEEKER: Caller = { member: WEST, actions: ['identify'], filter: { kind: 'nothing' } }
const ANNES_ID = { system: NATIONAL, value: ANNES_NUMBER }
const NAMED = {
  resourceType: 'Patient',
  name: [{ family: 'Odegaard', given: ['Anne'] }],
  birthDate: '1985-05-17',
}

async function start(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH })
  return registry
}

const match = (registry: Registry, patient: object, options: object = {}, caller = SEEKER) =>
  registry.post(caller, 'Patient/$match', {
    resourceType: 'Parameters',
    parameter: [
      { name: 'resource', resource: patient },
      ...Object.entries(options).map(([name, value]) => ({
        name,
        [typeof value === 'boolean' ? 'valueBoolean' : 'valueInteger']: value,
      })),
    ],
  })

test('a number alone is certain, and tells who the person is and no more', async (t) => {
  const registry = await start(t)
  const { status, body } = await match(registry, {
    resourceType: 'Patient',
    identifier: [ANNES_ID],
  })
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.type, 'searchset')
  assert.equal(body.total, 1)
  const [{ fullUrl, resource, search }] = body.entry
  assert.equal(fullUrl, `${registry.base}/Patient/${ANNE}`)
  assert.deepEqual(search, {
    extension: [
      { url: 'http://hl7.org/fhir/StructureDefinition/match-grade', valueCode: 'certain' },
    ],
    mode: 'match',
    score: 0.9,
  })
  assert.deepEqual(Object.keys(resource).toSorted(), [
    'birthDate',
    'gender',
    'id',
    'identifier',
    'meta',
    'name',
    'resourceType',
  ])
  assert.deepEqual(Object.keys(resource.meta), ['tag'])
})

test('whole names and a birth date are probable, and the Patient may be sent alone', async (t) => {
  const registry = await start(t)
  const answer = await registry.post(SEEKER, 'Patient/$match', NAMED)
  assert.deepEqual(idsOf(answer), [ANNE])
  assert.equal(answer.body.entry[0].search.extension[0].valueCode, 'probable')
})

test('the likelier come first, count bounds them, and five is the most', async (t) => {
  const registry = await start(t)
  const person = { resourceType: 'Patient', birthDate: '1985-05-17' }
  for (let at = 0; at < 6; at++) {
    const name = [{ family: 'Ødegård', given: ['A'] }]
    await registry.put({ ...person, id: `p${at}`, name }, { patient: `p${at}` as typeof ANNE })
  }
  const answer = await match(registry, NAMED)
  assert.deepEqual(idsOf(answer), [ANNE, 'p0', 'p1', 'p2', 'p3'])
  assert.deepEqual(idsOf(await match(registry, NAMED, { count: 2 })), [ANNE, 'p0'])
})

test('who asks for certainty gets one person beyond doubt or nobody', async (t) => {
  const registry = await start(t)
  const certain = { onlyCertainMatches: true }
  assert.deepEqual(idsOf(await match(registry, { ...NAMED, identifier: [ANNES_ID] }, certain)), [
    ANNE,
  ])
  const named = await match(registry, NAMED, certain)
  assert.deepEqual([named.status, named.body.total, named.body.entry], [200, 0, undefined])
  const liar = { ...NAMED, identifier: [ANNES_ID], birthDate: '1940-01-30' }
  assert.deepEqual(idsOf(await match(registry, liar, certain)), [])
})

test('another given name, or birth date, is another person', async (t) => {
  const registry = await start(t)
  const given = { ...NAMED, name: [{ family: 'Ødegård', given: ['Kari'] }] }
  assert.deepEqual(idsOf(await match(registry, given)), [])
  assert.deepEqual(idsOf(await match(registry, { ...NAMED, birthDate: '1985-05-18' })), [])
})

test('a record that was replaced is matched by nobody: its survivor is', async (t) => {
  const registry = await start(t)
  await registry.pool.query(`update resource set patient = $1 where type = 'Patient' and id = $2`, [
    ANNE,
    BERIT,
  ])
  const berit = { ...NAMED, name: [{ family: 'Sæther', given: ['Berit'] }] }
  assert.deepEqual(idsOf(await match(registry, berit)), [])
})

test('one’s own id finds a person, another custodian’s does not', async (t) => {
  const registry = await start(t)
  await registry.pool.query(
    `insert into patient_identifier (system, value, patient, custodian) values ('urn:oid:2.999', 'W-1', $1, 'west')`,
    [ANNE],
  )
  const asked = { ...NAMED, identifier: [{ system: 'urn:oid:2.999', value: 'W-1' }] }
  const own = await match(registry, asked)
  assert.equal(own.body.entry[0].search.score, 0.85)
  const alone = { resourceType: 'Patient', identifier: asked.identifier }
  const norths: Caller = { ...SEEKER, member: NORTH }
  assert.deepEqual(idsOf(await match(registry, alone, {}, norths)), [])
})

for (const [what, patient] of [
  ['a name alone', { ...NAMED, birthDate: undefined }],
  ['a birth date alone', { ...NAMED, name: undefined }],
  ['a family name and a birth date', { ...NAMED, name: [{ family: 'Ødegård' }] }],
  ['a year of birth', { ...NAMED, birthDate: '1985' }],
  ['an id that is none', { resourceType: 'Patient', identifier: [{ ...ANNES_ID, value: '1' }] }],
  ['nothing', { resourceType: 'Patient' }],
] as const)
  test(`${what} is too little to find one person`, async (t) => {
    const registry = await start(t)
    const { status, body } = await match(registry, patient)
    assert.equal(status, 422)
    assert.equal(body.resourceType, 'OperationOutcome')
    assert.equal(registry.audit.at(-1)?.act, 'access-refused')
  })

for (const [what, body] of [
  ['no Parameters', { resourceType: 'Basic', code: { text: 'x' } }],
  ['no resource', { resourceType: 'Parameters' }],
  ['a resource that is no Patient', parameters({ resource: { resourceType: 'Basic' } })],
  ['two resources', parameters({ resource: NAMED }, { resource: NAMED })],
  ['a count of nothing', parameters({ resource: NAMED }, { name: 'count', valueInteger: 0 })],
  ['a count in words', parameters({ resource: NAMED }, { name: 'count', valueString: '1' })],
  ['an unknown parameter', parameters({ resource: NAMED }, { name: 'limit', valueInteger: 1 })],
] as const)
  test(`${what} is no question`, async (t) => {
    const registry = await start(t)
    assert.equal((await registry.post(SEEKER, 'Patient/$match', body)).status, 400)
  })

function parameters(...all: readonly object[]): object {
  return { resourceType: 'Parameters', parameter: all.map((one) => ({ name: 'resource', ...one })) }
}

test('it is for those who may identify, before they have a grant, and by POST', async (t) => {
  const registry = await start(t)
  const finder: Caller = { ...SEEKER, actions: ['find'] }
  assert.equal((await match(registry, NAMED, {}, finder)).status, 403)
  const granted: Caller = { ...SEEKER, actions: ['identify', 'find'], grant: ANNE }
  assert.equal((await match(registry, NAMED, {}, granted)).status, 403)
  assert.ok([404, 405].includes((await registry.ask(SEEKER, 'Patient/$match')).status))
})

test('the log has who was found, and no name, number or date of whom was asked for', async (t) => {
  const registry = await start(t)
  await match(registry, { ...NAMED, identifier: [ANNES_ID] })
  const [record, ...others] = registry.audit
  assert.deepEqual(others, [])
  assert.equal(record?.act, 'operation')
  assert.equal(record.patient, ANNE)
  assert.doesNotMatch(JSON.stringify(record), /Odegaard|1985|17858550084/)
})

test('nothing is told that cannot be logged', async (t) => {
  const registry = await start(t)
  registry.failAudit()
  assert.equal((await match(registry, NAMED)).status, 500)
})

test('one question too many is told when to come again', async (t) => {
  const registry = await startRegistry(t, {
    limitRate: () => {
      throw new HubError('too-many-requests', 'At most 1', { retryAfter: 7 })
    },
  })
  const answer = await match(registry, NAMED)
  assert.equal(answer.status, 429)
  assert.equal(answer.headers.get('retry-after'), '7')
  const form = { identifier: `${NATIONAL}|${ANNES_NUMBER}` }
  assert.equal((await registry.search(SEEKER, 'Patient', form)).status, 429)
  assert.equal(registry.audit.at(-1)?.reason, 'too-many-requests')
})
