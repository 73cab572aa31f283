/** Addresses, versions and numbers at their limits. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import http from 'node:http'
import {
  ANNE,
  idsOf,
  NORTH,
  putStudy,
  WEST,
  type Answer,
  type Caller,
  type Registry,
} from '../../support/registry.ts'
import {
  assertRefused,
  assertSafe,
  assertStillWorks,
  keyOf,
  OBSERVATION,
  PUBLISHER,
  registryWithPeople,
} from './hostile.ts'

/** Octets that `fetch` would put right. */
function sendRaw(registry: Registry, caller: Caller, target: string): Promise<Answer> {
  const { hostname, port, pathname } = new URL(registry.base)
  const path = target.startsWith('/') ? target : `${pathname}/${target}`
  const headers = { 'x-caller': keyOf(caller) }
  return new Promise((resolve, reject) => {
    const request = http.get({ hostname, port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const isJson = response.headers['content-type']?.includes('json') === true
        const body: unknown = isJson ? JSON.parse(text) : text
        resolve({ status: response.statusCode ?? 0, headers: new Headers(), body })
      })
    })
    request.on('error', reject)
  })
}

describe('addresses', () => {
  it('that lead nowhere say so', async (t) => {
    const registry = await registryWithPeople(t)
    await assertStillWorks(registry)
    for (const target of [
      '__proto__',
      'constructor',
      'Nothing',
      'observation',
      'Observation/a/b/c',
      'Observation/%00',
      'Observation/..%2F..%2Fmetadata',
      'Observation/%',
      'Observation/%zz',
      'Observation/%ff',
      'Observation/%ed%a0%80',
      `Observation/${'a'.repeat(65)}`,
      `Observation/${'a'.repeat(4_000)}`,
      'Observation/a_b',
      'Observation/none',
      'Observation/none/_history',
      'Observation/a1/_history/x',
      'ImagingStudy/a1/_history/0',
      'ImagingStudy/a1/_history/-1',
      'ImagingStudy/a1/_history/99999999999999999999',
      'ImagingStudy/a1/_history/1e0',
      'ImagingStudy/a1/$nothing',
      '$nothing',
      'ImagingStudy/$nothing',
      'ImagingStudy?_page=x',
      `ImagingStudy?_page=${'a'.repeat(5_000)}`,
      'Consent/x',
      'AuditEvent/x',
      'ImagingStudy?%=1',
      'ImagingStudy?modality=%',
      'ImagingStudy?modality=%zz',
      'ImagingStudy?modality=%00',
      'ImagingStudy?modality=%ff',
      'ImagingStudy?modality=%ed%a0%80',
      'ImagingStudy?_count=-1',
      'ImagingStudy?_count=1.5',
      'ImagingStudy?_count=99999999999999',
    ]) {
      const answer = await sendRaw(registry, PUBLISHER, target)
      assertSafe(answer, target)
      if (!target.includes('?')) assertRefused(answer, target)
    }
    await assertStillWorks(registry)
  })

  it('of a page are of use to nobody else', async (t) => {
    const registry = await registryWithPeople(t)
    await putStudy(registry, { id: 'a2', patient: ANNE, custodian: NORTH })
    const { body } = await registry.ask(PUBLISHER, 'ImagingStudy?_count=1')
    const next: string = body.link.find(({ relation }: any) => relation === 'next').url
    assert.deepEqual(idsOf(await registry.ask(PUBLISHER, next)), ['a2'])
    assertRefused(await registry.ask({ ...PUBLISHER, member: WEST }, next), 'another member')
    assertRefused(
      await registry.ask(PUBLISHER, next.replace('ImagingStudy', 'Observation')),
      'another type',
    )
    assertRefused(await registry.ask(PUBLISHER, `${next.slice(0, -4)}AAAA`), 'altered')
  })
})

describe('numbers', () => {
  const DIGITS = [
    '1.50',
    '0.10',
    '100',
    '1.000000000000000000001',
    '12345678901234567890.5',
    '1e3',
    '-0.0',
    '0.00',
  ]
  it('keep their digits', async (t) => {
    const registry = await registryWithPeople(t)
    for (const digits of DIGITS) await assertKept(registry, digits)
  })
})

/** Through create, read in both formats, update in XML, and search. */
async function assertKept(registry: Registry, digits: string): Promise<void> {
  const resource = JSON.stringify({ ...OBSERVATION, valueQuantity: { value: 0 } })
  const body = resource.replace('"value":0', `"value":${digits}`)
  const made = await registry.send(PUBLISHER, 'POST', 'Observation', { body })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const path = `Observation/${String(made.body.id)}`
  const asJson = `"value":${digits}}`
  assert.ok((await textAt(registry, path, 'json')).includes(asJson), digits)
  const xml = await textAt(registry, path, 'xml')
  assert.ok(xml.includes(`<value value="${digits}"/>`), xml)
  const sent = { body: xml, type: 'application/fhir+xml' }
  const again = await registry.send(PUBLISHER, 'PUT', path, sent)
  assert.equal(again.status, 200, JSON.stringify(again.body))
  assert.ok((await textAt(registry, path, 'json')).includes(asJson), digits)
  const asked = `Observation?_id=${String(made.body.id)}&value-quantity=${digits}`
  assert.deepEqual(idsOf(await registry.ask(PUBLISHER, asked)), [made.body.id], digits)
}

/** As it is sent, for JSON.parse would round it. */
async function textAt(registry: Registry, path: string, format: string): Promise<string> {
  const headers = { 'x-caller': keyOf(PUBLISHER), accept: `application/fhir+${format}` }
  return (await fetch(`${registry.base}/${path}`, { headers })).text()
}

describe('versions', () => {
  it('are matched by the ETag that was given and by no other', async (t) => {
    const registry = await registryWithPeople(t)
    const { body } = await registry.post(PUBLISHER, 'Observation', OBSERVATION)
    const path = `Observation/${String(body.id)}`
    const put = (match: string) =>
      registry.send(PUBLISHER, 'PUT', path, {
        body: { ...OBSERVATION, id: body.id },
        headers: { 'if-match': match },
      })
    for (const match of [
      'W/"2"',
      'W/"0"',
      '"1x"',
      'W/"01"',
      'W/"1',
      '1e0',
      'x',
      'W/"99999999999999999999"',
      `W/"${'1'.repeat(3_000)}"`,
    ]) {
      const answer = await put(match)
      assertRefused(answer, match)
      assert.ok([400, 412].includes(answer.status), `${match}: ${answer.status}`)
    }
    assert.equal((await put('W/"1"')).status, 200)
    assert.equal((await put('W/"1"')).status, 412)
    const gone = await registry.send(PUBLISHER, 'PUT', 'Observation/none', {
      body: { ...OBSERVATION, id: 'none' },
      headers: { 'if-match': 'W/"1"' },
    })
    assertRefused(gone, 'nothing there')
  })
})

describe('a reference by URL', () => {
  it('to a resource of the registry’s own is followed', async (t) => {
    const registry = await registryWithPeople(t)
    const { body: order } = await registry.post(PUBLISHER, 'ServiceRequest', {
      ...{ resourceType: 'ServiceRequest', status: 'active', intent: 'order' },
      subject: OBSERVATION.subject,
    })
    const reference = `${registry.base}/ServiceRequest/${String(order.id)}`
    const { body } = await registry.post(PUBLISHER, 'Observation', {
      ...OBSERVATION,
      basedOn: [{ reference }],
    })
    for (const query of [
      `based-on=${String(order.id)}`,
      `based-on=${reference}`,
      'based-on:ServiceRequest.intent=order',
    ])
      assert.deepEqual(
        idsOf(await registry.ask(PUBLISHER, `Observation?${query}`)),
        [body.id],
        query,
      )
    const along = await registry.ask(PUBLISHER, 'Observation?_include=Observation:based-on')
    assert.deepEqual(idsOf(along, 'include'), [order.id])
  })
})
