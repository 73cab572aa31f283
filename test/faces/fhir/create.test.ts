import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ANNE,
  ANNES_NUMBER,
  BERIT,
  CLINICIAN,
  idsOf,
  NATIONAL,
  NORTH,
  OPERATOR,
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
  WEST,
  type Answer,
  type Registry,
} from '../../support/registry.ts'
import type { TestContext } from 'node:test'

async function registryWithStudies(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, {
    id: 'a1',
    patient: ANNE,
    custodian: NORTH,
    started: '2024-01-10T08:00:00Z',
  })
  await putStudy(registry, { id: 'w1', patient: ANNE, custodian: WEST })
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: NORTH })
  await putStudy(registry, { id: 'q1', patient: ANNE, custodian: NORTH, quarantined: true })
  return registry
}

const REPORT = {
  resourceType: 'DiagnosticReport',
  status: 'final',
  code: { text: 'CT thorax' },
  subject: { reference: `Patient/${ANNE}` },
  issued: '2024-01-11T10:00:00Z',
  imagingStudy: [{ reference: 'ImagingStudy/a1' }],
}

test('a report is filed under its study, visible at once, with provenance and an audit event', async (t) => {
  const registry = await registryWithStudies(t)
  const answer = await registry.post(PUBLISHER, 'DiagnosticReport', { ...REPORT, id: 'mine' })
  assert.equal(answer.status, 201)
  const { id } = answer.body
  assert.notEqual(id, 'mine')
  assert.equal(answer.headers.get('location'), `${registry.base}/DiagnosticReport/${id}/_history/1`)
  assert.equal(answer.headers.get('etag'), 'W/"1"')
  assert.deepEqual(answer.body.performer, [{ reference: `Organization/${NORTH}` }])
  assert.equal(registry.audit.at(-1)?.act, 'create')

  const found = await registry.ask(
    CLINICIAN,
    `DiagnosticReport?patient=${ANNE}&_revinclude=Provenance:target`,
  )
  assert.deepEqual(idsOf(found), [id])
  const [, provenance] = found.body.entry
  assert.equal(provenance.resource.agent[0].who.reference, `Organization/${NORTH}`)
})

test('policy sees a report as it sees its study', async (t) => {
  const registry = await registryWithStudies(t)
  await registry.post(PUBLISHER, 'DiagnosticReport', {
    ...REPORT,
    meta: {
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
    },
  })
  const { rows } = await registry.pool.query(
    `select custodian, patient, modalities, labels, started from resource where type = 'DiagnosticReport'`,
  )
  assert.deepEqual(rows, [
    {
      custodian: NORTH,
      patient: ANNE,
      modalities: ['CT'],
      labels: ['http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R'],
      started: new Date('2024-01-10T08:00:00Z'),
    },
  ])
})

for (const [how, link] of [
  [
    'study UID',
    { imagingStudy: [{ identifier: { system: 'urn:dicom:uid', value: 'urn:oid:2.25.9749' } }] },
  ],
  [
    'accession number',
    {
      imagingStudy: undefined,
      basedOn: [{ identifier: { system: 'urn:oid:1.2.3', value: 'ACC-a1' } }],
    },
  ],
] as const) {
  test(`a report finds its study by ${how}, and its patient by national id, which is not kept`, async (t) => {
    const registry = await registryWithStudies(t)
    const subject = { identifier: { system: NATIONAL, value: ANNES_NUMBER } }
    const answer = await registry.post(PUBLISHER, 'DiagnosticReport', {
      ...REPORT,
      ...link,
      subject,
    })
    assert.equal(answer.status, 201)
    assert.deepEqual(
      answer.body.imagingStudy.map(({ reference }: any) => reference),
      ['ImagingStudy/a1'],
    )
    assert.deepEqual(answer.body.subject, { reference: `Patient/${ANNE}` })
  })
}

for (const [what, change, place] of [
  [
    'another member’s study',
    { imagingStudy: [{ reference: 'ImagingStudy/w1' }] },
    'DiagnosticReport.imagingStudy',
  ],
  [
    'a study that is not there',
    { imagingStudy: [{ reference: 'ImagingStudy/x' }] },
    'DiagnosticReport.imagingStudy',
  ],
  [
    'one study there and one not',
    { imagingStudy: [{ reference: 'ImagingStudy/a1' }, { reference: 'ImagingStudy/x' }] },
    'DiagnosticReport.imagingStudy',
  ],
  [
    'studies of two patients',
    { imagingStudy: [{ reference: 'ImagingStudy/a1' }, { reference: 'ImagingStudy/b1' }] },
    'DiagnosticReport.imagingStudy',
  ],
  [
    'another patient than the study’s',
    { subject: { reference: `Patient/${BERIT}` } },
    'DiagnosticReport.subject',
  ],
  [
    'a patient nobody knows',
    { subject: { identifier: { system: NATIONAL, value: '57858550078' } } },
    'DiagnosticReport.subject',
  ],
] as const) {
  test(`a report about ${what} is refused and nothing of it stored`, async (t) => {
    const registry = await registryWithStudies(t)
    const answer = await registry.post(PUBLISHER, 'DiagnosticReport', { ...REPORT, ...change })
    assert.equal(answer.status, 422)
    assert.deepEqual(placesOf(answer), [place])
    assert.equal(await countOf(registry, 'DiagnosticReport', 'Provenance'), 0)
  })
}

test('a report about a study in quarantine waits there with it', async (t) => {
  const registry = await registryWithStudies(t)
  const imagingStudy = [{ reference: 'ImagingStudy/q1' }]
  const answer = await registry.post(PUBLISHER, 'DiagnosticReport', { ...REPORT, imagingStudy })
  assert.equal(answer.status, 201)
  for (const caller of [CLINICIAN, PUBLISHER]) {
    assert.equal((await registry.ask(caller, 'DiagnosticReport')).body.total, 0)
    assert.equal((await registry.ask(caller, 'Provenance')).body.total, 0)
  }
})

test('every fault of a resource is located in one answer', async (t) => {
  const registry = await registryWithStudies(t)
  const answer = await registry.post(PUBLISHER, 'DiagnosticReport', {
    ...REPORT,
    status: 'done',
    issued: '2024-02-30T10:00:00Z',
    conclusion: '',
    colour: 'red',
    category: [],
    subject: undefined,
  })
  assert.equal(answer.status, 422)
  assert.deepEqual(placesOf(answer).toSorted(), [
    'DiagnosticReport.category',
    'DiagnosticReport.colour',
    'DiagnosticReport.conclusion',
    'DiagnosticReport.issued',
    'DiagnosticReport.status',
    'DiagnosticReport.subject',
  ])
})

test('an element named like what every object inherits is unknown like any other', async (t) => {
  const registry = await registryWithStudies(t)
  for (const name of ['constructor', 'toString', '__proto__']) {
    const code = JSON.parse(`{"text":"CT","${name}":"x"}`)
    const answer = await registry.post(PUBLISHER, 'DiagnosticReport', { ...REPORT, code })
    assert.equal(answer.status, name === '__proto__' ? 400 : 422, name)
    const place = name === '__proto__' ? '*' : name
    assert.deepEqual(placesOf(answer), [`DiagnosticReport.code.${place}`])
  }
})

test('what is no resource is refused at the door', async (t) => {
  const registry = await registryWithStudies(t)
  const send = async (
    body: string | Uint8Array<ArrayBuffer>,
    type = 'application/fhir+json',
  ): Promise<number> => {
    const init = { method: 'POST', body, headers: { 'content-type': type } }
    const answer = await registry.ask(PUBLISHER, 'DiagnosticReport', init)
    assert.equal(answer.body.resourceType, 'OperationOutcome')
    return answer.status
  }
  assert.equal(await send('{"resourceType":'), 400)
  assert.equal(await send('[]'), 400)
  assert.equal(await send('{}'), 400)
  assert.equal(await send('null'), 400)
  assert.equal(await send(''), 400)
  assert.equal(await send(new Uint8Array([0x7b, 0xff, 0x7d])), 400)
  assert.equal(await send('{"a":'.repeat(5000)), 400)
  assert.equal(await send(JSON.stringify({ resourceType: 'Patient' })), 400)
  assert.equal(await send('<DiagnosticReport/>', 'application/fhir+xml'), 400)
  assert.equal(await send('a;b', 'text/csv'), 415)
  assert.equal(await send('x'.repeat(17 * 1024 * 1024)), 413)
  const nul = { ...REPORT, conclusion: 'a\u0000b', identifier: [{ value: '\u0000' }] }
  assert.equal(await send(JSON.stringify(nul)), 400)
})

test('each resource is written by those who answer for it', async (t) => {
  const registry = await registryWithStudies(t)
  const status = async (caller: typeof CLINICIAN, resource: { resourceType: string }) =>
    (await registry.post(caller, resource.resourceType, resource)).status
  const organization = {
    resourceType: 'Organization',
    identifier: [{ system: 'urn:oid:2.16.578.1.12.4.1.4.101', value: '999999999' }],
    name: 'East',
  }
  assert.equal(await status(CLINICIAN, REPORT), 403)
  assert.equal(await status(OPERATOR, REPORT), 403)
  assert.equal(await status(PUBLISHER, organization), 403)
  assert.equal(await status(OPERATOR, organization), 201)
  for (const resourceType of ['StructureDefinition', 'Provenance', 'AuditEvent']) {
    assert.equal(await status(OPERATOR, { resourceType }), 405)
  }
  const put = await registry.ask(PUBLISHER, 'Provenance/1', { method: 'PUT', body: '{}' })
  assert.equal(put.status, 405)
  assert.equal(put.headers.get('allow'), 'GET, HEAD, OPTIONS')
})

test('If-None-Exist creates once, also when two ask at the same time', async (t) => {
  const registry = await registryWithStudies(t)
  const report = { ...REPORT, identifier: [{ system: 'urn:oid:1.2.9', value: 'R1' }] }
  const headers = { 'if-none-exist': 'identifier=urn:oid:1.2.9|R1' }
  const answers = await Promise.all(
    [1, 2, 3].map(() => registry.post(PUBLISHER, 'DiagnosticReport', report, headers)),
  )
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 200, 201])
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1)

  await registry.post(PUBLISHER, 'DiagnosticReport', report)
  const several = await registry.post(PUBLISHER, 'DiagnosticReport', report, headers)
  assert.equal(several.status, 412)
  const vague = await registry.post(PUBLISHER, 'DiagnosticReport', report, {
    'if-none-exist': 'colour=red',
  })
  assert.equal(vague.status, 400)
})

function entry(resource: typeof REPORT | { resourceType: string }, more: object = {}): object {
  return { resource, request: { method: 'POST', url: resource.resourceType }, ...more }
}

test('a transaction stores all of its entries', async (t) => {
  const registry = await registryWithStudies(t)
  const second = { ...REPORT, imagingStudy: [{ reference: `${registry.base}/ImagingStudy/a1` }] }
  const answer = await registry.post(PUBLISHER, '', {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      entry(REPORT, { fullUrl: 'urn:uuid:6f7a8e4c-0b1d-4c5e-8f90-1a2b3c4d5e6f' }),
      entry(second),
    ],
  })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  assert.equal(answer.body.type, 'transaction-response')
  const statuses = answer.body.entry.map(
    (one: { response: { status: string } }) => one.response.status,
  )
  assert.deepEqual(statuses, ['201', '201'])
  const [first] = answer.body.entry
  assert.equal((await registry.ask(PUBLISHER, first.response.location)).status, 200)
  assert.equal(await countOf(registry, 'DiagnosticReport', 'Provenance'), 4)
})

test('a Bundle with bad entries stores nothing and reports each under its entry', async (t) => {
  const registry = await registryWithStudies(t)
  const answer = await registry.post(PUBLISHER, '', {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      entry(REPORT),
      entry({ ...REPORT, status: 'done' }),
      entry({ resourceType: 'ImagingStudy' }),
      { resource: REPORT, request: { method: 'PUT', url: 'DiagnosticReport/1' } },
      { resource: REPORT },
      entry(REPORT, { request: { method: 'POST', url: 'Patient' } }),
    ],
  })
  assert.equal(answer.status, 422)
  const places = new Set(placesOf(answer))
  for (const place of [
    'Bundle.entry[1].resource.status',
    'Bundle.entry[2].resource.status',
    'Bundle.entry[3].resource.id',
    'Bundle.entry[4].request',
    'Bundle.entry[5].request.url',
  ]) {
    assert.ok(places.has(place), `${place} among ${[...places].join(', ')}`)
  }
  assert.equal(await countOf(registry, 'DiagnosticReport', 'Provenance'), 0)
})

test('an entry that fails in the database rooms takes the others with it', async (t) => {
  const registry = await registryWithStudies(t)
  const foreign = { ...REPORT, imagingStudy: [{ reference: 'ImagingStudy/w1' }] }
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [entry(REPORT), entry(foreign)],
  }
  const answer = await registry.post(PUBLISHER, '', bundle)
  assert.equal(answer.status, 422)
  assert.deepEqual(placesOf(answer), ['Bundle.entry[1].resource.imagingStudy'])
  assert.equal(await countOf(registry, 'DiagnosticReport', 'Provenance'), 0)

  const batch = await registry.post(PUBLISHER, '', { ...bundle, type: 'batch' })
  assert.equal(batch.status, 200)
  const statuses = batch.body.entry.map(
    (one: { response: { status: string } }) => one.response.status,
  )
  assert.deepEqual(statuses, ['201', '422'])
  assert.equal(await countOf(registry, 'DiagnosticReport'), 1)
})

test('a caller that may not publish is refused before any of its Bundle is looked at', async (t) => {
  const registry = await registryWithStudies(t)
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [entry({ ...REPORT, status: 'done' }), entry(REPORT)],
  }
  const answer = await registry.post(CLINICIAN, '', bundle)
  assert.equal(answer.status, 403)
  assert.equal(registry.audit.length, 1)
  assert.equal(registry.audit[0]?.act, 'access-refused')

  const large = { ...REPORT, conclusion: 'x'.repeat(300 * 1024) }
  const huge = { ...REPORT, conclusion: 'x'.repeat(5 * 1024 * 1024) }
  for (const path of ['', 'DiagnosticReport'])
    assert.equal((await registry.post(CLINICIAN, path, large)).status, 413)
  assert.equal((await registry.post(PUBLISHER, 'DiagnosticReport', large)).status, 201)
  assert.equal((await registry.post(PUBLISHER, 'DiagnosticReport', huge)).status, 413)
})

test('a Bundle full of faults is answered with a hundred of them, and others are served meanwhile', async (t) => {
  const registry = await registryWithStudies(t)
  const faulty = { ...REPORT, status: 'done', colour: 'red', category: [] }
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: Array.from({ length: 500 }, () => entry(faulty)),
  }
  const answer = await registry.post(PUBLISHER, '', bundle)
  assert.equal(answer.status, 422)
  assert.equal(answer.body.issue.length, 100)

  const order: string[] = []
  const good = Array.from({ length: 500 }, () => entry(REPORT))
  const foreign = entry({ ...REPORT, imagingStudy: [{ reference: 'ImagingStudy/w1' }] })
  await Promise.all([
    registry.post(PUBLISHER, '', { ...bundle, entry: [...good.slice(1), foreign] }).then(() => {
      order.push('bundle')
    }),
    registry.ask(PUBLISHER, 'metadata').then(() => {
      order.push('metadata')
    }),
  ])
  assert.deepEqual(order, ['metadata', 'bundle'])
})

test('a resource with more values or items than any has is refused unread', async (t) => {
  const registry = await registryWithStudies(t)
  const coding = Array.from({ length: 1001 }, () => ({ code: 'x' }))
  const long = await registry.post(PUBLISHER, 'DiagnosticReport', { ...REPORT, code: { coding } })
  assert.equal(long.status, 422)
  assert.deepEqual(placesOf(long), ['DiagnosticReport.code.coding'])

  const many = { extension: coding.slice(1).map(() => ({ url: 'urn:x', valueString: 'x' })) }
  const contained = Array.from({ length: 20 }, () => ({ resourceType: 'Observation', ...many }))
  const full = await registry.post(PUBLISHER, 'DiagnosticReport', { ...REPORT, contained })
  assert.equal(full.status, 422)
  assert.equal(placesOf(full).length, 1)
})

for (const where of ['at the log', 'at the commit'] as const) {
  test(`a report whose writing fails ${where} is not there, and the log does not say that it is`, async (t) => {
    const registry = await registryWithStudies(t)
    if (where === 'at the log') registry.failAudit()
    else await failAtCommit(registry)
    for (const [path, body] of [
      ['DiagnosticReport', REPORT],
      ['', { resourceType: 'Bundle', type: 'transaction', entry: [entry(REPORT)] }],
    ] as const) {
      const answer = await registry.post(PUBLISHER, path, body)
      assert.equal(answer.status, 500)
    }
    assert.equal(await countOf(registry, 'DiagnosticReport', 'Provenance'), 0)
    const said = registry.audit.map(({ act, outcome, reason }) => [act, outcome, reason])
    const twice = [
      ['create', '0', undefined],
      ['create', '8', 'not-committed'],
    ]
    assert.deepEqual(said, where === 'at the log' ? [] : [...twice, ...twice])
  })
}

/** A constraint that is looked at when the transaction ends. */
async function failAtCommit({ pool }: Registry): Promise<void> {
  await pool.query(`
    create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'not today'; end $$;
    create constraint trigger refuse after insert on resource
      deferrable initially deferred for each row execute function refuse()`)
}

test('a Bundle of another kind is refused', async (t) => {
  const registry = await registryWithStudies(t)
  for (const body of [
    { resourceType: 'Bundle', type: 'collection' },
    { resourceType: 'Bundle' },
    { resourceType: 'Patient' },
  ]) {
    assert.equal((await registry.post(PUBLISHER, '', body)).status, 400)
  }
})

function placesOf(answer: Answer): string[] {
  return answer.body.issue.flatMap((issue: { expression: string[] }) => issue.expression)
}

async function countOf(registry: Registry, ...types: string[]): Promise<number> {
  const { rows } = await registry.pool.query<{ count: number }>(
    'select count(*)::int as count from resource where type = any($1)',
    [types],
  )
  return rows[0]?.count ?? 0
}
