/** Patient Identity Feed FHIR [ITI-104] over HTTP. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { syntheticNationalId } from '../../../src/demo/synthetic-ids.ts'
import {
  ANNE,
  ANNES_NUMBER,
  BERIT,
  CLINICIAN,
  NATIONAL,
  NORTH,
  putPatients,
  putStudy,
  startRegistry,
  WEST,
  type Caller,
  type Registry,
} from '../../support/registry.ts'

const FEED: Caller = {
  member: NORTH,
  actions: ['identify', 'link-patients'],
  filter: { kind: 'everything' },
}
const WESTS_FEED: Caller = { ...FEED, member: WEST }
const NUMBER = syntheticNationalId('1958-01-30', 100)
const D_NUMBER = syntheticNationalId('1958-01-30', 100, 'dnr')
const RED = 'urn:oid:1.3.6.1.4.1.21367.13.20.1000'
const MOHR = {
  resourceType: 'Patient',
  id: 'Patient-MohrAlice-Red',
  identifier: [{ system: RED, value: 'IHERED-994' }],
  active: true,
  name: [{ family: 'MOHR', given: ['ALICE'] }],
  gender: 'female',
  birthDate: '1958-01-30',
}
const MAIDEN = {
  ...MOHR,
  id: 'Patient-MaidenAlice-Red',
  identifier: [{ system: RED, value: 'IHERED-m94' }],
}
const NUMBERED = {
  ...MOHR,
  identifier: [{ system: NATIONAL, value: NUMBER }, ...MOHR.identifier],
}

const BERITS = {
  resourceType: 'Patient',
  id: BERIT,
  identifier: [{ system: RED, value: 'B-1' }],
}

const feed = (registry: Registry, patient: object, value: string, caller = FEED) =>
  registry.send(caller, 'PUT', `Patient?identifier=${encodeURIComponent(`${RED}|${value}`)}`, {
    body: patient,
  })
const remove = (registry: Registry, value: string, caller = FEED) =>
  registry.send(caller, 'DELETE', `Patient?identifier=${encodeURIComponent(`${RED}|${value}`)}`)

async function ownersOf(registry: Registry, value: string): Promise<string[]> {
  const { rows } = await registry.pool.query(
    'select patient from patient_identifier where value = $1 order by patient',
    [value],
  )
  return rows.map(({ patient }) => patient)
}

async function withAnne(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH })
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: WEST })
  return registry
}

test('a patient is added, then revised under the same condition', async (t) => {
  const registry = await startRegistry(t)
  const added = await feed(registry, MOHR, 'IHERED-994')
  assert.equal(added.status, 201, JSON.stringify(added.body))
  const revised = await feed(registry, { ...MOHR, name: [{ family: 'MOHR' }] }, 'IHERED-994')
  assert.equal(revised.status, 200)
  assert.equal(revised.body.id, added.body.id)
  assert.deepEqual(revised.body.name, [{ family: 'MOHR' }])
  assert.equal(revised.body.meta.versionId, '2')
  assert.deepEqual(
    registry.audit.map(({ act }) => act),
    ['create', 'update'],
  )
})

test('who sees the Patient sees neither its local ids nor who manages it', async (t) => {
  const registry = await startRegistry(t)
  const managed = { ...NUMBERED, managingOrganization: { reference: `Organization/${NORTH}` } }
  const { body } = await feed(registry, managed, 'IHERED-994')
  assert.deepEqual(body.identifier, [{ use: 'official', system: NATIONAL, value: NUMBER }])
  assert.doesNotMatch(JSON.stringify(body), /IHERED|north/)
  assert.deepEqual(await ownersOf(registry, 'IHERED-994'), [body.id])
})

test('a source’s own id comes to the person whose number it is told with', async (t) => {
  const registry = await withAnne(t)
  const anne = {
    resourceType: 'Patient',
    identifier: [
      { system: RED, value: 'R-1' },
      { system: NATIONAL, value: ANNES_NUMBER },
    ],
    name: [{ family: 'Ødegård', given: ['Anne'] }],
    birthDate: '1985-05-17',
  }
  const answer = await feed(registry, anne, 'R-1')
  assert.deepEqual([answer.status, answer.body.id], [200, ANNE])
  assert.deepEqual(await ownersOf(registry, 'R-1'), [ANNE])
})

test('periods and assigners of identifiers are kept, and a lapsed number finds its person still', async (t) => {
  const registry = await startRegistry(t)
  const old = {
    system: NATIONAL,
    value: D_NUMBER,
    period: { end: '2020' },
    assigner: { display: 'Skatteetaten' },
  }
  const { body } = await feed(
    registry,
    { ...NUMBERED, identifier: [...NUMBERED.identifier, old] },
    'IHERED-994',
  )
  const dnr = 'urn:oid:2.16.578.1.12.4.1.4.2'
  assert.deepEqual(body.identifier[1], { use: 'old', ...old, system: dnr })
  const form = { identifier: `${dnr}|${D_NUMBER}` }
  const found = await registry.search({ ...FEED, actions: ['identify'] }, 'Patient', form)
  assert.equal(found.body.entry[0].resource.id, body.id)
})

test('a duplicate is resolved: the subsumed record says by whom it is replaced', async (t) => {
  const registry = await startRegistry(t)
  const survivor = await feed(registry, MOHR, 'IHERED-994')
  const subsumed = await feed(registry, MAIDEN, 'IHERED-m94')
  const link = [{ other: { identifier: MOHR.identifier[0] }, type: 'replaced-by' }]
  const resolved = await feed(registry, { ...MAIDEN, active: false, link }, 'IHERED-m94')
  assert.equal(resolved.status, 200, JSON.stringify(resolved.body))
  assert.equal(resolved.body.id, subsumed.body.id)
  assert.equal(resolved.body.active, false)
  assert.deepEqual(resolved.body.link, [
    { other: { reference: `Patient/${survivor.body.id}` }, type: 'replaced-by' },
  ])
  assert.equal(resolved.body.meta.versionId, '2')
  assert.deepEqual(await ownersOf(registry, 'IHERED-m94'), [survivor.body.id])
  const [event] = registry.audit.filter(({ act }) => act === 'patients-linked')
  assert.equal(event?.reason, 'merged')
  assert.equal(event.patient, survivor.body.id)
  assert.notEqual(event.requestId, 'unknown')

  // The same again is no news, and does not make the survivor inactive.
  const again = await feed(registry, { ...MAIDEN, active: false, link }, 'IHERED-m94')
  assert.deepEqual([again.status, again.body.id, again.body.active], [200, survivor.body.id, true])
})

test('a duplicate that the registry did not know is entered as replaced', async (t) => {
  const registry = await startRegistry(t)
  const survivor = await feed(registry, MOHR, 'IHERED-994')
  const link = [{ other: { identifier: MOHR.identifier[0] }, type: 'replaced-by' }]
  const { status, body } = await feed(registry, { ...MAIDEN, active: false, link }, 'IHERED-m94')
  assert.equal(status, 201, JSON.stringify(body))
  assert.deepEqual([body.active, body.link[0].type], [false, 'replaced-by'])
  assert.deepEqual(await ownersOf(registry, 'IHERED-m94'), [survivor.body.id])
})

test('a replaced record answers by its old id to those who see something of the survivor’s, and to nobody else', async (t) => {
  const registry = await withAnne(t)
  const known = { ...BERITS, name: [{ family: 'Sæther' }] }
  const link = [{ other: { reference: `Patient/${ANNE}` }, type: 'replaced-by' }]
  const merged = await registry.send(FEED, 'PUT', `Patient/${BERIT}`, {
    body: { ...known, active: false, link },
  })
  assert.equal(merged.status, 200, JSON.stringify(merged.body))
  const sight = { ...CLINICIAN, grant: ANNE }
  const old = await registry.ask(sight, `Patient/${BERIT}`)
  assert.equal(old.status, 200)
  assert.deepEqual(old.body.link[0].other, { reference: `Patient/${ANNE}` })
  const study = await registry.ask(sight, 'ImagingStudy/b1')
  assert.deepEqual(study.body.subject, { reference: `Patient/${ANNE}` })
  const other: Caller = { ...CLINICIAN, filter: { kind: 'nothing' }, grant: BERIT }
  assert.equal((await registry.ask(other, `Patient/${BERIT}`)).status, 404)

  const silent = await registry.send(FEED, 'PUT', `Patient/${BERIT}`, { body: known })
  assert.equal(silent.status, 409)
  const active = { ...known, active: true }
  const again = await registry.send(FEED, 'PUT', `Patient/${BERIT}`, { body: active })
  assert.equal(again.status, 200, JSON.stringify(again.body))
  assert.equal(again.body.link, undefined)
  assert.equal((await registry.ask(sight, `Patient/${BERIT}`)).status, 404)
})

test('a link to oneself, to nobody or in a circle is refused', async (t) => {
  const registry = await withAnne(t)
  const link = (id: string) => [{ other: { reference: `Patient/${id}` }, type: 'replaced-by' }]
  const put = (id: string, other: string) =>
    registry.send(FEED, 'PUT', `Patient/${id}`, {
      body: { ...BERITS, id, active: false, link: link(other) },
    })
  assert.equal((await put(BERIT, 'nobody')).status, 422)
  assert.equal((await put(BERIT, ANNE)).status, 200)
  assert.equal((await put(ANNE, BERIT)).status, 409)
  const seeAlso = [{ other: { reference: `Patient/${BERIT}` }, type: 'seealso' }]
  const body = { ...BERITS, id: ANNE, link: seeAlso }
  const refused = await registry.send(FEED, 'PUT', `Patient/${ANNE}`, { body })
  assert.equal(refused.status, 422)
  assert.deepEqual(refused.body.issue[0].expression, ['Patient.link[0]'])
})

for (const [what, identifier, text] of [
  [
    'a number with wrong check digits',
    { system: NATIONAL, value: '17858550085' },
    /personal number/,
  ],
  [
    'a number of health personnel',
    { system: 'urn:oid:2.16.578.1.12.4.1.4.4', value: '1' },
    /no patient/,
  ],
  ['a help number without its assigner', { system: 'HNR', value: '17458550120' }, /assigner/],
  ['an identifier without a system', { value: '1' }, /system/],
] as const)
  test(`${what} is refused with its place, and not repeated`, async (t) => {
    const registry = await startRegistry(t)
    const answer = await feed(
      registry,
      { ...MOHR, identifier: [...MOHR.identifier, identifier] },
      'IHERED-994',
    )
    assert.equal(answer.status, 422)
    assert.match(answer.body.issue[0].expression[0], /^Patient\.identifier\[1\]/)
    assert.match(JSON.stringify(answer.body), text)
    assert.doesNotMatch(JSON.stringify([answer.body, registry.lines]), /17858550085/)
  })

test('a number that is another’s moves nobody: the two are to be linked', async (t) => {
  const registry = await withAnne(t)
  const { body: known } = await feed(registry, MOHR, 'IHERED-994')
  const identifier = [...MOHR.identifier, { system: NATIONAL, value: ANNES_NUMBER }]
  const taken = await feed(registry, { ...MOHR, identifier }, 'IHERED-994')
  assert.equal(taken.status, 409)
  assert.deepEqual(await ownersOf(registry, ANNES_NUMBER), [ANNE])
  const created = await registry.post(FEED, 'Patient', { ...MOHR, id: undefined, identifier })
  assert.equal(created.status, 409)
  assert.deepEqual(await ownersOf(registry, 'IHERED-994'), [known.id])
})

test('one member speaks for a system, and its ids are its own', async (t) => {
  const registry = await startRegistry(t)
  const first = await feed(registry, MOHR, 'IHERED-994')
  const second = await feed(registry, MOHR, 'IHERED-994', WESTS_FEED)
  assert.equal(second.status, 201)
  assert.notEqual(second.body.id, first.body.id)
  await registry.pool.query(
    `insert into member (id, orgnr, name, roles, created_at) values ('north', '1', 'N', '{}', now())`,
  )
  await registry.pool.query(
    `insert into assigning_authority (system, member, name, added_at) values ($1, 'north', 'Red', now())`,
    [RED],
  )
  assert.equal((await feed(registry, MAIDEN, 'IHERED-m94', WESTS_FEED)).status, 403)
  assert.equal((await feed(registry, MAIDEN, 'IHERED-m94')).status, 201)
})

test('an identifier that the source removes is forgotten; the person stays while there is material', async (t) => {
  const registry = await withAnne(t)
  const identifier = [
    { system: RED, value: 'R-1' },
    { system: NATIONAL, value: ANNES_NUMBER },
  ]
  await feed(registry, { resourceType: 'Patient', identifier }, 'R-1')
  assert.equal((await remove(registry, 'R-1', WESTS_FEED)).status, 204)
  assert.deepEqual(await ownersOf(registry, 'R-1'), [ANNE])
  assert.equal((await remove(registry, 'R-1')).status, 204)
  assert.deepEqual(await ownersOf(registry, 'R-1'), [])
  assert.equal((await registry.ask(CLINICIAN, `Patient/${ANNE}`)).status, 200)
  assert.equal((await registry.send(FEED, 'DELETE', `Patient/${ANNE}`)).status, 409)

  const { body } = await feed(registry, MOHR, 'IHERED-994')
  assert.equal((await remove(registry, 'IHERED-994')).status, 204)
  const { rows } = await registry.pool.query(
    `select content from resource where type = 'Patient' and id = $1`,
    [body.id],
  )
  assert.deepEqual(rows, [{ content: null }])
})

test('a number is fed in the body of a transaction, never in a URL', async (t) => {
  const registry = await startRegistry(t)
  const url = `Patient?identifier=${NATIONAL}|${NUMBER}`
  const inUrl = await registry.send(FEED, 'PUT', url, { body: NUMBERED })
  assert.equal(inUrl.status, 400)
  const entry = [{ resource: { ...NUMBERED, id: undefined }, request: { method: 'PUT', url } }]
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
  const answer = await registry.post(FEED, '', bundle)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  assert.equal(answer.body.entry[0].response.status.slice(0, 3), '201')
  const again = await registry.post(FEED, '', bundle)
  assert.equal(again.body.entry[0].response.status.slice(0, 3), '200')
  assert.doesNotMatch(JSON.stringify([registry.audit, registry.lines]), new RegExp(NUMBER))
})

for (const actions of [
  ['publish', 'find'],
  ['identify', 'find'],
] as const)
  test(`whoever may only ${actions.join(' and ')} feeds nobody`, async (t) => {
    const registry = await withAnne(t)
    const caller: Caller = { ...FEED, actions }
    const before = await registry.pool.query('select count(*)::int as n from patient_identifier')
    assert.equal((await feed(registry, MOHR, 'IHERED-994', caller)).status, 403)
    const link = [{ other: { reference: `Patient/${ANNE}` }, type: 'replaced-by' }]
    const body = { resourceType: 'Patient', id: BERIT, active: false, link }
    const put = await registry.send(caller, 'PUT', `Patient/${BERIT}`, { body })
    assert.equal(put.status, 403)
    assert.equal((await registry.send(caller, 'DELETE', `Patient/${ANNE}`)).status, 403)
    const after = await registry.pool.query('select count(*)::int as n from patient_identifier')
    assert.deepEqual(after.rows, before.rows)
  })

for (const condition of ['family=MOHR', 'identifier=IHERED-994', `identifier=${RED}|`, '_id=x'])
  test(`${condition} is no condition for a person`, async (t) => {
    const registry = await startRegistry(t)
    const answer = await registry.send(FEED, 'PUT', `Patient?${condition}`, { body: MOHR })
    assert.equal(answer.status, 400, JSON.stringify(answer.body))
  })

test('the body has the identifier that the condition names', async (t) => {
  const registry = await startRegistry(t)
  assert.equal((await feed(registry, MOHR, 'another')).status, 422)
})

test('two that feed one person at once make one Patient', async (t) => {
  const registry = await startRegistry(t)
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => feed(registry, NUMBERED, 'IHERED-994')),
  )
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted(),
    [200, 200, 200, 200, 200, 200, 200, 201],
  )
})
