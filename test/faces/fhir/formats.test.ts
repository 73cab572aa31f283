import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  ANNE,
  CLINICIAN,
  NORTH,
  PUBLISHER,
  putPatients,
  putStudy,
  startRegistry,
  type Answer,
  type Registry,
} from '../../support/registry.ts'

const XML = { accept: 'application/fhir+xml' }

async function start(t: TestContext): Promise<Registry> {
  const registry = await startRegistry(t)
  await putPatients(registry)
  await putStudy(registry, { id: 'a1', patient: ANNE, custodian: NORTH })
  return registry
}

const OBSERVATION = `<Observation xmlns="http://hl7.org/fhir"><status value="final"/>
  <code><text value="Dose"/></code><subject><reference value="Patient/${ANNE}"/></subject>
  <valueQuantity><value value="1.50"/><unit value="mGy"/></valueQuantity></Observation>`

test('what is sent in XML is stored with its digits, and read in either format', async (t) => {
  const registry = await start(t)
  const created = await registry.send(PUBLISHER, 'POST', 'Observation', {
    body: OBSERVATION,
    type: 'application/fhir+xml',
    headers: XML,
  })
  assert.equal(created.status, 201, created.body)
  assert.match(created.headers.get('content-type') ?? '', /^application\/fhir\+xml/)
  assert.match(created.body, /<value value="1\.50"\/>/)
  const path = (created.headers.get('location') ?? '').replace(/\/_history.*/, '')
  const asked = await fetch(path, { headers: { 'x-caller': keyOf() } })
  assert.match(await asked.text(), /"value":1\.50/)
})

/** The harness knows a caller by this name. */
function keyOf(): string {
  return [PUBLISHER.member, '', ...PUBLISHER.actions].join('/')
}

test('searches, histories, Bundles and errors are written in XML too', async (t) => {
  const registry = await start(t)
  for (const [path, element] of [
    ['ImagingStudy?_include=ImagingStudy:patient', 'Bundle'],
    ['ImagingStudy/a1/_history', 'Bundle'],
    ['ImagingStudy/a1', 'ImagingStudy'],
    ['ImagingStudy/nothing', 'OperationOutcome'],
    ['metadata', 'CapabilityStatement'],
  ] as const) {
    const { headers, body } = await registry.ask(CLINICIAN, path, { headers: XML })
    assert.match(headers.get('content-type') ?? '', /^application\/fhir\+xml/, path)
    assert.match(body, new RegExp(`<${element} xmlns="http://hl7.org/fhir"`), path)
  }
  const bundle = `<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><resource>
    ${OBSERVATION}</resource><request><method value="POST"/><url value="Observation"/></request></entry></Bundle>`
  const answer = await registry.send(PUBLISHER, 'POST', '', {
    body: bundle,
    type: 'application/fhir+xml',
    headers: { ...XML, prefer: 'return=representation' },
  })
  assert.equal(answer.status, 200, answer.body)
  assert.match(answer.body, /<status value="201"\/>/)
  assert.match(answer.body, /<value value="1\.50"\/>/)
})

test('XML that is none is refused with its place', async (t) => {
  const registry = await start(t)
  for (const body of ['<Observation', '<a/>', OBSERVATION.replace('<status', '<colour'), '']) {
    const answer = await registry.send(PUBLISHER, 'POST', 'Observation', {
      body,
      type: 'application/fhir+xml',
    })
    assert.equal(answer.status, 400, body)
    assert.equal(answer.body.resourceType, 'OperationOutcome')
  }
})

test('a search by POST may name its format in the form', async (t) => {
  const registry = await start(t)
  const answer = await registry.search(CLINICIAN, 'ImagingStudy', { _format: 'xml' })
  assert.match(answer.body, /^<\?xml|^<Bundle/)
  assert.equal((await registry.search(CLINICIAN, 'ImagingStudy', { _format: 'ttl' })).status, 406)
})

test('_pretty is for people', async (t) => {
  const registry = await start(t)
  const text = async (path: string): Promise<string> => {
    const answer = await fetch(`${registry.base}/${path}`)
    return answer.text()
  }
  assert.match(await text('metadata?_pretty=true'), /^\{\n {2}"resourceType"/)
  assert.match(await text('metadata'), /^\{"resourceType"/)
})

test('_summary and _elements give a part, and say so', async (t) => {
  const registry = await start(t)
  const part = (answer: Answer): [string[], string] => {
    const { meta, ...rest } = answer.body.entry?.[0].resource ?? answer.body
    return [Object.keys(rest).toSorted(), meta.tag?.[0].code]
  }
  for (const path of ['ImagingStudy/a1?_elements=series', 'ImagingStudy?_elements=series']) {
    const [names, tag] = part(await registry.ask(CLINICIAN, path))
    assert.deepEqual(
      [names.includes('series'), names.includes('identifier'), tag],
      [true, false, 'SUBSETTED'],
    )
  }
  for (const path of ['ImagingStudy/a1?_summary=text', 'ImagingStudy?_summary=text']) {
    const [names, tag] = part(await registry.ask(CLINICIAN, path))
    assert.deepEqual([names.includes('series'), tag], [false, 'SUBSETTED'])
  }
  const [whole] = part(await registry.ask(CLINICIAN, 'ImagingStudy/a1?_summary=false'))
  assert.ok(whole.includes('series'))
  const count = await registry.ask(CLINICIAN, 'ImagingStudy?_summary=count')
  assert.deepEqual([count.body.total, count.body.entry], [1, undefined])
})

test('whoever has a version is not sent it again', async (t) => {
  const registry = await start(t)
  const first = await registry.ask(CLINICIAN, 'ImagingStudy/a1')
  const modified = first.headers.get('last-modified') ?? ''
  const before = new Date(Date.parse(modified) - 1000).toUTCString()
  const ask = async (headers: Record<string, string>): Promise<number> =>
    (await registry.ask(CLINICIAN, 'ImagingStudy/a1', { headers })).status
  assert.equal(await ask({ 'if-modified-since': modified }), 304)
  assert.equal(await ask({ 'if-modified-since': before }), 200)
  assert.equal(await ask({ 'if-modified-since': 'yesterday' }), 200)
  assert.equal(await ask({ 'if-none-match': 'W/"7"', 'if-modified-since': modified }), 200)
  assert.equal(await ask({ 'if-none-match': 'W/"1"', 'if-modified-since': before }), 304)
})

test('HEAD tells what GET would, without the body', async (t) => {
  const registry = await start(t)
  for (const path of ['ImagingStudy/a1', 'ImagingStudy', 'ImagingStudy/a1/_history', 'metadata']) {
    const get = await registry.ask(CLINICIAN, path)
    const head = await registry.ask(CLINICIAN, path, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('etag')], [200, get.headers.get('etag')], path)
    assert.equal(head.headers.get('content-type'), get.headers.get('content-type'))
  }
})
