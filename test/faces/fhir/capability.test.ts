import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { readOwnDefinitions, specificationTexts } from '../../../src/definition-files.ts'
import { makeValidate } from '../../support/validate.ts'
import {
  ANNE,
  BERIT,
  idsOf,
  NORTH,
  OPERATOR,
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
  type Answer,
  type Caller,
  type Registry,
} from '../../support/registry.ts'
import { CONDITION, SAMPLES, type Sample } from '../../support/samples-by-type.ts'

interface Resource {
  readonly type: string
  readonly interaction: readonly { readonly code: string }[]
  readonly searchParam: readonly {
    readonly name: string
    readonly type: string
    readonly definition: string
  }[]
  readonly conditionalCreate: boolean
  readonly conditionalUpdate: boolean
  readonly conditionalDelete: string
  readonly searchInclude?: readonly string[]
  readonly searchRevInclude?: readonly string[]
  readonly operation?: readonly { readonly name: string }[]
}

/** May do everything: what is refused is refused for what is asked. */
const EVERYONE: Caller = {
  ...OPERATOR,
  actions: [
    ...PUBLISHER.actions,
    'operate',
    'read-consent',
    'record-consent',
    'read-audit',
    'link-patients',
    'subscribe',
  ],
}
const STRICT = { headers: { prefer: 'handling=strict' } }

async function start(t: TestContext): Promise<[Registry, readonly Resource[]]> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH })
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: NORTH })
  const { status, body } = await registry.ask(EVERYONE, 'metadata')
  assert.equal(status, 200)
  return [registry, body.rest[0].resource]
}

const codesOf = ({ interaction }: Resource): ReadonlySet<string> =>
  new Set(interaction.map(({ code }) => code))

/** Of types whose ids are made from what they hold, a patient's, the sample is found by that. */
function conditionOf({ resourceType, identifier }: Sample): string {
  if (!Array.isArray(identifier)) return CONDITION
  const [{ system, value }] = identifier
  return resourceType === 'Patient' ? CONDITION : `identifier=${system}|${value}`
}

test('every type of the registry is stated', async (t) => {
  const [, statement] = await start(t)
  const types =
    'Patient Organization Practitioner PractitionerRole Endpoint ImagingStudy DiagnosticReport Observation ' +
    'ServiceRequest Task DocumentReference List Binary Consent AuditEvent Provenance Subscription ResearchStudy ' +
    'ResearchSubject Group Basic CapabilityStatement StructureDefinition SearchParameter OperationDefinition ' +
    'ValueSet CodeSystem'
  assert.deepEqual(statement.map(({ type }) => type).toSorted(), types.split(' ').toSorted())
})

/** What a type that is written goes through, in one life: each step with the interaction that it is of. */
const LIFE: readonly (readonly [
  code: string,
  ask: (life: Life) => Promise<Answer>,
  status: number,
])[] = [
  ['create', ({ registry, sample }) => registry.post(EVERYONE, sample.resourceType, sample), 201],
  ['read', ({ registry, path }) => registry.ask(EVERYONE, path), 200],
  ['vread', ({ registry, path }) => registry.ask(EVERYONE, `${path}/_history/1`), 200],
  ['search-type', ({ registry, type, id }) => registry.ask(EVERYONE, `${type}?_id=${id}`), 200],
  [
    'update',
    ({ registry, path, stored }) =>
      registry.send(EVERYONE, 'PUT', path, { body: stored, headers: { 'if-match': 'W/"1"' } }),
    200,
  ],
  [
    'patch',
    ({ registry, path, type }) =>
      registry.send(EVERYONE, 'PATCH', path, {
        body: [{ op: 'test', path: '/resourceType', value: type }],
        type: 'application/json-patch+json',
        headers: { 'if-match': 'W/"2"' },
      }),
    200,
  ],
  ['history-instance', ({ registry, path }) => registry.ask(EVERYONE, `${path}/_history`), 200],
  ['history-type', ({ registry, type }) => registry.ask(EVERYONE, `${type}/_history`), 200],
  ['delete', ({ registry, path }) => registry.send(EVERYONE, 'DELETE', path), 204],
]

interface Life {
  readonly registry: Registry
  readonly sample: Sample
  readonly type: string
  readonly id: string
  readonly path: string
  readonly stored: Sample
}

for (const [type, sample] of SAMPLES) {
  test(`every interaction that is stated of ${type} is served, from its making to its end`, async (t) => {
    const [registry, statement] = await start(t)
    const stated = statement.find((one) => one.type === type)
    assert.ok(stated)
    const codes = codesOf(stated)
    assert.deepEqual([...codes].toSorted(), LIFE.map(([code]) => code).toSorted())
    let life: Life = { registry, sample, type, id: '', path: type, stored: sample }
    for (const [code, ask, status] of LIFE) {
      const answer = await ask(life)
      // Of a patient that there is material of, there is no end.
      const expected = code === 'delete' && type === 'Patient' ? 409 : status
      assert.equal(answer.status, expected, `${code}: ${JSON.stringify(answer.body)}`)
      if (code === 'create') {
        const { id } = answer.body
        life = { ...life, id, path: `${type}/${id}`, stored: answer.body }
      }
      // A patient is seen through what is about that patient.
      if (code === 'create' && type === 'Patient')
        await registry.put(
          { resourceType: 'ImagingStudy', id: 'k1' },
          { patient: life.id as typeof ANNE },
        )
      if (code === 'search-type') assert.deepEqual(idsOf(answer), [life.id])
      if (code === 'history-instance') assert.equal(answer.body.entry.length, 3)
    }
    if (type === 'Patient') return
    assert.equal((await registry.ask(EVERYONE, life.path)).status, 410)
  })

  test(`the conditions that are stated of ${type} are heeded`, async (t) => {
    const [registry, statement] = await start(t)
    const stated = statement.find((one) => one.type === type)
    assert.deepEqual(
      [stated?.conditionalCreate, stated?.conditionalUpdate, stated?.conditionalDelete],
      [true, true, 'single'],
    )
    // A Binary has no parameter that tells two apart but those of all types.
    if (type === 'Binary' || type === 'Patient') return
    const url = `${type}?${conditionOf(sample)}`
    const put = (): Promise<Answer> => registry.send(EVERYONE, 'PUT', url, { body: sample })
    const created = await put()
    assert.equal(created.status, 201, JSON.stringify(created.body))
    const again = await registry.post(EVERYONE, type, sample, {
      'if-none-exist': conditionOf(sample),
    })
    assert.deepEqual([again.status, again.body.id], [200, created.body.id])
    assert.equal((await put()).status, 200)
    assert.equal((await registry.send(EVERYONE, 'DELETE', url)).status, 204)
    assert.equal((await registry.ask(EVERYONE, `${type}/${created.body.id}`)).status, 410)
  })
}

const EMPTY_PATCH = { body: [], type: 'application/json-patch+json' }
/** How each interaction is asked for, of a type that has none to change. */
const ASKED: Readonly<Record<string, (registry: Registry, type: string) => Promise<Answer>>> = {
  read: (registry, type) => registry.ask(EVERYONE, `${type}/one`),
  vread: (registry, type) => registry.ask(EVERYONE, `${type}/one/_history/1`),
  'search-type': (registry, type) => registry.ask(EVERYONE, `${type}?_id=one`),
  'history-instance': (registry, type) => registry.ask(EVERYONE, `${type}/one/_history`),
  'history-type': (registry, type) => registry.ask(EVERYONE, `${type}/_history`),
  create: (registry, type) => registry.post(EVERYONE, type, { resourceType: type }),
  update: (registry, type) =>
    registry.send(EVERYONE, 'PUT', `${type}/one`, { body: { resourceType: type, id: 'one' } }),
  patch: (registry, type) => registry.send(EVERYONE, 'PATCH', `${type}/one`, EMPTY_PATCH),
  delete: (registry, type) => registry.send(EVERYONE, 'DELETE', `${type}/one`),
}

test('what is stated of the types that are not written so is served, and what is not stated is not', async (t) => {
  const [registry, statement] = await start(t)
  for (const { type, ...stated } of statement) {
    if (SAMPLES.has(type)) continue
    const isLog = type === 'AuditEvent'
    if (!isLog)
      await registry.put({
        resourceType: type,
        id: 'one',
        target: [{ reference: 'ImagingStudy/a1' }],
      })
    for (const [code, ask] of Object.entries(ASKED)) {
      const { status, headers } = await ask(registry, type)
      const where = `${code} of ${type}: ${status}`
      if (!codesOf({ type, ...stated }).has(code)) {
        assert.equal(status, 405, where)
        assert.notEqual(headers.get('allow'), null, where)
      } else if (['create', 'update', 'patch', 'delete'].includes(code))
        assert.ok([400, 403, 404, 422].includes(status), where)
      else assert.equal(status, isLog && code !== 'search-type' ? 404 : 200, where)
    }
    const posted = await registry.search(EVERYONE, type, { _id: 'one' })
    assert.equal(posted.status, 200, `POST ${type}/_search`)
  }
})

/** A value that reads as one of the kind; what it finds is the oracle's to say (test/conformance/fhir). */
const VALUES: Readonly<Record<string, string>> = {
  token: 'c',
  string: 'c',
  date: '2024-01-10',
  number: '1',
  quantity: '1',
  uri: 'urn:x',
  reference: 'Patient/anne',
  composite: 'c$c',
  special: 'c',
}

test('every search parameter that is stated is understood, and says what it is', async (t) => {
  const [registry, statement] = await start(t)
  for (const { type, searchParam } of statement) {
    assert.equal(new Set(searchParam.map(({ name }) => name)).size, searchParam.length, type)
    for (const { name, type: kind, definition } of searchParam) {
      assert.match(definition, /^https?:\/\/[^ ]+\/SearchParameter\//, `${type} ${name}`)
      const value = valueFor(name, kind)
      const query = `${name}=${encodeURIComponent(value)}`
      const answer = await registry.ask(EVERYONE, `${type}?${query}`, STRICT)
      assert.equal(answer.status, 200, `${type}?${query}: ${JSON.stringify(answer.body)}`)
    }
  }
})

/** Components of a composite have kinds of their own. */
const OWN_VALUES: Readonly<Record<string, string>> = {
  _id: 'one',
  'code-value-concept': 'c$c',
  'code-value-date': 'c$2024',
  'code-value-quantity': 'c$1',
  'code-value-string': 'c$c',
  'combo-code-value-quantity': 'c$1',
  'component-code-value-quantity': 'c$1',
  'context-type-quantity': 'c$1',
  'characteristic-value': 'c$c',
}

function valueFor(name: string, kind: string): string {
  return OWN_VALUES[name] ?? VALUES[kind] ?? ''
}

test('every inclusion that is stated is understood', async (t) => {
  const [registry, statement] = await start(t)
  for (const { type, searchInclude = [], searchRevInclude = [] } of statement) {
    const queries = [
      ...searchInclude.map((value) => `_include=${value}`),
      ...searchRevInclude.map((value) => `_revinclude=${value}`),
    ]
    for (const query of queries) {
      const answer = await registry.ask(EVERYONE, `${type}?${query}`, STRICT)
      assert.equal(answer.status, 200, `${type}?${query}: ${JSON.stringify(answer.body)}`)
    }
  }
  const found = await registry.ask(EVERYONE, 'ImagingStudy?_id=a1&_include=ImagingStudy:patient')
  assert.deepEqual(idsOf(found, 'include'), [ANNE])
})

test('a parameter or inclusion that is not stated is named, and refused where handling is strict', async (t) => {
  const [registry, statement] = await start(t)
  for (const { type } of statement) {
    for (const query of [
      'colour=red',
      '_content=c',
      '_include=Group:colour',
      'subject.colour=red',
    ]) {
      const [name] = query.split('=')
      const lenient = await registry.ask(EVERYONE, `${type}?${query}`)
      assert.equal(lenient.status, 200, `${type}?${query}`)
      const outcome = lenient.body.entry.at(-1).resource
      assert.deepEqual(outcome.issue[0].expression, [name], `${type}?${query}`)
      const strict = await registry.ask(EVERYONE, `${type}?${query}`, STRICT)
      assert.deepEqual([strict.status, strict.body.issue[0].expression], [400, [name]])
    }
  }
})

test('every operation that is stated is reached where it is stated, and nowhere else', async (t) => {
  const [registry, statement] = await start(t)
  const names = new Set<string>()
  for (const { type, operation = [] } of statement) {
    for (const { name } of operation) {
      names.add(name)
      const answers = await Promise.all(
        [`${type}/$${name}`, `${type}/one/$${name}`].map((path) =>
          registry.post(EVERYONE, path, { resourceType: 'Parameters' }),
        ),
      )
      const reached = answers.filter(
        ({ status, body }) => status !== 405 && body?.issue?.[0].details.text !== NOTHING_SERVED,
      )
      assert.ok(reached.length > 0, `${type} $${name}`)
    }
  }
  for (const name of names) {
    // Any type of R4 is validated, also one that the hub does not keep.
    const elsewhere = name === 'validate' ? 'Horse' : 'Appointment'
    const answer = await registry.post(EVERYONE, `${elsewhere}/$${name}`, {
      resourceType: 'Parameters',
    })
    assert.ok([404, 405].includes(answer.status), `${elsewhere}/$${name}: ${answer.status}`)
  }
})

const NOTHING_SERVED = 'Nothing is served at this address'

test('batch and transaction are served as stated, and no other interaction of the system', async (t) => {
  const registry = await startRegistry(t)
  const { body } = await registry.ask(EVERYONE, 'metadata')
  const stated: { code: string }[] = body.rest[0].interaction
  assert.deepEqual(stated.map(({ code }) => code).toSorted(), ['batch', 'transaction'])
  for (const { code } of stated) {
    const answer = await registry.post(EVERYONE, '', { resourceType: 'Bundle', type: code })
    assert.deepEqual([answer.status, answer.body.type], [200, `${code}-response`])
  }
  for (const path of ['?_type=Patient', '_history', 'Appointment'])
    assert.ok([404, 405].includes((await registry.ask(EVERYONE, path)).status), path)
})

test('each address says what may be done there', async (t) => {
  const [registry] = await start(t)
  for (const [path, allowed] of [
    ['', 'POST, OPTIONS'],
    ['metadata', 'GET, HEAD, OPTIONS'],
    ['Task', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
    ['Task/1', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
    ['Task/1/_history', 'GET, HEAD, OPTIONS'],
    ['Task/_search', 'POST, OPTIONS'],
    ['Provenance', 'GET, HEAD, OPTIONS'],
    ['Consent/1', 'GET, HEAD, PUT, OPTIONS'],
  ] as const) {
    const answer = await fetch(`${registry.base}/${path}`, { method: 'OPTIONS' })
    assert.deepEqual([answer.status, answer.headers.get('allow')], [204, allowed], path)
  }
})

test('every format that is stated is written and read', async (t) => {
  const [registry] = await start(t)
  const { body } = await registry.ask(EVERYONE, 'metadata')
  for (const format of body.format as string[]) {
    const isXml = format.includes('xml')
    const answer = await registry.ask(EVERYONE, `metadata?_format=${encodeURIComponent(format)}`)
    assert.match(answer.headers.get('content-type') ?? '', isXml ? /fhir\+xml/ : /fhir\+json/)
    if (!format.includes('/')) continue
    const sent = isXml
      ? '<Basic xmlns="http://hl7.org/fhir"><code><text value="Sample"/></code></Basic>'
      : JSON.stringify(SAMPLES.get('Basic'))
    const created = await registry.send(EVERYONE, 'POST', 'Basic', { body: sent, type: format })
    assert.equal(created.status, 201, JSON.stringify(created.body))
  }
})

test('the capability statement is valid FHIR itself', async (t) => {
  const registry = await startRegistry(t)
  const { body } = await registry.ask(EVERYONE, 'metadata')
  const validate = makeValidate(specificationTexts(), readOwnDefinitions())
  assert.deepEqual(validate(body), [])
})
