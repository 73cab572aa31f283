/** Bulk Data Access 2.0 over HTTP, with the jobs at work. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OrganizationId, PatientId } from '../../../../src/kernel/ids.ts'
import { EXPORTER, idsIn, withExports } from '../../../support/exports.ts'
import {
  ANNE,
  ANNES_NUMBER,
  BERIT,
  keyOf,
  NATIONAL,
  NORTH,
  PUBLISHER,
  putPatients,
  putStudy,
  WEST,
  type Caller,
  type Registry,
} from '../../../support/registry.ts'

const WEST_EXPORTER: Caller = {
  ...EXPORTER,
  member: WEST,
  filter: { kind: 'custodian', in: [WEST] },
}

interface Placed {
  readonly patient?: PatientId
  readonly at?: Date
  readonly custodian?: OrganizationId
}

async function putReport(
  registry: Registry,
  id: string,
  { patient = ANNE, at = new Date(), custodian = NORTH }: Placed = {},
): Promise<void> {
  const report = {
    ...{ resourceType: 'DiagnosticReport', id, status: 'final', code: { text: 'CT' } },
    subject: { reference: `Patient/${patient}` },
  }
  await registry.put(report, { patient, custodian }, { at })
}

/** A study of each at North and one at West, and a report at North. */
async function fill(registry: Registry): Promise<void> {
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH, modality: 'CT' })
  await putStudy(registry, { id: 'b1', patient: BERIT, custodian: NORTH, modality: 'MR' })
  await putStudy(registry, { id: 'a2', patient: ANNE, custodian: WEST })
  await putReport(registry, 'r1')
}

function outcomeText({ body }: { readonly body: any }): string {
  assert.equal(body.resourceType, 'OperationOutcome')
  return JSON.stringify(body)
}

test('a system export has what a search of that client shows, and nothing else', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    const manifest = await exports.exported(EXPORTER, '$export')
    assert.deepEqual(await idsIn(exports, EXPORTER, manifest), {
      Patient: ['anne', 'berit'],
      ImagingStudy: ['a1', 'b1'],
      DiagnosticReport: ['r1'],
    })
    assert.equal(manifest.request, `${exports.base}/$export`)
    assert.ok(Math.abs(Date.parse(manifest.transactionTime) - Date.now()) < 60_000)
    const west = await exports.exported(WEST_EXPORTER, '$export?_type=ImagingStudy,Patient')
    const seen = await idsIn(exports, WEST_EXPORTER, west)
    assert.deepEqual(seen, { Patient: ['anne'], ImagingStudy: ['a2'] })
  }))

test('what is exported is what is stored, line by line', (t) =>
  withExports(t, {}, async (exports) => {
    await putStudy(exports, { id: 'a1', patient: ANNE, custodian: NORTH })
    const { output } = await exports.exported(EXPORTER, '$export?_type=ImagingStudy')
    const read = await exports.ask(EXPORTER, 'ImagingStudy/a1')
    assert.equal(output.length, 1)
    assert.deepEqual(await exports.linesOf(EXPORTER, output[0]?.url ?? ''), [read.body])
    assert.equal(output[0]?.count, 1)
  }))

test('an export of Patients leaves out what is nobody’s, one of a Group what is others’', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    await exports.put(groupOf([BERIT]), { custodian: NORTH })
    const all = await exports.exported(EXPORTER, 'Patient/$export')
    assert.deepEqual(await idsIn(exports, EXPORTER, all), {
      Patient: ['anne', 'berit'],
      ImagingStudy: ['a1', 'b1'],
      DiagnosticReport: ['r1'],
    })
    const some = await exports.exported(EXPORTER, 'Group/g1/$export')
    assert.deepEqual(await idsIn(exports, EXPORTER, some), {
      Patient: ['berit'],
      ImagingStudy: ['b1'],
    })
  }))

function groupOf(patients: readonly string[]) {
  return {
    ...{ resourceType: 'Group', id: 'g1', type: 'person', actual: true },
    member: patients.map((id) => ({ entity: { reference: `Patient/${id}` } })),
  }
}

test('a Group of another member, and one that is not there, are not found', (t) =>
  withExports(t, {}, async (exports) => {
    await exports.put(groupOf([ANNE]), { custodian: WEST })
    for (const where of ['Group/g1/$export', 'Group/none/$export']) {
      const answer = await exports.kickOff(EXPORTER, where)
      assert.equal(answer.status, 404, outcomeText(answer))
    }
    assert.deepEqual(
      exports.audit.map(({ act, outcome }) => [act, outcome]),
      [
        ['access-refused', '4'],
        ['access-refused', '4'],
      ],
    )
  }))

test('parameters come in a body as well, patients there alone', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    const parameters = {
      resourceType: 'Parameters',
      parameter: [
        { name: '_type', valueString: 'ImagingStudy' },
        { name: '_outputFormat', valueString: 'application/fhir+ndjson' },
        { name: 'patient', valueReference: { reference: 'Patient/anne' } },
      ],
    }
    const async = { prefer: 'respond-async' }
    const begun = await exports.post(EXPORTER, 'Patient/$export', parameters, async)
    assert.equal(begun.status, 202, outcomeText(begun))
    const { body } = await exports.finished(EXPORTER, begun.headers.get('content-location') ?? '')
    assert.deepEqual(await idsIn(exports, EXPORTER, body), { ImagingStudy: ['a1'] })
    const inUrl = await exports.kickOff(EXPORTER, 'Patient/$export?patient=Patient/anne')
    const atSystem = await exports.post(EXPORTER, '$export', parameters, async)
    assert.deepEqual([inUrl.status, atSystem.status], [400, 400])
  }))

test('_since exports what changed after it, and tells of what was deleted', (t) =>
  withExports(t, {}, async (exports) => {
    const before = new Date('2026-01-01T00:00:00Z')
    const since = '2026-02-01T00:00:00Z'
    const after = new Date('2026-03-01T00:00:00Z')
    await putReport(exports, 'old', { at: before })
    await putReport(exports, 'gone', { at: before })
    await putReport(exports, 'west', { at: before, custodian: WEST })
    await putReport(exports, 'new', { at: after })
    for (const [id, custodian] of [
      ['gone', NORTH],
      ['west', WEST],
    ] as const)
      await exports.put(
        { resourceType: 'DiagnosticReport', id },
        { custodian, patient: ANNE },
        { method: 'DELETE', at: after },
      )
    const query = `_type=DiagnosticReport&_since=${since}`
    const manifest = await exports.exported(EXPORTER, `$export?${query}`)
    assert.deepEqual(await idsIn(exports, EXPORTER, manifest), { DiagnosticReport: ['new'] })
    assert.deepEqual(
      manifest.deleted.map(({ type, count }) => [type, count]),
      [['Bundle', 1]],
    )
    const [bundle] = await exports.linesOf(EXPORTER, manifest.deleted[0]?.url ?? '')
    assert.equal(bundle.type, 'transaction')
    assert.deepEqual(bundle.entry, [
      { request: { method: 'DELETE', url: 'DiagnosticReport/gone' } },
    ])
  }))

test('filters of one type are alternatives, and leave other types whole', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    await putStudy(exports, { id: 'c1', patient: ANNE, custodian: NORTH, modality: 'US' })
    const filters = [
      'ImagingStudy?modality=CT&patient=Patient/anne',
      'ImagingStudy?modality=MR,US&patient=berit',
    ]
    const query = new URLSearchParams({
      _type: 'ImagingStudy,DiagnosticReport',
      _typeFilter: filters.join(','),
    })
    const manifest = await exports.exported(EXPORTER, `$export?${query.toString()}`)
    assert.deepEqual(await idsIn(exports, EXPORTER, manifest), {
      ImagingStudy: ['a1', 'b1'],
      DiagnosticReport: ['r1'],
    })
  }))

test('a filter does not see through what the client may not see', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    await putReport(exports, 'w1', { patient: BERIT, custodian: WEST })
    const query = new URLSearchParams({
      _type: 'Patient',
      _typeFilter: 'Patient?_has:DiagnosticReport:patient:status=final',
    })
    const manifest = await exports.exported(EXPORTER, `$export?${query.toString()}`)
    assert.deepEqual(await idsIn(exports, EXPORTER, manifest), { Patient: ['anne'] })
  }))

test('parts of resources are exported where parts are wanted', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    const query = '_type=Patient,ImagingStudy&_elements=Patient.birthDate'
    const { output } = await exports.exported(EXPORTER, `$export?${query}`)
    const [patients, studies] = output.map(({ url }) => url)
    const [anne] = await exports.linesOf(EXPORTER, patients ?? '')
    assert.equal(anne.birthDate, '1985-05-17')
    assert.equal(anne.name, undefined)
    assert.equal(anne.meta.tag[0].code, 'SUBSETTED')
    const [study] = await exports.linesOf(EXPORTER, studies ?? '')
    assert.equal(study.status, 'available')
  }))

test('what cannot be understood is refused, all of it at once', (t) =>
  withExports(t, { idle: true }, async (exports) => {
    const bad = [
      '_type=Nonsense',
      '_type=',
      '_type=AuditEvent',
      '_since=yesterday',
      '_since=2026-01-01',
      '_outputFormat=application/fhir+json',
      '_typeFilter=ImagingStudy',
      '_typeFilter=ImagingStudy%3F_include%3D*',
      '_typeFilter=ImagingStudy%3Fnonsense%3D1',
      '_typeFilter=Nonsense%3Fa%3D1',
      '_type=Patient&_typeFilter=ImagingStudy%3Fmodality%3DCT',
      '_elements=a-b',
      'organizeOutputBy=Patient',
      `_typeFilter=${'ImagingStudy%3Fmodality%3DCT,'.repeat(60)}ImagingStudy%3Fmodality%3DCT`,
      '_type=%00',
      '_typeFilter=ImagingStudy%3Fmodality%3D%00',
    ]
    for (const query of bad) {
      const answer = await exports.kickOff(EXPORTER, `$export?${query}`)
      assert.equal(answer.status, 400, `${query}: ${JSON.stringify(answer.body)}`)
    }
    const all = await exports.kickOff(EXPORTER, '$export?_since=x&nonsense=1&_outputFormat=csv')
    assert.equal(all.body.issue.length, 3)
    const long = await exports.post(
      EXPORTER,
      '$export',
      {
        resourceType: 'Parameters',
        parameter: [{ name: '_type', valueString: 'x'.repeat(70_000) }],
      },
      { prefer: 'respond-async' },
    )
    assert.equal(long.status, 413)
    const now = await exports.ask(EXPORTER, '$export')
    assert.match(outcomeText(now), /respond-async/)
    assert.equal(now.status, 400)
  }))

test('lenient handling leaves out what is not known, and says so', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    const lenient = { prefer: 'respond-async, handling=lenient' }
    const query = '_type=ImagingStudy,Nonsense&organizeOutputBy=Patient'
    const begun = await exports.kickOff(EXPORTER, `$export?${query}`, lenient)
    assert.equal(begun.status, 202)
    assert.match(outcomeText(begun), /organizeOutputBy/)
    const { body } = await exports.finished(EXPORTER, begun.headers.get('content-location') ?? '')
    assert.deepEqual(await idsIn(exports, EXPORTER, body), { ImagingStudy: ['a1', 'b1'] })
    const nothing = await exports.kickOff(EXPORTER, '$export?_type=Nonsense', lenient)
    assert.equal(nothing.status, 400)
  }))

test('a national id stands in no URL, in no log and not in the manifest', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    const filter = `Patient?identifier=${NATIONAL}|${ANNES_NUMBER}`
    const inUrl = await exports.kickOff(
      EXPORTER,
      `$export?_typeFilter=${encodeURIComponent(filter)}`,
    )
    assert.equal(inUrl.status, 400)
    const parameters = {
      resourceType: 'Parameters',
      parameter: [
        { name: '_type', valueString: 'Patient' },
        { name: '_typeFilter', valueString: filter },
      ],
    }
    const begun = await exports.post(EXPORTER, '$export', parameters, { prefer: 'respond-async' })
    const location = begun.headers.get('content-location') ?? ''
    const { body } = await exports.finished(EXPORTER, location)
    assert.deepEqual(await idsIn(exports, EXPORTER, body), { Patient: ['anne'] })
    const { rows } = await exports.pool.query('select * from export')
    const kept = [rows, body, exports.audit, exports.lines].map((one) => JSON.stringify(one))
    assert.ok(kept.every((text) => !text.includes(ANNES_NUMBER)))
    assert.ok(!rows.some(({ asked }) => Buffer.from(asked).includes(ANNES_NUMBER)))
  }))

test('another client’s export is not there, nor are its files', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    const { location, output } = await exports.exported(EXPORTER, '$export')
    const [file] = output.map(({ url }) => url)
    for (const url of [location, file ?? '']) {
      assert.equal((await exports.ask(WEST_EXPORTER, url)).status, 404)
      assert.equal((await fetch(url)).status, 401)
    }
    const deleted = await exports.ask(WEST_EXPORTER, location, { method: 'DELETE' })
    assert.equal(deleted.status, 404)
    assert.equal((await exports.ask(EXPORTER, location)).status, 200)
    for (const id of ['x', '..%2f', '1'.repeat(300), '00000000-0000-4000-8000-000000000000'])
      assert.equal((await exports.ask(EXPORTER, `export/${id}`)).status, 404)
    for (const name of ['0.ndjson', '99.ndjson', '1', '1.json', '-1.ndjson', '1e9.ndjson'])
      assert.equal((await exports.fetch(EXPORTER, `${location}/${name}`)).status, 404)
  }))

test('who may not export is refused, and so is a type beyond the token', (t) =>
  withExports(t, { idle: true }, async (exports) => {
    assert.equal((await exports.kickOff(PUBLISHER, '$export')).status, 403)
    const narrow: Caller = { ...EXPORTER, actions: ['find', 'export'] }
    const beyond = await exports.kickOff(narrow, '$export?_type=DiagnosticReport')
    assert.equal(beyond.status, 403)
    const acts = exports.audit.map(({ act, outcome }) => [act, outcome])
    assert.deepEqual(acts, [
      ['access-refused', '4'],
      ['access-refused', '4'],
    ])
  }))

test('start, end and each file that is handed out are in the log', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    const { output } = await exports.exported(EXPORTER, '$export?_type=ImagingStudy')
    const [url = ''] = output.map((one) => one.url)
    await exports.linesOf(EXPORTER, url)
    const head = await exports.fetch(EXPORTER, url, { method: 'HEAD' })
    assert.equal(head.status, 200)
    const logged = exports.audit.filter(({ act }) => act === 'export')
    assert.deepEqual(
      logged.map(({ channel, outcome }) => [channel === 'job', outcome]),
      [
        [false, '0'],
        [true, '0'],
        [false, '0'],
      ],
    )
    exports.failAudit()
    const unlogged = await exports.fetch(EXPORTER, url)
    assert.equal(unlogged.status, 500)
    assert.doesNotMatch(await unlogged.text(), /ImagingStudy/)
  }))

test('a file is sent whole, in ranges, compressed, or not again', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    const { output } = await exports.exported(EXPORTER, '$export?_type=ImagingStudy')
    const [url = ''] = output.map((one) => one.url)
    const get = (headers: Record<string, string>) =>
      exports.fetch(EXPORTER, url, { headers: { 'accept-encoding': 'identity', ...headers } })
    const whole = await get({})
    assert.equal(whole.headers.get('content-type'), 'application/fhir+ndjson')
    const bytes = Buffer.from(await whole.arrayBuffer())
    assert.equal(whole.headers.get('content-length'), String(bytes.length))

    const ranges = [
      ['bytes=0-9', bytes.subarray(0, 10)],
      ['bytes=10-', bytes.subarray(10)],
      ['bytes=-5', bytes.subarray(-5)],
      ['bytes=5-999999', bytes.subarray(5)],
    ] as const
    for (const [range, part] of ranges) {
      const answer = await get({ range })
      assert.equal(answer.status, 206)
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), part)
    }
    for (const range of ['bytes=0-1,3-4', 'bytes=9-5', 'lines=1-2', 'bytes=-', 'bytes=a-b'])
      assert.equal((await get({ range })).status, 200)
    assert.equal((await get({ range: 'bytes=999999-' })).status, 416)
    assert.equal((await get({ range: 'bytes=-0' })).status, 416)
    const etag = whole.headers.get('etag') ?? ''
    assert.equal((await get({ 'if-none-match': etag })).status, 304)
    assert.equal((await get({ range: 'bytes=0-1', 'if-range': '"other"' })).status, 200)
    assert.equal((await get({ range: 'bytes=0-1', 'if-range': etag })).status, 206)

    const zipped = await exports.fetch(EXPORTER, url, { headers: { 'accept-encoding': 'gzip' } })
    assert.equal(zipped.headers.get('content-encoding'), 'gzip')
    assert.notEqual(zipped.headers.get('etag'), etag)
    assert.deepEqual(Buffer.from(await zipped.arrayBuffer()), bytes)
  }))

test('a narrower token of the same client opens no file beyond it', (t) =>
  withExports(t, {}, async (exports) => {
    await fill(exports)
    const actions = [...EXPORTER.actions]
    const caller = { ...EXPORTER, actions }
    const { output } = await exports.exported(caller, '$export')
    const url = (type: string): string => output.find((one) => one.type === type)?.url ?? ''
    // What its token covers from now on.
    const headers = { 'x-caller': keyOf(caller) }
    actions.splice(actions.indexOf('read-report'), 1)
    assert.equal((await fetch(url('DiagnosticReport'), { headers })).status, 403)
    assert.equal((await fetch(url('ImagingStudy'), { headers })).status, 200)
  }))

test('methods that mean nothing here are refused with those that do', (t) =>
  withExports(t, { idle: true }, async (exports) => {
    const one = await exports.ask(EXPORTER, 'export/x', { method: 'PUT' })
    assert.deepEqual([one.status, one.headers.get('allow')], [405, 'GET, HEAD, DELETE'])
    const other = await exports.ask(EXPORTER, 'export/x/1.ndjson', { method: 'DELETE' })
    assert.deepEqual([other.status, other.headers.get('allow')], [405, 'GET, HEAD'])
  }))
