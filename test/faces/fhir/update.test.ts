import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  BERIT,
  CLINICIAN,
  idsOf,
  NORTH,
  OPERATOR,
  PUBLISHER,
  putPatients,
  startRegistry,
  WEST,
  type Answer,
  type Caller,
  type Registry,
} from '../../support/registry.ts'

const WESTS: Caller = {
  member: WEST,
  actions: PUBLISHER.actions,
  filter: { kind: 'custodian', in: [WEST] },
}

const LIST = {
  resourceType: 'List',
  status: 'current',
  mode: 'working',
  identifier: [{ system: 'urn:oid:1.2.9', value: 'L1' }],
  subject: { reference: `Patient/${ANNE}` },
}

async function withList(t: TestContext): Promise<{ registry: Registry; id: string }> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const { status, body } = await registry.post(PUBLISHER, 'List', LIST)
  assert.equal(status, 201, JSON.stringify(body))
  return { registry, id: body.id }
}

test('an update makes the next version, with its Provenance and its event', async (t) => {
  const { registry, id } = await withList(t)
  const body = { ...LIST, id, status: 'retired' }
  const answer = await registry.send(PUBLISHER, 'PUT', `List/${id}`, { body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  assert.deepEqual(
    [answer.headers.get('etag'), answer.headers.get('location'), answer.body.status],
    ['W/"2"', `${registry.base}/List/${id}/_history/2`, 'retired'],
  )
  assert.equal(registry.audit.at(-1)?.act, 'update')
  assert.equal((await registry.ask(PUBLISHER, `List/${id}/_history/1`)).body.status, 'current')
  const found = await registry.ask(PUBLISHER, `List?_id=${id}&_revinclude=Provenance:target`)
  const activities = found.body.entry
    .slice(1)
    .map((one: { resource: { activity: { coding: { code: string }[] } } }) => one.resource.activity)
    .map(({ coding }: { coding: { code: string }[] }) => coding[0]?.code)
  assert.deepEqual(activities.toSorted(), ['CREATE', 'UPDATE'])
})

for (const [what, ifMatch, status] of [
  ['the current version', 'W/"1"', 200],
  ['the current version, as a strong tag', '"1"', 200],
  ['any version', '*', 200],
  ['one of several, the current among them', 'W/"7", W/"1"', 200],
  ['another version', 'W/"2"', 412],
  ['what is no version', 'W/"x"', 412],
  ['no entity tag', '1', 400],
] as const) {
  test(`an update that names ${what} is answered with ${status}`, async (t) => {
    const { registry, id } = await withList(t)
    const sent = { body: { ...LIST, id }, headers: { 'if-match': ifMatch } }
    const answer = await registry.send(PUBLISHER, 'PUT', `List/${id}`, sent)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    const { body } = await registry.ask(PUBLISHER, `List/${id}`)
    assert.equal(body.meta.versionId, status === 200 ? '2' : '1')
  })
}

test('an id that is nothing and one that is another member’s get one answer, and the log knows', async (t) => {
  const { registry, id } = await withList(t)
  const answers: Answer[] = []
  for (const [caller, name] of [
    [PUBLISHER, 'nothing'],
    [WESTS, id],
  ] as const) {
    const body = { ...LIST, id: name }
    const put = await registry.send(caller, 'PUT', `List/${name}`, { body })
    const patched = await registry.send(caller, 'PATCH', `List/${name}`, {
      body: [],
      type: 'application/json-patch+json',
    })
    const deleted = await registry.send(caller, 'DELETE', `List/${name}`)
    answers.push(put, patched, deleted)
    assert.deepEqual(
      registry.audit.slice(-3).map(({ outcome, reason }) => [outcome, reason]),
      Array.from({ length: 3 }, () => ['4', 'not-found']),
    )
  }
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([404]))
  assert.equal(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1)
  assert.equal((await registry.ask(PUBLISHER, `List/${id}`)).body.meta.versionId, '1')
})

test('who may not publish may not update, whatever the version', async (t) => {
  const { registry, id } = await withList(t)
  for (const caller of [CLINICIAN, OPERATOR]) {
    const answer = await registry.send(caller, 'PUT', `List/${id}`, { body: { ...LIST, id } })
    assert.equal(answer.status, 403)
    assert.equal(registry.audit.at(-1)?.act, 'access-refused')
  }
})

test('a body that is not of its address is refused', async (t) => {
  const { registry, id } = await withList(t)
  for (const body of [LIST, { ...LIST, id: 'other' }, { resourceType: 'Basic', id }]) {
    assert.equal((await registry.send(PUBLISHER, 'PUT', `List/${id}`, { body })).status, 400)
  }
})

test('a resource that is not valid is not stored, and every fault is located', async (t) => {
  const { registry, id } = await withList(t)
  const body = { ...LIST, id, status: 'dancing', mode: undefined }
  const answer = await registry.send(PUBLISHER, 'PUT', `List/${id}`, { body })
  assert.equal(answer.status, 422)
  const places = answer.body.issue.flatMap((one: { expression: string[] }) => one.expression)
  assert.deepEqual(places.toSorted(), ['List.mode', 'List.status'])
})

test('an update does not move a resource to another patient, whose readers would see what it was', async (t) => {
  const { registry, id } = await withList(t)
  for (const reference of ['Patient/nobody', `Patient/${BERIT}`]) {
    const body = { ...LIST, id, subject: { reference } }
    const answer = await registry.send(PUBLISHER, 'PUT', `List/${id}`, { body })
    assert.equal(answer.status, 422, reference)
    assert.deepEqual(answer.body.issue[0].expression, ['List.subject'])
  }
  assert.equal((await registry.ask(CLINICIAN, `List/${id}`)).body.meta.versionId, '1')
})

test('Prefer: return says what comes back', async (t) => {
  const { registry, id } = await withList(t)
  const put = (preference: string): Promise<Answer> =>
    registry.send(PUBLISHER, 'PUT', `List/${id}`, {
      body: { ...LIST, id },
      headers: { prefer: `return=${preference}` },
    })
  const minimal = await put('minimal')
  assert.deepEqual([minimal.status, minimal.body], [200, undefined])
  assert.equal(minimal.headers.get('etag'), 'W/"2"')
  assert.equal((await put('representation')).body.resourceType, 'List')
  const outcome = await put('OperationOutcome')
  assert.equal(outcome.body.resourceType, 'OperationOutcome')
  assert.equal(outcome.body.issue[0].severity, 'information')
})

const BY_IDENTIFIER = 'List?identifier=urn:oid:1.2.9|L1'

test('a conditional update changes the one that matches', async (t) => {
  const { registry, id } = await withList(t)
  const body = { ...LIST, status: 'retired' }
  const answer = await registry.send(PUBLISHER, 'PUT', BY_IDENTIFIER, { body })
  assert.deepEqual([answer.status, answer.body.id, answer.body.status], [200, id, 'retired'])
  const same = await registry.send(PUBLISHER, 'PUT', BY_IDENTIFIER, { body: { ...body, id } })
  assert.equal(same.status, 200)
  const other = await registry.send(PUBLISHER, 'PUT', BY_IDENTIFIER, {
    body: { ...body, id: 'other' },
  })
  assert.equal(other.status, 400)
})

test('a conditional update that matches nothing of the caller’s own creates, with an id of the hub’s', async (t) => {
  const { registry, id } = await withList(t)
  const created = await registry.send(WESTS, 'PUT', BY_IDENTIFIER, { body: LIST })
  assert.equal(created.status, 201)
  assert.notEqual(created.body.id, id)
  assert.equal(registry.audit.at(-1)?.act, 'create')
  const chosen = await registry.send(PUBLISHER, 'PUT', 'List?identifier=urn:oid:1.2.9|L2', {
    body: { ...LIST, id: 'mine' },
  })
  assert.equal(chosen.status, 400)
  const versioned = await registry.send(PUBLISHER, 'PUT', 'List?identifier=urn:oid:1.2.9|L2', {
    body: LIST,
    headers: { 'if-match': 'W/"1"' },
  })
  assert.equal(versioned.status, 412)
})

test('a condition that matches several, or is not understood whole, changes nothing', async (t) => {
  const { registry } = await withList(t)
  await registry.post(PUBLISHER, 'List', LIST)
  for (const [method, body] of [
    ['PUT', LIST],
    ['PATCH', []],
    ['DELETE', undefined],
  ] as const) {
    const type = method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json'
    const sent = { type, ...(body !== undefined && { body }) }
    assert.equal((await registry.send(PUBLISHER, method, BY_IDENTIFIER, sent)).status, 412, method)
    for (const path of ['List', 'List?', 'List?colour=red', 'List?_count=1'])
      assert.equal((await registry.send(PUBLISHER, method, path, sent)).status, 400, path)
  }
  assert.equal(idsOf(await registry.ask(PUBLISHER, 'List')).length, 2)
})

test('several conditional updates at once make one resource, and every version is kept', async (t) => {
  const { registry } = await withList(t)
  const path = 'List?identifier=urn:oid:1.2.9|L9'
  const body = { ...LIST, identifier: [{ system: 'urn:oid:1.2.9', value: 'L9' }] }
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => registry.send(PUBLISHER, 'PUT', path, { body })),
  )
  const created = answers.filter(({ status }) => status === 201)
  assert.deepEqual([created.length, new Set(answers.map((one) => one.body.id)).size], [1, 1])
  const history = await registry.ask(PUBLISHER, `List/${created[0]?.body.id}/_history`)
  assert.equal(history.body.entry.length, 8)
})

const WRITERS = 50

test('of fifty writers that name the version, one wins each round, and no update is lost', async (t) => {
  const { registry, id } = await withList(t)
  for (let round = 1; round <= 4; round++) {
    const answers = await Promise.all(
      Array.from({ length: WRITERS }, (_, writer) =>
        registry.send(PUBLISHER, 'PUT', `List/${id}`, {
          body: { ...LIST, id, title: `${round} ${writer}` },
          headers: { 'if-match': `W/"${round}"` },
        }),
      ),
    )
    const won = answers.filter(({ status }) => status === 200)
    const lost = answers.filter(({ status }) => status === 412)
    assert.deepEqual([won.length, lost.length], [1, WRITERS - 1])
    const { body } = await registry.ask(PUBLISHER, `List/${id}`)
    assert.deepEqual(body, won[0]?.body)
  }
})

test('of fifty writers that do not, each makes a version, and all are in the history', async (t) => {
  const { registry, id } = await withList(t)
  const answers = await Promise.all(
    Array.from({ length: WRITERS }, (_, writer) =>
      registry.send(PUBLISHER, 'PUT', `List/${id}`, {
        body: { ...LIST, id, title: String(writer) },
      }),
    ),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  const { body } = await registry.ask(PUBLISHER, `List/${id}/_history?_count=100`)
  const kept: { resource: { title?: string; meta: { versionId: string } } }[] = body.entry
  const versions = kept.map(({ resource }) => Number(resource.meta.versionId))
  assert.deepEqual(
    versions,
    Array.from({ length: WRITERS + 1 }, (_, index) => WRITERS + 1 - index),
  )
  const texts = kept.flatMap(({ resource }) => resource.title ?? [])
  assert.equal(new Set(texts).size, WRITERS)
})

test('the directory is the operator’s to change, but for what the hub keeps of its members', async (t) => {
  const registry = await startRegistry(t)
  const identifier = [{ system: 'urn:oid:2.16.578.1.12.4.1.4.101', value: '999999999' }]
  const place = { resourceType: 'Organization', identifier, name: 'East' }
  const created = await registry.post(OPERATOR, 'Organization', place)
  const { id } = created.body
  const body = { ...place, id, name: 'Far East' }
  assert.equal((await registry.send(OPERATOR, 'PUT', `Organization/${id}`, { body })).status, 200)
  assert.equal((await registry.send(PUBLISHER, 'PUT', `Organization/${id}`, { body })).status, 403)
  assert.equal((await registry.send(OPERATOR, 'DELETE', `Organization/${id}`)).status, 204)

  await registry.pool.query(
    `insert into member (id, orgnr, name, roles, created_at) values ($1, '999999999', 'North', '{}', now())`,
    [NORTH],
  )
  const own = { ...place, id: NORTH }
  await registry.put(own)
  await registry.put({ resourceType: 'Endpoint', id: `${NORTH}-wado-rs`, status: 'active' })
  const put = await registry.send(OPERATOR, 'PUT', `Organization/${NORTH}`, { body: own })
  assert.equal(put.status, 409, JSON.stringify(put.body))
  for (const path of [`Organization/${NORTH}`, `Endpoint/${NORTH}-wado-rs`])
    assert.equal((await registry.send(OPERATOR, 'DELETE', path)).status, 409)
})
