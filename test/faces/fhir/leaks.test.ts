/** What an answer lets a caller infer about rows that it may not see, and where national ids might come out. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { makeLimitRate } from '../../../src/services/limit-rate.ts'
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
  type Caller,
  type Over,
  type Registry,
} from '../../support/registry.ts'
import { SAMPLES } from '../../support/samples-by-type.ts'

const OTHERS: Caller = {
  member: WEST,
  actions: ['find', 'read-report', 'publish', 'read-directory', 'identify'],
  filter: { kind: 'custodian', in: [WEST] },
}

/** One study that the caller sees, and of the same patient everything else hidden from it. */
async function start(t: TestContext, over?: Over): Promise<Registry> {
  const registry = await startRegistry(t, over)
  await putPatients(registry)
  await putStudy(registry, { id: 'seen', patient: ANNE, custodian: WEST, started: '2024-01-01' })
  await putStudy(registry, { id: 'hidden', patient: ANNE, custodian: NORTH, started: '2024-02-02' })
  const subject = { reference: `Patient/${ANNE}` }
  const hidden = { patient: ANNE, custodian: NORTH }
  const links = ['seen', 'hidden'].map((id) => ({ reference: `ImagingStudy/${id}` }))
  const code = { text: 'Secret' }
  for (const row of [
    {
      resourceType: 'DiagnosticReport',
      id: 'hidden-report',
      status: 'final',
      code,
      subject,
      imagingStudy: links,
    },
    {
      resourceType: 'Observation',
      id: 'hidden-observation',
      status: 'final',
      code,
      subject,
      derivedFrom: links,
    },
    {
      resourceType: 'List',
      id: 'hidden-list',
      status: 'current',
      mode: 'working',
      subject,
      entry: links.map((item) => ({ item })),
    },
    {
      resourceType: 'Task',
      id: 'hidden-task',
      status: 'requested',
      intent: 'order',
      for: subject,
      focus: links[0],
    },
    {
      resourceType: 'ServiceRequest',
      id: 'hidden-order',
      status: 'active',
      intent: 'order',
      subject,
    },
    {
      resourceType: 'DocumentReference',
      id: 'hidden-document',
      status: 'current',
      subject,
      context: { related: links },
      content: [{ attachment: { title: 'Secret' } }],
    },
    { resourceType: 'Binary', id: 'hidden-binary', contentType: 'text/plain', data: 'U2VjcmV0' },
  ])
    await registry.put(row, hidden)
  await registry.put(
    {
      resourceType: 'Group',
      id: 'hidden-group',
      type: 'person',
      actual: true,
      member: [{ entity: subject }],
    },
    { custodian: NORTH },
  )
  return registry
}

const HIDDEN = [
  'hidden',
  'hidden-report',
  'hidden-observation',
  'hidden-list',
  'hidden-task',
  'hidden-order',
  'hidden-document',
  'hidden-binary',
  'hidden-group',
]
const TYPES = [
  'ImagingStudy',
  'DiagnosticReport',
  'Observation',
  'List',
  'Task',
  'ServiceRequest',
  'DocumentReference',
  'Binary',
  'Group',
  'Patient',
  'Provenance',
]

function everyId({ body }: Answer): string[] {
  const entries: { resource?: { id?: string } }[] = body.entry ?? []
  return entries.map(({ resource }) => resource?.id ?? '')
}

test('no way of asking brings a hidden row along', async (t) => {
  const registry = await start(t)
  const ways = [
    ...TYPES.flatMap((type) => [
      `${type}?_count=500&_include=*&_include:iterate=*&_revinclude=*&_revinclude:iterate=*`,
      `${type}?_sort=-_lastUpdated&_total=accurate`,
      `${type}?_lastUpdated=gt2000&_total=estimate`,
      `${type}/_history?_count=500`,
    ]),
    `Patient/${ANNE}`,
    'ImagingStudy?_revinclude=DiagnosticReport:imaging-study&_revinclude=Observation:derived-from',
  ]
  for (const way of ways) {
    const answer = await registry.ask(OTHERS, way)
    const found = everyId(answer).filter((id) => HIDDEN.includes(id))
    assert.deepEqual(found, [], way)
  }
})

test('no condition on hidden rows tells a row that is seen from one that is not', async (t) => {
  const registry = await start(t)
  for (const query of [
    'ImagingStudy?_has:DiagnosticReport:imaging-study:status=final',
    'ImagingStudy?_has:DiagnosticReport:imaging-study:_id=hidden-report',
    'ImagingStudy?_has:Observation:derived-from:_id=hidden-observation',
    'ImagingStudy?_has:List:item:_id=hidden-list',
    'ImagingStudy?_has:Task:focus:_id=hidden-task',
    'ImagingStudy?_has:DocumentReference:related:_id=hidden-document',
    'ImagingStudy?subject:Patient._has:DiagnosticReport:subject:status=final',
    'ImagingStudy?subject:Patient._has:Group:member:_id=hidden-group',
    'ImagingStudy?subject:Patient._has:ImagingStudy:subject:_id=hidden',
    'ImagingStudy?subject:Patient._has:ImagingStudy:subject:started=2024-02-02',
    'Patient?_has:DiagnosticReport:subject:status=final',
    'Patient?_has:ImagingStudy:patient:_id=hidden',
    'Patient?_has:Group:member:_id=hidden-group',
  ]) {
    for (const more of ['', '&_total=accurate', '&_summary=count', '&_count=0']) {
      const answer = await registry.ask(OTHERS, `${query}${more}`)
      assert.equal(answer.status, 200, query)
      assert.deepEqual([answer.body.total ?? 0, idsOf(answer)], [0, []], query + more)
    }
    // What is not hidden is what is seen.
    if (query.includes('_has:ImagingStudy')) continue
    const negated = query.replace(/=([^=]*)$/, ':not=$1')
    const answer = await registry.ask(OTHERS, negated)
    assert.ok(answer.status === 400 || idsOf(answer).length === 0, negated)
  }
})

test('the total of what is seen counts nothing else', async (t) => {
  const registry = await start(t)
  for (const total of ['accurate', 'estimate']) {
    const all = await registry.ask(OTHERS, `ImagingStudy?_total=${total}`)
    assert.equal(all.body.total, 1)
    const hidden = await registry.ask(OTHERS, `ImagingStudy?_id=seen,hidden&_total=${total}`)
    assert.equal(hidden.body.total, 1)
  }
})

test('what is hidden and what never was are one answer, whatever is asked of it', async (t) => {
  const registry = await start(t)
  const parts = (answer: Answer, id: string): unknown[] => [
    answer.status,
    [...answer.headers.keys()].toSorted(),
    JSON.stringify(answer.body ?? null)
      .replaceAll(id, 'X')
      .replaceAll(/"timestamp":"[^"]*"/g, ''),
  ]
  for (const [type, id] of [
    ['ImagingStudy', 'hidden'],
    ['DiagnosticReport', 'hidden-report'],
    ['Observation', 'hidden-observation'],
    ['Binary', 'hidden-binary'],
    ['Group', 'hidden-group'],
    ['Patient', BERIT],
  ] as const) {
    for (const [method, suffix, body, kind, headers] of [
      ['GET', '', undefined, undefined, {}],
      ['GET', '', undefined, undefined, { 'if-none-match': 'W/"1"' }],
      ['GET', '/_history', undefined, undefined, {}],
      ['GET', '/_history/1', undefined, undefined, {}],
      ['GET', '/$validate', undefined, undefined, {}],
      ['DELETE', '', undefined, undefined, {}],
      ['DELETE', '', undefined, undefined, { 'if-match': 'W/"1"' }],
      [
        'PATCH',
        '',
        { op: 'test', path: '/status', value: 'final' },
        'application/json-patch+json',
        {},
      ],
      ['PUT', '', SAMPLES.get(type), undefined, {}],
    ] as const) {
      const ask = (name: string): Promise<Answer> =>
        registry.send(OTHERS, method, `${type}/${name}${suffix}`, {
          ...(body !== undefined && {
            body: 'op' in body ? [body] : { ...body, id: name },
          }),
          ...(kind !== undefined && { type: kind }),
          headers,
        })
      const [hidden, absent] = [await ask(id), await ask('never-was')]
      assert.deepEqual(parts(hidden, id), parts(absent, 'never-was'), `${method} ${type}${suffix}`)
    }
  }
})

test('a link to the next page is its own caller’s', async (t) => {
  const registry = await start(t)
  await putStudy(registry, { id: 'seen2', patient: ANNE, custodian: WEST })
  const first = await registry.ask(OTHERS, 'ImagingStudy?_count=1')
  const links: { relation: string; url: string }[] = first.body.link
  const next = links.find(({ relation }) => relation === 'next')?.url ?? ''
  assert.equal((await registry.ask(OTHERS, next)).status, 200)
  assert.equal((await registry.ask(PUBLISHER, next)).status, 400)
  assert.equal((await registry.ask(CLINICIAN, next)).status, 400)
  assert.equal((await registry.ask(OTHERS, next.replace('ImagingStudy', 'Patient'))).status, 400)
})

test('persons are looked for no faster by several in one request, or by several ways', async (t) => {
  const limitRate = makeLimitRate({ clock: () => new Date(0), perMinute: 3 })
  const registry = await start(t, { limitRate })
  const identify: Caller = { ...OTHERS, actions: ['identify'] }
  const url = `Patient?identifier=${NATIONAL}|${ANNES_NUMBER}`
  const entry = Array.from({ length: 20 }, () => ({ request: { method: 'GET', url } }))
  const batch = await registry.post(identify, '', { resourceType: 'Bundle', type: 'batch', entry })
  const statuses: string[] = batch.body.entry.map(
    ({ response }: { response: { status: string } }) => response.status,
  )
  assert.equal(statuses.filter((status) => status === '200').length, 3)
  assert.equal(statuses.filter((status) => status === '429').length, 17)
  const match = {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'resource',
        resource: {
          resourceType: 'Patient',
          identifier: [{ system: NATIONAL, value: ANNES_NUMBER }],
        },
      },
    ],
  }
  assert.equal((await registry.post(identify, 'Patient/$match', match)).status, 429)
  const pix = {
    resourceType: 'Parameters',
    parameter: [{ name: 'sourceIdentifier', valueString: `${NATIONAL}|${ANNES_NUMBER}` }],
  }
  assert.equal((await registry.post(identify, 'Patient/$ihe-pix', pix)).status, 429)
  const transaction = await registry.post(identify, '', {
    resourceType: 'Bundle',
    type: 'transaction',
    entry,
  })
  assert.ok(transaction.status >= 400)
})

test('a national id comes out nowhere, wherever it is put in', async (t) => {
  const registry = await start(t)
  const id = ANNES_NUMBER
  const sample = { ...SAMPLES.get('Observation') }
  const entryOf = (request: object, resource?: object): object => ({
    request,
    ...(resource && { resource }),
  })
  const bundle = (type: string, ...entry: object[]): object => ({
    resourceType: 'Bundle',
    type,
    entry,
  })
  const answers: Answer[] = []
  for (const path of [
    `Patient/${id}`,
    `Patient/${id}/_history`,
    `ImagingStudy/x/_history/${id}`,
    id,
    `${id}/x`,
    `Patient/$${id}`,
    `Patient?identifier=${NATIONAL}|${id}`,
    `Patient?${id}=1`,
    `Patient?name:${id}=x`,
    `Patient?_sort=${id}`,
    `Patient?_include=${id}`,
    `Patient?birthdate=${id}`,
    `Observation?patient.identifier=${id}`,
    `Observation?_has:${id}:x:y=1`,
    `Patient?_count=${id}`,
    `Patient?_page=${id}`,
    `Patient?_format=${id}`,
    `Patient?_elements=${id}`,
    `ImagingStudy/${id}/$validate`,
    `Patient/${id}/$everything`,
  ])
    answers.push(await registry.ask(OTHERS, path, { headers: { prefer: 'handling=strict' } }))
  for (const body of [
    { ...sample, subject: { identifier: { system: NATIONAL, value: id } }, status: id },
    { ...sample, subject: { identifier: { system: 'urn:x', value: id } } },
    { ...sample, subject: { reference: `Patient/${id}` } },
    { ...sample, subject: { reference: `Patient?identifier=${NATIONAL}|${id}` } },
    { ...sample, [id]: 1 },
    { ...sample, effectiveDateTime: id },
    { ...sample, valueQuantity: { value: `x${id}` } },
    { ...sample, meta: { profile: [`http://x.example/${id}`], lastUpdated: id } },
    { ...sample, extension: [{ url: `urn:${id}`, valueX: id }] },
    { ...sample, code: { coding: [{ system: 'http://loinc.org', code: `${id} ${id}\u0001` }] } },
  ])
    answers.push(
      await registry.post(OTHERS, 'Observation', body, { prefer: 'return=OperationOutcome' }),
      await registry.post(OTHERS, 'Observation', body, {
        'if-none-exist': `identifier=${NATIONAL}|${id}&${id}=1`,
        prefer: 'return=minimal',
      }),
    )
  for (const type of ['batch', 'transaction'])
    answers.push(
      await registry.post(
        OTHERS,
        '',
        bundle(type, entryOf({ method: 'GET', url: `Patient/${id}` })),
      ),
      await registry.post(OTHERS, '', bundle(type, entryOf({ method: 'GET', url: id }))),
      await registry.post(OTHERS, '', bundle(type, entryOf({ method: id, url: id }))),
      await registry.post(
        OTHERS,
        '',
        bundle(type, entryOf({ method: 'DELETE', url: `Observation?identifier=x|${id}&${id}=2` })),
      ),
      await registry.post(
        OTHERS,
        '',
        bundle(
          type,
          entryOf({ method: 'POST', url: 'Observation', ifNoneExist: `subject:${id}=1` }, sample),
        ),
      ),
      await registry.post(
        OTHERS,
        '',
        bundle(type, entryOf({ method: 'PUT', url: `Observation/${id}` }, { ...sample, id })),
      ),
      await registry.post(
        OTHERS,
        '',
        bundle(type, {
          fullUrl: `urn:${id}`,
          request: { method: 'POST', url: 'Observation' },
          resource: {
            ...sample,
            subject: { reference: `Patient?identifier=${NATIONAL}|57858550078&x=${id}` },
          },
        }),
      ),
    )
  const said = answers.map(({ status, body, headers }) =>
    JSON.stringify([status, body, [...headers]]),
  )
  for (const text of said) assert.doesNotMatch(text, new RegExp(id), text.slice(0, 600))
  assert.doesNotMatch(registry.lines.join('\n'), new RegExp(id))
})

test('of two persons that were taken for one, neither is in the other’s past', async (t) => {
  const registry = await start(t)
  await putStudy(registry, { id: 'berits', patient: BERIT, custodian: NORTH })
  const clerk: Caller = {
    member: NORTH,
    actions: ['link-patients'],
    filter: { kind: 'everything' },
  }
  const { body: anne } = await registry.ask(PUBLISHER, `Patient/${ANNE}`)
  const { meta: _meta, ...person } = anne
  const link = [{ other: { reference: `Patient/${BERIT}` }, type: 'replaced-by' }]
  for (const body of [
    { ...person, link },
    { ...person, active: true },
  ]) {
    const sent = await registry.send(clerk, 'PUT', `Patient/${ANNE}`, { body })
    assert.equal(sent.status, 200, JSON.stringify(sent.body))
  }
  const berits: Caller = { ...CLINICIAN, filter: { kind: 'patient', is: BERIT }, grant: BERIT }
  const past = await registry.ask(berits, `Patient/${BERIT}/_history`)
  assert.ok(past.body.entry.length > 2)
  assert.doesNotMatch(JSON.stringify(past.body), new RegExp(`${ANNES_NUMBER}|Ødegård`))
  assert.equal((await registry.ask(berits, `Patient/${ANNE}/_history`)).status, 404)
})
