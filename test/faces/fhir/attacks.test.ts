import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  ANNES_NUMBER,
  BERIT,
  CLINICIAN,
  NATIONAL,
  NORTH,
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
  WEST,
  type Answer,
  type Caller,
  type Registry,
} from '../../support/registry.ts'
import { SAMPLES } from '../../support/samples-by-type.ts'

const RESTRICTED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  code: 'R',
}
const LABELLED = { meta: { security: [RESTRICTED] } }
/** May see what is Anne's and has no label. */
const CAREFUL: Caller = {
  ...CLINICIAN,
  filter: {
    kind: 'and',
    of: [
      { kind: 'patient', is: ANNE },
      { kind: 'not', of: { kind: 'label', in: [`${RESTRICTED.system}|R`] } },
    ],
  },
}
const BERITS: Caller = { ...CLINICIAN, filter: { kind: 'patient', is: BERIT }, grant: BERIT }
const INTRUDER: Caller = {
  member: WEST,
  actions: ['find', 'read-report', 'publish', 'read-directory'],
  filter: { kind: 'custodian', in: [WEST] },
}

async function start(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH })
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: NORTH })
  return registry
}

async function file(registry: Registry, type: string, more: object = {}): Promise<Answer['body']> {
  const { status, body } = await registry.post(PUBLISHER, type, { ...SAMPLES.get(type), ...more })
  assert.equal(status, 201, JSON.stringify(body))
  return body
}

const put = (registry: Registry, body: Answer['body'], by = PUBLISHER): Promise<Answer> =>
  registry.send(by, 'PUT', `${body.resourceType}/${body.id}`, { body })

for (const type of ['DiagnosticReport', 'DocumentReference', 'Observation', 'ImagingStudy']) {
  test(`bytes that belong to a ${type} close with it`, async (t) => {
    const registry = await start(t)
    const target = await file(registry, type)
    const securityContext = { reference: `${type}/${target.id}` }
    const bytes = await file(registry, 'Binary', { securityContext })
    const asked = (): Promise<Answer> => registry.ask(CAREFUL, `Binary/${bytes.id}`)
    assert.equal((await asked()).status, 200)
    const labelled = await put(registry, { ...target, ...LABELLED })
    assert.equal(labelled.status, 200, JSON.stringify(labelled.body))
    assert.equal((await registry.ask(CAREFUL, `${type}/${target.id}`)).status, 404)
    assert.equal((await asked()).status, 404)
    await registry.send(PUBLISHER, 'DELETE', `Binary/${bytes.id}`)
    assert.equal((await registry.ask(CAREFUL, `Binary/${bytes.id}/_history/1`)).status, 404)
    assert.equal((await registry.ask(PUBLISHER, `Binary/${bytes.id}/_history/1`)).status, 200)
    await registry.send(PUBLISHER, 'DELETE', `${type}/${target.id}`)
    assert.equal((await asked()).status, 404)
  })
}

for (const type of ['Observation', 'DocumentReference', 'Task', 'List', 'ServiceRequest']) {
  test(`a ${type} about a study closes with the study`, async (t) => {
    const registry = await start(t)
    const study = await file(registry, 'ImagingStudy')
    const link = { reference: `ImagingStudy/${study.id}` }
    const links: Record<string, object> = {
      Observation: { derivedFrom: [link] },
      DocumentReference: { context: { related: [link] } },
      Task: { focus: link },
      List: { entry: [{ item: link }] },
      ServiceRequest: { supportingInfo: [link] },
    }
    const about = await file(registry, type, links[type])
    assert.equal((await registry.ask(CAREFUL, `${type}/${about.id}`)).status, 200)
    const labelled = await put(registry, { ...study, ...LABELLED })
    assert.equal(labelled.status, 200, JSON.stringify(labelled.body))
    assert.equal((await registry.ask(CAREFUL, `${type}/${about.id}`)).status, 404)
  })
}

for (const [type, element] of [
  ['Observation', 'subject'],
  ['DiagnosticReport', 'subject'],
  ['Task', 'for'],
  ['List', 'subject'],
] as const) {
  test(`what was said of one patient in a ${type} is no other's to read`, async (t) => {
    const registry = await start(t)
    const secret = { text: 'Of Anne alone' }
    const code = type === 'Task' ? { description: secret.text } : { code: secret }
    const { imagingStudy: _none, ...sample } = { ...SAMPLES.get(type) }
    const made = await registry.post(PUBLISHER, type, { ...sample, ...code })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const { id } = made.body
    for (const subject of [undefined, { reference: `Patient/${BERIT}` }])
      await put(registry, { ...sample, id, [element]: subject })
    await registry.send(PUBLISHER, 'DELETE', `${type}/${id}`)
    await put(registry, { ...sample, id, [element]: { reference: `Patient/${BERIT}` } })
    for (const path of [`${type}/${id}/_history`, `${type}/${id}/_history/1`, `${type}/_history`]) {
      const answer = await registry.ask(BERITS, path)
      assert.doesNotMatch(JSON.stringify(answer.body), /Of Anne alone/, path)
    }
  })
}

test('a label is not lost by an update that does not repeat it', async (t) => {
  const registry = await start(t)
  const report = await file(registry, 'DiagnosticReport', LABELLED)
  const { meta: _meta, ...unlabelled } = report
  await put(registry, unlabelled)
  assert.equal((await registry.ask(CAREFUL, `DiagnosticReport/${report.id}`)).status, 404)
  await registry.send(PUBLISHER, 'PATCH', `DiagnosticReport/${report.id}`, {
    type: 'application/json-patch+json',
    body: [{ op: 'remove', path: '/meta/security' }],
  })
  assert.equal((await registry.ask(CAREFUL, `DiagnosticReport/${report.id}`)).status, 200)
})

test('nobody asks whether the hub knows a person without leaving a trace', async (t) => {
  const registry = await start(t)
  const before = registry.audit.length
  const condition = `identifier=${NATIONAL}|${ANNES_NUMBER}`
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        resource: {
          ...SAMPLES.get('Observation'),
          subject: { reference: `Patient?${condition}` },
        },
        request: { method: 'POST', url: 'Observation' },
      },
      { request: { method: 'DELETE', url: 'Observation/none' } },
    ],
  }
  const { status } = await registry.post(INTRUDER, '', bundle)
  assert.equal(status, 404)
  assert.ok(registry.audit.length > before, 'the transaction')
  const between = registry.audit.length
  const named = { subject: { identifier: { system: NATIONAL, value: '57858550078' } } }
  const unknown = await registry.post(INTRUDER, 'Observation', {
    ...SAMPLES.get('Observation'),
    ...named,
  })
  assert.equal(unknown.status, 422)
  assert.ok(registry.audit.length > between, 'the create')
  assert.doesNotMatch(JSON.stringify(registry.audit), new RegExp(`${ANNES_NUMBER}|57858550078`))
})

test('a condition finds nothing of another custodian, and tells nothing of it', async (t) => {
  const registry = await start(t)
  const mine = await file(registry, 'Observation')
  const condition = 'identifier=urn:oid:1.2.9|sample'
  const sample = SAMPLES.get('Observation')
  const made = await registry.post(INTRUDER, 'Observation', sample ?? {}, {
    'if-none-exist': condition,
  })
  assert.equal(made.status, 201)
  assert.notEqual(made.body.id, mine.id)
  for (const [method, body, type] of [
    ['PATCH', [{ op: 'test', path: '/id', value: mine.id }], 'application/json-patch+json'],
    ['DELETE', undefined, undefined],
    ['PUT', { ...sample, id: mine.id }, undefined],
  ] as const) {
    for (const id of [mine.id, 'nothing-at-all']) {
      const sent = method === 'PUT' ? { ...sample, id } : body
      const answer = await registry.send(INTRUDER, method, `Observation/${id}`, {
        ...(sent !== undefined && { body: sent }),
        ...(type !== undefined && { type }),
        headers: { 'if-match': 'W/"7"' },
      })
      assert.equal(answer.status, 404, `${method} ${id}`)
      assert.doesNotMatch(answer.body.issue[0].diagnostics ?? '', /version/)
    }
  }
  for (const query of [
    `derived-from:ImagingStudy.identifier=urn:oid:1.2.3|ACC-a1`,
    `subject:Patient.family=Ødegård&identifier=urn:oid:1.2.9|nothing`,
    `_has:Provenance:target:agent=Organization/${NORTH}`,
  ]) {
    const answer = await registry.send(INTRUDER, 'DELETE', `Observation?${query}`)
    assert.ok([204, 400].includes(answer.status), `${query} ${answer.status}`)
  }
  assert.equal((await registry.ask(PUBLISHER, `Observation/${mine.id}`)).status, 200)
})
