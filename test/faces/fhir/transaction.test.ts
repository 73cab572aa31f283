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
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
  WEST,
  type Answer,
  type Registry,
} from '../../support/registry.ts'

const SYSTEM = 'urn:oid:1.2.9'
const subject = { reference: `Patient/${ANNE}` }

const observation = (value: string, more: object = {}): Resource => ({
  resourceType: 'Observation',
  identifier: [{ system: SYSTEM, value }],
  status: 'final',
  code: { text: 'Dose' },
  subject,
  ...more,
})

interface Resource {
  readonly resourceType: string
  readonly [name: string]: unknown
}

interface Request {
  readonly method: string
  readonly url: string
  readonly [name: string]: string
}

function entry(request: Request, resource?: Resource, fullUrl?: string): object {
  return { request, ...(resource && { resource }), ...(fullUrl !== undefined && { fullUrl }) }
}

const post = (resource: Resource, fullUrl?: string, more = {}): object =>
  entry({ method: 'POST', url: resource.resourceType, ...more }, resource, fullUrl)

async function start(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH })
  return registry
}

function send(
  registry: Registry,
  entries: readonly object[],
  { type = 'transaction', headers = {} } = {},
): Promise<Answer> {
  return registry.post(PUBLISHER, '', { resourceType: 'Bundle', type, entry: entries }, headers)
}

interface Response {
  readonly status: string
  readonly location: string
  readonly etag: string
}

function responsesOf(answer: Answer): Response[] {
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body.entry.map(({ response }: { response: Response }) => response)
}

function idAt(answer: Answer, index: number): string {
  return responsesOf(answer)[index]?.location.split('/').at(-3) ?? ''
}

function placesOf(answer: Answer): string[] {
  return answer.body.issue.flatMap((one: { expression: string[] }) => one.expression)
}

const uuid = (digit: number): string => `urn:uuid:6f7a8e4c-0b1d-4c5e-8f90-1a2b3c4d5e6${digit}`

test('references between entries become the ids that the hub gives, in every kind of link', async (t) => {
  const registry = await start(t)
  const document: Resource = {
    resourceType: 'DocumentReference',
    status: 'current',
    subject,
    content: [{ attachment: { contentType: 'text/plain', url: uuid(2) } }],
    context: { related: [{ reference: uuid(1) }] },
  }
  const binary = {
    resourceType: 'Binary',
    contentType: 'text/plain',
    securityContext: { reference: uuid(3) },
    data: 'aGVp',
  }
  const answer = await send(registry, [
    post(document, uuid(3)),
    post(binary, uuid(2)),
    post(observation('O1'), uuid(1)),
  ])
  const [documentId, binaryId, observationId] = [0, 1, 2].map((index) => idAt(answer, index))
  const { body } = await registry.ask(CLINICIAN, `DocumentReference/${documentId}`)
  assert.equal(body.content[0].attachment.url, `Binary/${binaryId}`)
  assert.equal(body.context.related[0].reference, `Observation/${observationId}`)
  const bytes = await registry.ask(CLINICIAN, `Binary/${binaryId}`, {
    headers: { accept: 'text/plain' },
  })
  assert.deepEqual([bytes.status, bytes.body], [200, 'hei'])
})

test('a relative reference counts from its entry’s own server', async (t) => {
  const registry = await start(t)
  const answer = await send(registry, [
    post(observation('O1'), 'https://ris.example/fhir/Observation/1'),
    post(
      observation('O2', { hasMember: [{ reference: 'Observation/1' }] }),
      'https://ris.example/fhir/Observation/2',
    ),
  ])
  const { body } = await registry.ask(PUBLISHER, `Observation/${idAt(answer, 1)}`)
  assert.equal(body.hasMember[0].reference, `Observation/${idAt(answer, 0)}`)
})

test('entries are done in R4’s order whatever theirs, and answered in theirs', async (t) => {
  const registry = await start(t)
  const first = await send(registry, [post(observation('O1')), post(observation('O2'))])
  const [kept, dropped] = [idAt(first, 0), idAt(first, 1)]
  const answer = await send(registry, [
    entry({ method: 'GET', url: `Observation?identifier=${SYSTEM}|` }),
    entry({ method: 'GET', url: `Observation/${kept}` }),
    entry(
      { method: 'PUT', url: `Observation/${kept}` },
      observation('O1', { id: kept, status: 'amended', hasMember: [{ reference: uuid(4) }] }),
    ),
    post(observation('O3'), uuid(4)),
    entry({ method: 'DELETE', url: `Observation/${dropped}` }),
  ])
  const statuses = responsesOf(answer).map(({ status }) => status)
  assert.deepEqual(statuses, ['200', '200', '200', '201', '204'])
  const [found, read] = answer.body.entry
  assert.deepEqual(
    new Set(found.resource.entry.map((one: { resource: { id: string } }) => one.resource.id)),
    new Set([kept, idAt(answer, 3)]),
  )
  assert.deepEqual([read.resource.status, read.response.etag], ['amended', 'W/"2"'])
  assert.equal(read.resource.hasMember[0].reference, `Observation/${idAt(answer, 3)}`)
  assert.equal((await registry.ask(PUBLISHER, `Observation/${dropped}`)).status, 410)
  assert.equal(registry.audit.length, 3)
})

test('conditions find, update and delete what they match', async (t) => {
  const registry = await start(t)
  const first = await send(
    registry,
    ['O1', 'O2', 'O3', 'O4'].map((value) => post(observation(value))),
  )
  const by = (value: string): string => `identifier=${SYSTEM}|${value}`
  const patch = [{ op: 'replace', path: '/status', value: 'corrected' }]
  const answer = await send(registry, [
    post(observation('O1'), uuid(1), { ifNoneExist: by('O1') }),
    entry(
      { method: 'PUT', url: `Observation?${by('O2')}` },
      observation('O2', { status: 'amended' }),
    ),
    entry({ method: 'PUT', url: `Observation?${by('O9')}` }, observation('O9')),
    entry({ method: 'DELETE', url: `Observation?${by('O3')}` }),
    entry({ method: 'DELETE', url: `Observation?${by('O8')}` }),
    entry(
      { method: 'PATCH', url: `Observation?${by('O4')}` },
      {
        resourceType: 'Binary',
        contentType: 'application/json-patch+json',
        data: Buffer.from(JSON.stringify(patch)).toString('base64'),
      },
    ),
    post(observation('O5', { hasMember: [{ reference: uuid(1) }] })),
  ])
  assert.deepEqual(
    responsesOf(answer).map(({ status }) => status),
    ['200', '200', '201', '204', '204', '200', '201'],
  )
  assert.equal(idAt(answer, 0), idAt(first, 0))
  const member = await registry.ask(PUBLISHER, `Observation/${idAt(answer, 6)}`)
  assert.equal(member.body.hasMember[0].reference, `Observation/${idAt(first, 0)}`)
  const patched = await registry.ask(PUBLISHER, `Observation/${idAt(first, 3)}`)
  assert.equal(patched.body.status, 'corrected')
})

test('a conditional reference finds its patient by national id, which is not kept', async (t) => {
  const registry = await start(t)
  const named = { reference: `Patient?identifier=${NATIONAL}|${ANNES_NUMBER}` }
  const answer = await send(registry, [
    post(observation('O1', { subject: named })),
    post(observation('O2', { derivedFrom: [{ reference: 'ImagingStudy?identifier=ACC-a1' }] })),
  ])
  const one = await registry.ask(CLINICIAN, `Observation/${idAt(answer, 0)}`)
  assert.deepEqual(one.body.subject, { reference: `Patient/${ANNE}` })
  const other = await registry.ask(PUBLISHER, `Observation/${idAt(answer, 1)}`)
  assert.equal(other.body.derivedFrom[0].reference, 'ImagingStudy/a1')
})

test('a conditional reference may mean what another entry writes under the same condition', async (t) => {
  const registry = await start(t)
  const url = `Observation?identifier=${SYSTEM}|O1`
  const answer = await send(registry, [
    post(observation('O2', { hasMember: [{ reference: url }] })),
    entry({ method: 'PUT', url }, observation('O1')),
  ])
  const { body } = await registry.ask(PUBLISHER, `Observation/${idAt(answer, 0)}`)
  assert.equal(body.hasMember[0].reference, `Observation/${idAt(answer, 1)}`)
})

for (const [what, entries, status, place] of [
  [
    'a conditional reference that matches nothing',
    () => [post(observation('O2', { subject: { reference: 'Patient?identifier=urn:x|1' } }))],
    412,
    'Bundle.entry[1]',
  ],
  [
    'a conditional reference to what the caller may not see',
    () => [post(observation('O2', { derivedFrom: [{ reference: 'ImagingStudy?_id=w1' }] }))],
    412,
    'Bundle.entry[1]',
  ],
  [
    'a version that is not the current one',
    (id: string) => [
      entry(
        { method: 'PUT', url: `Observation/${id}`, ifMatch: 'W/"4"' },
        observation('O0', { id }),
      ),
    ],
    412,
    'Bundle.entry[1]',
  ],
  [
    'a read of nothing',
    () => [entry({ method: 'GET', url: 'Observation/nothing' })],
    404,
    'Bundle.entry[1]',
  ],
  [
    'an update of nothing of the caller’s',
    () => [
      entry(
        { method: 'PUT', url: 'ImagingStudy/w1' },
        {
          resourceType: 'ImagingStudy',
          id: 'w1',
          status: 'available',
          identifier: [{ system: 'urn:dicom:uid', value: 'urn:oid:2.25.1' }],
          subject,
          numberOfSeries: 0,
          numberOfInstances: 0,
        },
      ),
    ],
    404,
    'Bundle.entry[1]',
  ],
  [
    'two entries about one resource',
    (id: string) => [
      entry({ method: 'PUT', url: `Observation/${id}` }, observation('O0', { id })),
      entry({ method: 'DELETE', url: `Observation?identifier=${SYSTEM}|O0` }),
    ],
    422,
    'Bundle.entry[2].request',
  ],
  [
    'two entries under one condition',
    () =>
      [1, 2].map((digit) =>
        post(observation('O7'), uuid(digit), { ifNoneExist: `identifier=${SYSTEM}|O7` }),
      ),
    422,
    'Bundle.entry[2].request',
  ],
  [
    'a condition that matches several',
    () => [entry({ method: 'DELETE', url: 'Observation?code:text=Dose' })],
    412,
    'Bundle.entry[1]',
  ],
  [
    'an operation',
    () => [entry({ method: 'POST', url: 'Patient/$match' }, { resourceType: 'Parameters' })],
    422,
    'Bundle.entry[1].request.url',
  ],
  [
    'a patch of another kind',
    (id: string) => [
      entry({ method: 'PATCH', url: `Observation/${id}` }, { resourceType: 'Parameters' }),
    ],
    422,
    'Bundle.entry[1]',
  ],
] as const) {
  test(`a transaction with ${what} stores nothing, and says where`, async (t) => {
    const registry = await start(t)
    await putStudy(registry, { id: 'w1', patient: BERIT, custodian: WEST })
    const first = await send(registry, [post(observation('O0')), post(observation('O00'))])
    const answer = await send(registry, [post(observation('O1')), ...entries(idAt(first, 0))])
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    assert.ok(
      placesOf(answer).every((one) => one.startsWith(place)),
      placesOf(answer).join(', '),
    )
    assert.equal(idsOf(await registry.ask(PUBLISHER, 'Observation')).length, 2)
  })
}

test('cycles of references are stored as they are', async (t) => {
  const registry = await start(t)
  const answer = await send(registry, [
    post(observation('O1', { hasMember: [{ reference: uuid(2) }] }), uuid(1)),
    post(observation('O2', { hasMember: [{ reference: uuid(1) }] }), uuid(2)),
  ])
  const { body } = await registry.ask(PUBLISHER, `Observation/${idAt(answer, 0)}`)
  assert.equal(body.hasMember[0].reference, `Observation/${idAt(answer, 1)}`)
})

test('a Bundle of ten thousand entries is refused before any of them is looked at', async (t) => {
  const registry = await start(t)
  const entries = Array.from({ length: 10_000 }, (_, index) => ({
    request: { method: 'GET', url: `Patient/${index}` },
  }))
  for (const type of ['transaction', 'batch']) {
    const answer = await send(registry, entries, { type })
    assert.equal(answer.status, 422)
    assert.match(answer.body.issue[0].details.text, /at most 500 entries/)
    assert.deepEqual(placesOf(answer), ['Bundle.entry'])
  }
  assert.equal(registry.audit.length, 0)
})

test('a transaction that asks for many searches, or refers by many conditions, is refused', async (t) => {
  const registry = await start(t)
  const searches = Array.from({ length: 51 }, () => entry({ method: 'GET', url: 'Observation' }))
  const hasMember = Array.from({ length: 501 }, (_, index) => ({
    reference: `Observation?identifier=${index}`,
  }))
  for (const entries of [searches, [post(observation('O1', { hasMember }))]]) {
    const answer = await send(registry, entries)
    assert.equal(answer.status, 422)
    assert.deepEqual(placesOf(answer), ['Bundle.entry'])
  }
  const batch = await send(registry, searches, { type: 'batch' })
  assert.deepEqual(new Set(responsesOf(batch).map(({ status }) => status)), new Set(['200']))
})

test('a batch does each entry on its own, whatever becomes of the others', async (t) => {
  const registry = await start(t)
  const first = await send(registry, [post(observation('O1'))])
  const id = idAt(first, 0)
  const answer = await send(
    registry,
    [
      entry({ method: 'GET', url: `Observation/${id}` }),
      entry({ method: 'GET', url: `Observation/${id}`, ifNoneMatch: 'W/"1"' }),
      entry({ method: 'GET', url: 'Observation/nothing' }),
      entry({ method: 'GET', url: `Observation?identifier=${SYSTEM}|O1` }),
      entry({ method: 'GET', url: `Observation/${id}/_history` }),
      entry({ method: 'GET', url: `Observation/${id}/_history/1` }),
      entry({ method: 'HEAD', url: `Observation/${id}` }),
      post(observation('O2', { status: 'dancing' })),
      post({ resourceType: 'Provenance' }),
      entry(
        { method: 'PUT', url: `Observation/${id}`, ifMatch: 'W/"9"' },
        observation('O1', { id }),
      ),
      entry({ method: 'PUT', url: `Observation/${id}` }, observation('O1', { id })),
      entry({ method: 'DELETE', url: `Observation?identifier=${SYSTEM}|O1` }),
      entry({ method: 'DELETE', url: 'Observation' }),
      { resource: observation('O3') },
    ],
    { type: 'batch' },
  )
  assert.deepEqual(
    responsesOf(answer).map(({ status }) => status),
    '200 304 404 200 200 200 200 422 405 412 200 204 422 422'.split(' '),
  )
  assert.deepEqual(
    answer.body.entry.slice(0, 5).map((one: { resource?: Resource }) => one.resource?.resourceType),
    ['Observation', undefined, undefined, 'Bundle', 'Bundle'],
  )
})

test('what a Bundle wrote comes back where it is preferred', async (t) => {
  const registry = await start(t)
  const sent = [post(observation('O1'))]
  const one = await send(registry, sent, { headers: { prefer: 'return=representation' } })
  assert.equal(one.body.entry[0].resource.resourceType, 'Observation')
  const other = await send(registry, sent, { headers: { prefer: 'return=OperationOutcome' } })
  assert.equal(other.body.entry[0].response.outcome.resourceType, 'OperationOutcome')
})

test('transactions that write the same resources in other orders wait for each other', async (t) => {
  const registry = await start(t)
  const first = await send(
    registry,
    ['O1', 'O2'].map((value) => post(observation(value))),
  )
  const ids = [idAt(first, 0), idAt(first, 1)]
  const put = (id: string): object =>
    entry({ method: 'PUT', url: `Observation/${id}` }, observation('O', { id }))
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      send(registry, (index % 2 === 0 ? ids : ids.toReversed()).map(put)),
    ),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  for (const id of ids) {
    const { body } = await registry.ask(PUBLISHER, `Observation/${id}`)
    assert.equal(body.meta.versionId, '21')
  }
})
