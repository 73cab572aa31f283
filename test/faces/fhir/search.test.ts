import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { keepLocalIds } from '../../../src/storage/patient-identifiers.ts'
import { identifierKeys } from '../../../src/wire/fhir/search-keys.ts'
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
  type Caller,
  type Registry,
} from '../../support/registry.ts'

async function registryWithStudies(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, {
    id: 'a1',
    patient: ANNE,
    custodian: NORTH,
    started: '2024-01-10T08:00:00Z',
  })
  await putStudy(registry, {
    id: 'a2',
    patient: ANNE,
    custodian: WEST,
    started: '2024-03-10T08:00:00Z',
    modality: 'MR',
  })
  await putStudy(registry, { id: 'a3', patient: ANNE, custodian: NORTH })
  await putStudy(registry, {
    id: 'b1',
    patient: BERIT,
    custodian: NORTH,
    started: '2024-02-10T08:00:00Z',
  })
  await putStudy(registry, { id: 'q1', patient: ANNE, custodian: NORTH, quarantined: true })
  return registry
}

test('a timeline comes newest first, with undated studies last', async (t) => {
  const registry = await registryWithStudies(t)
  const answer = await registry.ask(CLINICIAN, `ImagingStudy?patient=${ANNE}&_sort=-started`)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type'), 'application/fhir+json; charset=utf-8')
  assert.deepEqual(idsOf(answer), ['a2', 'a1', 'a3'])
  assert.equal(answer.body.total, 3)
  assert.equal(answer.body.entry[0].fullUrl, `${registry.base}/ImagingStudy/a2`)
  assert.equal(answer.body.entry[0].resource.meta.versionId, '1')
})

test('a search says in the audit who asked what, with identifiers masked', async (t) => {
  const registry = await registryWithStudies(t)
  await registry.search(CLINICIAN, 'ImagingStudy', {
    'patient.identifier': `${NATIONAL}|${ANNES_NUMBER}`,
    modality: 'CT',
  })
  const [record, ...more] = registry.audit
  assert.equal(more.length, 0)
  assert.equal(record?.act, 'search')
  assert.equal(record.patient, ANNE)
  assert.equal(record.decisionRef, 'decision')
  assert.deepEqual(record.entities, [
    { kind: 'query', query: 'ImagingStudy?patient.identifier=***&modality=CT' },
  ])
})

const STUDY_SEARCHES = [
  [{ 'patient.identifier': `${NATIONAL}|${ANNES_NUMBER}` }, ['a1', 'a2', 'a3']],
  [{ 'patient:Patient.identifier': ANNES_NUMBER }, ['a1', 'a2', 'a3']],
  [{ 'patient.identifier': `${NATIONAL}|57858550078` }, []],
  [{ subject: `Patient/${ANNE}`, modality: 'MR' }, ['a2']],
  [{ modality: 'MR,US' }, ['a2']],
  [{ 'modality:not': 'MR' }, ['a1', 'a3']],
  [{ started: 'ge2024-03' }, ['a2']],
  [{ started: '2024-01' }, ['a1']],
  [{ started: 'lt2024-02-01,gt2024-03-01' }, ['a1', 'a2']],
  [{ 'started:missing': 'true' }, ['a3']],
  [{ identifier: 'urn:dicom:uid|urn:oid:2.25.9749' }, ['a1']],
  [{ identifier: 'urn:dicom:uid|2.25.9749' }, ['a1']],
  [{ identifier: 'ACC-a3' }, ['a3']],
  [{ identifier: '|ACC-a3' }, []],
  [{ identifier: 'urn:oid:1.2.3|' }, ['a1', 'a2', 'a3']],
  [{ endpoint: `Endpoint/${WEST}-wado-rs` }, ['a2']],
  [{ status: 'http://hl7.org/fhir/imagingstudy-status|available' }, ['a1', 'a2', 'a3']],
  [{ _id: 'a1,b1' }, ['a1']],
  [{ _lastUpdated: 'lt2020' }, []],
] as const

test('studies are found by each of their parameters', async (t) => {
  const registry = await registryWithStudies(t)
  for (const [form, expected] of STUDY_SEARCHES) {
    await t.test(`${JSON.stringify(form)} finds ${expected.join(', ') || 'nothing'}`, async () => {
      assert.deepEqual(idsOf(await registry.search(CLINICIAN, 'ImagingStudy', form)), expected)
    })
  }
})

test('patients are found by name whatever the spelling, and exactly where that is asked', async (t) => {
  const registry = await registryWithStudies(t)
  for (const query of [
    'family=odeg',
    'family=ØDEGÅRD',
    'name:contains=gard',
    'family:exact=Ødegård',
    'birthdate=1985-05-17&gender=female',
  ]) {
    assert.deepEqual(idsOf(await registry.ask(CLINICIAN, `Patient?${query}`)), [ANNE], query)
  }
  assert.deepEqual(idsOf(await registry.ask(CLINICIAN, 'Patient?family:exact=odegard')), [])
})

test('a patient is seen by those alone who see something of the patient', async (t) => {
  const registry = await registryWithStudies(t)
  assert.deepEqual(idsOf(await registry.ask(PUBLISHER, 'Patient')), [ANNE, BERIT])
  assert.deepEqual(idsOf(await registry.ask(CLINICIAN, 'Patient')), [ANNE])
  const blocked = { ...CLINICIAN, filter: { kind: 'nothing' } } as const
  assert.deepEqual(idsOf(await registry.ask(blocked, 'Patient')), [])
  assert.equal((await registry.ask(blocked, `Patient/${ANNE}`)).status, 404)
})

test('a study in quarantine is shown to nobody, its custodian neither', async (t) => {
  const registry = await registryWithStudies(t)
  for (const caller of [CLINICIAN, PUBLISHER]) {
    assert.deepEqual(idsOf(await registry.ask(caller, 'ImagingStudy?_id=q1')), [])
    assert.equal((await registry.ask(caller, 'ImagingStudy/q1')).status, 404)
  }
})

test('totals count what the caller may see and nothing else', async (t) => {
  const registry = await registryWithStudies(t)
  const narrowed = {
    ...CLINICIAN,
    filter: {
      kind: 'and',
      of: [CLINICIAN.filter, { kind: 'not', of: { kind: 'custodian', in: [NORTH] } }],
    },
  } as const
  const total = async (caller: typeof CLINICIAN, query: string): Promise<number> => {
    const answer = await registry.ask(caller, `ImagingStudy?${query}`)
    return answer.body.total
  }
  assert.equal(await total(CLINICIAN, '_summary=count'), 3)
  assert.equal(await total(narrowed, '_summary=count'), 1)
  assert.equal(await total(narrowed, '_count=0'), 1)
  assert.equal(await total(CLINICIAN, '_count=1&_total=accurate'), 3)
  assert.equal(await total(CLINICIAN, '_count=1'), undefined)
})

test('what is included is filtered like what is searched', async (t) => {
  const registry = await registryWithStudies(t)
  await registry.put({
    resourceType: 'Provenance',
    id: 'pa1',
    target: [{ reference: 'ImagingStudy/a1' }],
    recorded: '2024-01-10T08:00:00Z',
    agent: [{ who: { display: 'x' } }],
  })
  await registry.put({
    resourceType: 'Provenance',
    id: 'pb1',
    target: [{ reference: 'ImagingStudy/b1' }],
    recorded: '2024-01-10T08:00:00Z',
    agent: [{ who: { display: 'x' } }],
  })
  const report = {
    resourceType: 'DiagnosticReport',
    status: 'final',
    code: { text: 'CT' },
    imagingStudy: [{ reference: 'ImagingStudy/a1' }],
  }
  await registry.put({ ...report, id: 'ra1' }, { patient: ANNE, custodian: NORTH })
  await registry.put({ ...report, id: 'rb1' }, { patient: BERIT, custodian: NORTH })

  const both =
    '_include=ImagingStudy:patient&_revinclude=Provenance:target&_revinclude=DiagnosticReport:imaging-study'
  const answer = await registry.ask(CLINICIAN, `ImagingStudy?_id=a1&${both}`)
  assert.deepEqual(idsOf(answer), ['a1'])
  assert.deepEqual(idsOf(answer, 'include').toSorted(), [ANNE, 'pa1', 'ra1'])

  const findOnly = { ...CLINICIAN, actions: ['find'] } as const
  const less = await registry.ask(findOnly, `ImagingStudy?_id=a1&${both}`)
  assert.deepEqual(idsOf(less, 'include').toSorted(), [ANNE, 'pa1'])
  assert.deepEqual(idsOf(await registry.ask(CLINICIAN, 'Provenance')), ['pa1'])
  assert.deepEqual(
    idsOf(
      await registry.ask(CLINICIAN, `Patient?_revinclude=ImagingStudy:patient`),
      'include',
    ).toSorted(),
    ['a1', 'a2', 'a3'],
  )
})

test('pages neither repeat nor lose a study while others are written and removed', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const wanted = Array.from({ length: 25 }, (_, index) => `s${String(index).padStart(2, '0')}`)
  for (const [index, id] of wanted.entries()) {
    // Pairs share their time, and some have none: ties and nulls are where paging breaks.
    const started =
      index % 5 === 0
        ? {}
        : { started: `2024-01-${String(1 + (index >> 1)).padStart(2, '0')}T00:00:00Z` }
    await putStudy(registry, { id, patient: ANNE, custodian: NORTH, ...started })
  }
  for (const sort of ['-started', 'started', '_id', '-_id', '']) {
    const seen: string[] = []
    let answer: Answer = await registry.ask(CLINICIAN, `ImagingStudy?_count=4&_sort=${sort}`)
    for (let page = 0; ; page++) {
      seen.push(...idsOf(answer))
      const other = `n${sort}${page}`.replaceAll(/[^a-z0-9]/g, 'x')
      await putStudy(registry, {
        id: other,
        patient: BERIT,
        custodian: NORTH,
        started: '2024-01-05T00:00:00Z',
      })
      const next = nextOf(answer)
      if (next === undefined) break
      answer = await registry.ask(CLINICIAN, next)
      assert.equal(answer.status, 200)
    }
    assert.deepEqual(seen.toSorted(), wanted, `sorted by ${sort}`)
  }
})

test('a page link works for the token it was made for and for no other', async (t) => {
  const registry = await registryWithStudies(t)
  const next = nextOf(await registry.ask(CLINICIAN, 'ImagingStudy?_count=1')) ?? ''
  assert.equal((await registry.ask(CLINICIAN, next)).status, 200)
  assert.equal((await registry.ask(PUBLISHER, next)).status, 400)
  assert.equal((await registry.ask({ ...CLINICIAN, grant: BERIT }, next)).status, 400)
  assert.equal(
    (await registry.ask(CLINICIAN, next.replace('ImagingStudy?', 'Patient?'))).status,
    400,
  )
  assert.equal((await registry.ask(CLINICIAN, `${next}x`)).status, 400)
})

test('a later page obeys a block that came in between', async (t) => {
  const registry = await registryWithStudies(t)
  const next = nextOf(await registry.ask(CLINICIAN, 'ImagingStudy?_count=1')) ?? ''
  const blocked = { ...CLINICIAN, filter: { kind: 'nothing' } } as const
  assert.deepEqual(idsOf(await registry.ask(blocked, next)), [])
})

test('a national id in a URL is refused and repeated nowhere', async (t) => {
  const registry = await registryWithStudies(t)
  for (const query of [
    `patient.identifier=${NATIONAL}%7C${ANNES_NUMBER}`,
    `identifier=${ANNES_NUMBER}`,
    `identifier=12345678901`,
    `name=${ANNES_NUMBER}`,
    `general-practitioner=178585+50084`,
  ]) {
    const answer = await registry.ask(CLINICIAN, `Patient?${query}`)
    assert.equal(answer.status, 400)
    assert.equal(answer.body.resourceType, 'OperationOutcome')
    assert.doesNotMatch(JSON.stringify(answer.body), new RegExp(ANNES_NUMBER))
  }
})

test('digits that are no national id may stand in a URL where no person is named', async (t) => {
  const registry = await registryWithStudies(t)
  for (const query of [
    'series=1.2.17858550084.3',
    'series=urn:oid:2.25.17858550084',
    'endpoint=12345678901',
    '_id=6f7a8e4c-0b1d-4c5e-8f90-178585500849',
  ]) {
    assert.equal((await registry.ask(CLINICIAN, `ImagingStudy?${query}`)).status, 200, query)
  }
})

test('links of a search by national id do not carry it', async (t) => {
  const registry = await registryWithStudies(t)
  const answer = await registry.search(CLINICIAN, 'ImagingStudy', {
    'patient.identifier': `${NATIONAL}|${ANNES_NUMBER}`,
    _count: '2',
    _sort: '-started',
  })
  assert.deepEqual(idsOf(answer), ['a2', 'a1'])
  assert.doesNotMatch(JSON.stringify(answer.body.link), new RegExp(ANNES_NUMBER))
  assert.deepEqual(idsOf(await registry.ask(CLINICIAN, nextOf(answer) ?? '')), ['a3'])
  const self = answer.body.link[0].url
  assert.deepEqual(idsOf(await registry.ask(CLINICIAN, self)), ['a2', 'a1'])
})

test('an unknown parameter is named and left out, or refused where handling is strict', async (t) => {
  const registry = await registryWithStudies(t)
  const lenient = await registry.ask(CLINICIAN, 'ImagingStudy?modality=MR&colour=red')
  assert.deepEqual(idsOf(lenient), ['a2'])
  const outcome = lenient.body.entry.at(-1)
  assert.equal(outcome.search.mode, 'outcome')
  assert.match(outcome.resource.issue[0].details.text, /colour/)
  assert.equal(lenient.body.link[0].url, `${registry.base}/ImagingStudy?modality=MR`)

  const strict = await registry.ask(CLINICIAN, 'ImagingStudy?modality=MR&colour=red', {
    headers: { prefer: 'handling=strict' },
  })
  assert.equal(strict.status, 400)
  assert.deepEqual(strict.body.issue[0].expression, ['colour'])
})

test('all faults of a search are said at once', async (t) => {
  const registry = await registryWithStudies(t)
  const answer = await registry.ask(
    CLINICIAN,
    'ImagingStudy?started=soon&modality:above=CT&_count=x&_total=some',
  )
  assert.equal(answer.status, 400)
  const places = answer.body.issue.map((issue: { expression: string[] }) => issue.expression[0])
  assert.deepEqual(places, ['started', 'modality:above', '_count', '_total'])
})

test('an odd query is refused or finds nothing, and never breaks the hub', async (t) => {
  const registry = await startRegistry(t)
  for (const query of ODD_QUERIES) {
    const { status } = await registry.ask(CLINICIAN, `ImagingStudy?${query}`)
    assert.ok(status < 500, query.slice(0, 40))
  }
})

test('a name that every object inherits is a name like any other', async (t) => {
  const registry = await startRegistry(t)
  for (const name of INHERITED) {
    assert.equal((await registry.ask(CLINICIAN, name)).status, 404, name)
    assert.equal((await registry.ask(CLINICIAN, `${name}/x`)).status, 404, name)
    assert.equal((await registry.ask(CLINICIAN, `${name}/x/_history/1`)).status, 404, name)
    assert.equal((await registry.search(CLINICIAN, name, {})).status, 404, name)
    const resource = { resourceType: name }
    assert.equal((await registry.post(OPERATOR, name, resource)).status, 404, name)
    const put = { method: 'PUT', body: JSON.stringify(resource) }
    assert.equal((await registry.ask(OPERATOR, `${name}/x`, put)).status, 404, name)
    const entry = [{ resource, request: { method: 'POST', url: name } }]
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
    assert.equal((await registry.post(OPERATOR, '', bundle)).status, 422, name)
    const batch = await registry.post(OPERATOR, '', { ...bundle, type: 'batch' })
    assert.equal(batch.body.entry[0].response.status, '422', name)
  }
})

test('a parameter with a name that every object inherits is named as ignored', async (t) => {
  const registry = await startRegistry(t)
  for (const name of INHERITED) {
    for (const query of [`${name}=1`, `_include=${name}:x`, `_revinclude=${name}:x`]) {
      const { status, body } = await registry.ask(CLINICIAN, `ImagingStudy?${query}`)
      assert.equal(status, 200, query)
      const [parameter] = query.split('=')
      assert.deepEqual(body.entry[0].resource.issue[0].expression, [parameter], query)
    }
    const strict = { headers: { prefer: 'handling=strict' } }
    const refused = await registry.ask(CLINICIAN, `ImagingStudy?${name}=1`, strict)
    assert.deepEqual(refused.body.issue[0].expression, [name])
  }
})

const INHERITED = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf']

const ODD_QUERIES = [
  ...INHERITED.flatMap((name) => [`${name}=1`, `${name}:missing=true`, `patient:${name}=x`]),
  ...INHERITED.flatMap((name) => [`_sort=${name}`, `_include=${name}`, `_summary=${name}`]),
  '_id=%00',
  'modality=%00',
  'identifier=%FF%FE',
  'started=ge99999',
  '_sort=-nothing',
  '_include=X:y',
  '_page=abc',
  'a=b&'.repeat(100),
  `identifier=${'x,'.repeat(600)}`,
]

test('reports are found by their own parameters', async (t) => {
  const registry = await registryWithStudies(t)
  const report = {
    resourceType: 'DiagnosticReport',
    status: 'final',
    category: [{ coding: [{ system: 'http://loinc.org', code: '18748-4' }] }],
    code: { coding: [{ system: 'urn:oid:2.16.578.1.12.4.1.1.7270', code: 'SNA0GG' }] },
    effectiveDateTime: '2024-01-10T09:00:00Z',
    issued: '2024-01-11T10:00:00Z',
    performer: [{ reference: 'Organization/north' }],
    imagingStudy: [{ reference: 'ImagingStudy/a1' }],
    basedOn: [{ identifier: { system: 'urn:oid:1.2.3', value: 'ACC-a1' } }],
  }
  await registry.put({ ...report, id: 'r1' }, { patient: ANNE, custodian: NORTH })
  for (const query of [
    'code=SNA0GG',
    'category=http://loinc.org|18748-4',
    'date=2024-01-10',
    'date=ge2024-01-10&date=lt2024-01-11',
    'issued=2024-01-11',
    'performer=Organization/north',
    'performer=north',
    'imaging-study=a1',
    'based-on:identifier=ACC-a1',
    '_sort=-date',
    '_sort=-issued',
    'status:not=preliminary',
    'media:missing=true&code:missing=false',
  ]) {
    assert.deepEqual(
      idsOf(await registry.ask(CLINICIAN, `DiagnosticReport?${query}`)),
      ['r1'],
      query,
    )
  }
  for (const query of [
    'date=2024-01-11',
    'issued=lt2024-01-11',
    'performer=Organization/west',
    'code:missing=true',
    'code:not=SNA0GG',
  ]) {
    assert.deepEqual(idsOf(await registry.ask(CLINICIAN, `DiagnosticReport?${query}`)), [], query)
  }
})

test('whoever may not read consents finds none, and whoever may not find studies is told', async (t) => {
  const registry = await startRegistry(t)
  const consents = await registry.ask(PUBLISHER, 'Consent?patient=anne')
  assert.equal(consents.status, 200)
  assert.equal(consents.body.total, 0)
  const studies = await registry.ask({ ...PUBLISHER, actions: ['publish'] }, 'ImagingStudy')
  assert.equal(studies.status, 403)
  assert.equal(registry.audit.at(-1)?.act, 'access-refused')
})

function nextOf(answer: Answer): string | undefined {
  const links: { relation: string; url: string }[] = answer.body.link
  return links.find((link) => link.relation === 'next')?.url
}

test('a custodian’s own id of a patient finds that custodian’s material alone, and by it the Patient', async (t) => {
  const registry = await registryWithStudies(t)
  const ids = [{ system: 'urn:oid:2.999.1', value: 'NF-4711' }]
  const tokens = identifierKeys('urn:oid:2.999.1', 'NF-4711')
  const kept = ids.map((id) => ({ ...id, tokens }))
  await keepLocalIds(registry.pool, { patient: ANNE, custodian: NORTH, ids: kept })

  const found = async (caller: Caller, type: string, name: string, value: string) =>
    idsOf(await registry.search(caller, type, { [name]: value })).toSorted()
  const northHidden = {
    ...CLINICIAN,
    filter: { kind: 'and', of: [CLINICIAN.filter, { kind: 'custodian', in: [WEST] }] },
  } as const
  for (const value of ['urn:oid:2.999.1|NF-4711', 'NF-4711', 'urn:oid:2.999.1|']) {
    assert.deepEqual(await found(CLINICIAN, 'ImagingStudy', 'patient.identifier', value), [
      'a1',
      'a3',
    ])
    assert.deepEqual(await found(CLINICIAN, 'Patient', 'identifier', value), [ANNE])
    assert.deepEqual(await found(northHidden, 'ImagingStudy', 'patient.identifier', value), [])
    assert.deepEqual(await found(northHidden, 'Patient', 'identifier', value), [])
  }
  const number = `${NATIONAL}|${ANNES_NUMBER}`
  assert.deepEqual(await found(northHidden, 'Patient', 'identifier', number), [ANNE])
  assert.deepEqual(await found(northHidden, 'ImagingStudy', 'patient.identifier', number), ['a2'])
  assert.deepEqual(await found(CLINICIAN, 'Patient', 'identifier', '|NF-4711'), [])
})
