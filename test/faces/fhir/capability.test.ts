import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  idsOf,
  NORTH,
  OPERATOR,
  PUBLISHER,
  startRegistry,
  type Caller,
  type Registry,
} from '../../support/registry.ts'
import { readOwnDefinitions, specificationTexts } from '../../../src/definition-files.ts'
import { makeValidate } from '../../../src/wire/fhir/validate.ts'

interface Resource {
  readonly type: string
  readonly interaction: readonly { code: string }[]
  readonly searchParam: readonly { name: string; type: string; definition?: string }[]
  readonly conditionalCreate: boolean
  readonly searchInclude?: readonly string[]
  readonly searchRevInclude?: readonly string[]
}

const EVERYONE: Caller = {
  ...OPERATOR,
  actions: [...PUBLISHER.actions, 'operate', 'read-consent', 'read-audit'],
}

type Statement = readonly Resource[]

const CODING = { coding: [{ system: 'urn:oid:1.2.3', code: 'c' }] }
const IDENTIFIER = [{ system: 'urn:oid:1.2.3', value: 'c' }]
const NORTHS = { reference: `Organization/${NORTH}` }
const STUDY = { reference: 'ImagingStudy/one' }
const ANNES = { reference: `Patient/${ANNE}` }
const DAY = '2024-01-10'

/** One of each type, in which every stated parameter has something to find. */
const SAMPLES: Readonly<Record<string, object>> = {
  Patient: {
    identifier: IDENTIFIER,
    active: true,
    gender: 'female',
    name: [{ family: 'c', given: ['c'] }],
    birthDate: DAY,
  },
  Organization: {
    identifier: IDENTIFIER,
    active: true,
    type: [CODING],
    name: 'c',
    partOf: { reference: 'Organization/one' },
    endpoint: [{ reference: 'Endpoint/one' }],
  },
  Endpoint: {
    identifier: IDENTIFIER,
    status: 'active',
    connectionType: CODING.coding[0],
    payloadType: [CODING],
    name: 'c',
    managingOrganization: NORTHS,
    address: 'https://hub.example/dicom-web',
  },
  ImagingStudy: {
    identifier: IDENTIFIER,
    status: 'available',
    subject: ANNES,
    started: DAY,
    endpoint: [{ reference: 'Endpoint/one' }],
    basedOn: [{ reference: 'ServiceRequest/one' }],
    series: [{ uid: 'c', modality: CODING.coding[0], bodySite: CODING.coding[0] }],
  },
  DiagnosticReport: {
    identifier: IDENTIFIER,
    status: 'final',
    category: [CODING],
    code: CODING,
    subject: ANNES,
    basedOn: [{ reference: 'ServiceRequest/one' }],
    performer: [NORTHS],
    resultsInterpreter: [NORTHS],
    imagingStudy: [STUDY],
    effectiveDateTime: DAY,
    issued: `${DAY}T10:00:00Z`,
  },
  Consent: {
    identifier: IDENTIFIER,
    status: 'active',
    scope: CODING,
    category: [CODING],
    patient: ANNES,
    dateTime: DAY,
    provision: {
      period: { start: DAY, end: DAY },
      purpose: CODING.coding,
      actor: [{ role: CODING, reference: NORTHS }],
    },
  },
  Provenance: { target: [STUDY, ANNES], recorded: `${DAY}T10:00:00Z`, agent: [{ who: NORTHS }] },
}

/** What finds the sample by a parameter of each kind, where the kind alone does not say. */
const VALUES: Readonly<Record<string, string>> = {
  token: 'c',
  string: 'c',
  date: DAY,
  _id: 'one',
  _lastUpdated: 'gt2020',
  active: 'true',
  gender: 'female',
  partof: 'Organization/one',
  endpoint: 'Endpoint/one',
  organization: NORTHS.reference,
  patient: ANNES.reference,
  subject: ANNES.reference,
  basedon: 'ServiceRequest/one',
  'based-on': 'ServiceRequest/one',
  performer: NORTHS.reference,
  'results-interpreter': NORTHS.reference,
  'imaging-study': STUDY.reference,
  actor: NORTHS.reference,
  target: STUDY.reference,
  entity: STUDY.reference,
  agent: NORTHS.reference,
}
const STATUS: Readonly<Record<string, string>> = {
  Endpoint: 'active',
  ImagingStudy: 'available',
  DiagnosticReport: 'final',
  Consent: 'active',
}
const STRICT = { headers: { prefer: 'handling=strict' } }

function valueFor(type: string, { name, type: kind }: Resource['searchParam'][number]): string {
  if (name === 'status') return STATUS[type] ?? ''
  return VALUES[name] ?? VALUES[kind] ?? ''
}

async function startWithSamples(t: TestContext): Promise<[Registry, Statement]> {
  const registry = await startRegistry(t)
  for (const [resourceType, sample] of Object.entries(SAMPLES)) {
    const facts = { patient: ANNE, custodian: NORTH }
    await registry.put({ ...sample, resourceType, id: 'one' }, facts)
  }
  // The study's patient, beside the sample of its type.
  await registry.put({ resourceType: 'Patient', id: ANNE }, { patient: ANNE })
  // A patient is seen through what is about that patient.
  await registry.put({ resourceType: 'ImagingStudy', id: 'two' }, { patient: 'one' as typeof ANNE })
  const { body } = await registry.ask(EVERYONE, 'metadata')
  return [registry, body.rest[0].resource]
}

test('every parameter that is stated finds what has its value', async (t) => {
  const [registry, statement] = await startWithSamples(t)
  assert.equal(statement.length, 8)
  for (const { type, searchParam } of statement) {
    for (const parameter of searchParam) {
      const query = `${parameter.name}=${encodeURIComponent(valueFor(type, parameter))}`
      const answer = await registry.ask(EVERYONE, `${type}?${query}`, STRICT)
      assert.equal(answer.status, 200, `${type}?${query}: ${JSON.stringify(answer.body)}`)
      // The log is no table of samples: test/faces/fhir/audit.test.ts searches it.
      if (type !== 'AuditEvent') assert.ok(idsOf(answer).includes('one'), `${type}?${query}`)
    }
  }
})

test('every inclusion that is stated is understood, and brings what is there', async (t) => {
  const [registry, statement] = await startWithSamples(t)
  const brought = new Set<string>()
  for (const { type, searchInclude = [], searchRevInclude = [] } of statement) {
    for (const query of [
      ...searchInclude.map((value) => `_include=${value}`),
      ...searchRevInclude.map((value) => `_revinclude=${value}`),
    ]) {
      const answer = await registry.ask(EVERYONE, `${type}?${query}`, STRICT)
      assert.equal(answer.status, 200, `${type}?${query}: ${JSON.stringify(answer.body)}`)
      if (idsOf(answer, 'include').length > 0) brought.add(query)
    }
  }
  for (const query of [
    '_include=ImagingStudy:patient',
    '_include=DiagnosticReport:imaging-study',
    '_revinclude=Provenance:target',
    '_revinclude=ImagingStudy:patient',
  ])
    assert.ok(brought.has(query), query)
})

test('a parameter or inclusion that is not stated is named, and refused where handling is strict', async (t) => {
  const [registry, statement] = await startWithSamples(t)
  const known = new Set(statement.flatMap(({ searchParam }) => searchParam.map(({ name }) => name)))
  const aliases = new Set([
    'ImagingStudy body-site',
    'ImagingStudy based-on',
    'DiagnosticReport basedon',
  ])
  for (const { type, searchParam } of statement) {
    const stated = new Set(searchParam.map(({ name }) => name))
    const others = [
      ...known,
      '_text',
      '_content',
      '_has:X:y:z',
      '_profile',
      'body-site',
      'colour',
    ].filter((name) => !stated.has(name) && !aliases.has(`${type} ${name}`))
    for (const query of [...others.map((name) => `${name}=2024`), '_include=Group:member']) {
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

/** How each interaction is asked for, of a type that has a sample. */
const INTERACTIONS: Readonly<Record<string, (type: string) => [path: string, init?: RequestInit]>> =
  {
    read: (type) => [`${type}/one`],
    vread: (type) => [`${type}/one/_history/1`],
    'search-type': (type) => [`${type}?_id=one`],
    create: (type) => [type, send('POST', { resourceType: type })],
    update: (type) => [`${type}/one`, send('PUT', { resourceType: type, id: 'one' })],
    patch: (type) => [`${type}/one`, send('PATCH', [])],
    delete: (type) => [`${type}/one`, { method: 'DELETE' }],
  }
/** A write of an empty resource is refused for what it holds, or for who sends it. */
const SERVED: Readonly<Record<string, readonly number[]>> = {
  read: [200],
  vread: [200],
  'search-type': [200],
  create: [403, 422],
  update: [403, 422],
}

function send(method: string, body: object): RequestInit {
  const headers = { 'content-type': 'application/fhir+json' }
  return { method, headers, body: JSON.stringify(body) }
}

test('every interaction that is stated is served, and no other', async (t) => {
  const [registry, statement] = await startWithSamples(t)
  for (const { type, interaction } of statement) {
    const stated = new Set(interaction.map(({ code }) => code))
    for (const code of stated) assert.ok(code in SERVED, `${code} is not known to this test`)
    for (const [code, ask] of Object.entries(INTERACTIONS)) {
      const { status, headers } = await registry.ask(EVERYONE, ...ask(type))
      const where = `${code} of ${type}: ${status}`
      if (!stated.has(code)) {
        assert.equal(status, 405, where)
        assert.notEqual(headers.get('allow'), null, where)
        // The log has no sample: its events are read in test/faces/fhir/audit.test.ts.
      } else if (type === 'AuditEvent' && code !== 'search-type') assert.equal(status, 404, where)
      else assert.ok(SERVED[code]?.includes(status), where)
    }
    const posted = await registry.search(EVERYONE, type, { _id: 'one' })
    assert.equal(posted.status, 200, `POST ${type}/_search`)
  }
})

test('a create is conditional where that is stated', async (t) => {
  const [registry, statement] = await startWithSamples(t)
  for (const { type, conditionalCreate } of statement) {
    if (!conditionalCreate) continue
    const resource = { resourceType: type, ...SAMPLES[type] }
    const headers = { 'if-none-exist': 'identifier=urn:oid:1.2.3|c' }
    const answer = await registry.post(EVERYONE, type, resource, headers)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    assert.equal(answer.body.id, 'one')
  }
})

test('batch and transaction are served as stated, and no other interaction of the system', async (t) => {
  const registry = await startRegistry(t)
  const { body } = await registry.ask(EVERYONE, 'metadata')
  const stated: { code: string }[] = body.rest[0].interaction
  assert.deepEqual(stated.map(({ code }) => code).toSorted(), ['batch', 'transaction'])
  for (const { code } of stated) {
    const answer = await registry.post(EVERYONE, '', { resourceType: 'Bundle', type: code })
    assert.deepEqual([answer.status, answer.body.type], [200, `${code}-response`])
  }
  assert.equal((await registry.ask(EVERYONE, '?_type=Patient')).status, 404)
  assert.equal((await registry.ask(EVERYONE, '_history')).status, 404)
  assert.equal((await registry.ask(EVERYONE, 'Practitioner')).status, 404)
})

test('our own search parameter is stated with its definition', async (t) => {
  const registry = await startRegistry(t)
  const { body } = await registry.ask(EVERYONE, 'metadata')
  const reports: Resource = body.rest[0].resource.find(
    (one: Resource) => one.type === 'DiagnosticReport',
  )
  const own = reports.searchParam.find(({ name }) => name === 'imaging-study')
  assert.match(own?.definition ?? '', /^https:\/\/samsyn\.no\/fhir\/SearchParameter\//)
})

test('the capability statement and the profiles are valid FHIR themselves', async (t) => {
  const registry = await startRegistry(t)
  const { body } = await registry.ask(EVERYONE, 'metadata')
  const own = readOwnDefinitions()
  const validate = makeValidate(specificationTexts(), [])
  for (const resource of [body, ...own]) assert.deepEqual(validate(resource), [])
})
