import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { isHubError } from '../../src/kernel/errors.ts'
import { makeHubClient, type HubClient } from '../../src/sources/hub.ts'
import { listen } from '../support/listen.ts'

interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A server that answers one after another, and what it was asked. */
async function hubAnswering(
  t: TestContext,
  answers: readonly ((url: string) => { readonly status?: number; readonly body: object })[],
): Promise<{ readonly hub: HubClient; readonly asked: readonly Asked[] }> {
  const asked: Asked[] = []
  const handler: RequestListener = (request, response) => {
    void text(request).then((body) => {
      const { method, url, headers } = request
      const answer = answers[asked.length]?.(base) ?? { status: 500, body: {} }
      asked.push({ method, url, headers, body })
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/fhir+json' })
      response.end(JSON.stringify(answer.body))
    })
  }
  const base = await listen(t, handler)
  const hub = makeHubClient({
    url: `${base}/`,
    authorize: async ({ method, url }) => ({ authorization: `DPoP ${method} ${url}` }),
  })
  t.after(() => hub.close())
  return { hub, asked }
}

const study = (id: string): object => ({ resource: { resourceType: 'ImagingStudy', id } })

void test('a search asks in the body, never in the address, and follows its pages', async (t) => {
  const { hub, asked } = await hubAnswering(t, [
    (base) => ({
      body: {
        resourceType: 'Bundle',
        entry: [study('1')],
        link: [{ relation: 'next', url: `${base}/fhir/ImagingStudy?_page=abc` }],
      },
    }),
    () => ({ body: { resourceType: 'Bundle', entry: [study('2')] } }),
  ])

  const found = await hub.search('ImagingStudy', { 'patient.identifier': 'urn:oid:1|17858550084' })

  assert.deepEqual(
    found.map(({ id }) => id),
    ['1', '2'],
  )
  assert.equal(asked[0]?.method, 'POST')
  assert.equal(asked[0].url, '/fhir/ImagingStudy/_search')
  assert.match(asked[0].body, /17858550084/)
  assert.equal(asked[1]?.url, '/fhir/ImagingStudy?_page=abc')
})

void test('each request is authorised for its own method and address, without the query', async (t) => {
  const { hub, asked } = await hubAnswering(t, [
    (base) => ({
      body: {
        resourceType: 'Bundle',
        link: [{ relation: 'next', url: `${base}/fhir/Patient?_page=1` }],
      },
    }),
    () => ({ body: { resourceType: 'Bundle' } }),
  ])
  await hub.search('Patient', {})
  const signed = asked.map(({ headers }) => headers.authorization?.replace(/http:\/\/[^/]+/, ''))
  assert.deepEqual(signed, ['DPoP POST /fhir/Patient/_search', 'DPoP GET /fhir/Patient'])
})

void test('a remark among the matches is not a match', async (t) => {
  const { hub } = await hubAnswering(t, [
    () => ({
      body: {
        resourceType: 'Bundle',
        entry: [study('1'), { resource: { resourceType: 'OperationOutcome' } }],
      },
    }),
  ])
  assert.equal((await hub.search('ImagingStudy', {})).length, 1)
})

void test('a next page on another server is not asked for', async (t) => {
  const { hub, asked } = await hubAnswering(t, [
    () => ({
      body: {
        resourceType: 'Bundle',
        link: [{ relation: 'next', url: 'http://elsewhere.example/fhir/Patient?_page=1' }],
      },
    }),
  ])
  await assert.rejects(hub.search('Patient', {}), (error) => isHubError(error, 'source-failed'))
  assert.equal(asked.length, 1)
})

void test("a refusal carries the hub's own words", async (t) => {
  const { hub } = await hubAnswering(t, [
    () => ({
      status: 422,
      body: {
        resourceType: 'OperationOutcome',
        issue: [{ severity: 'error', diagnostics: 'The report names no study' }],
      },
    }),
  ])
  await assert.rejects(
    hub.create('DiagnosticReport', { resourceType: 'DiagnosticReport' }),
    (error) => isHubError(error, 'unprocessable') && error.message.includes('names no study'),
  )
})

void test('a conditional create carries its condition', async (t) => {
  const { hub, asked } = await hubAnswering(t, [
    () => ({ status: 201, body: { resourceType: 'DiagnosticReport', id: 'r1' } }),
  ])
  const resource = { resourceType: 'DiagnosticReport', status: 'final' }
  assert.equal((await hub.create('DiagnosticReport', resource, 'identifier=a|b')).id, 'r1')
  assert.equal(asked[0]?.headers['if-none-exist'], 'identifier=a|b')
  assert.deepEqual(JSON.parse(asked[0].body), resource)
})

void test('a hub that is not there is unavailable', async (t) => {
  const hub = makeHubClient({ url: 'http://127.0.0.1:9', authorize: async () => ({}) })
  t.after(() => hub.close())
  await assert.rejects(hub.search('Patient', {}), (error) => isHubError(error, 'unavailable'))
  await assert.rejects(hub.searchInstances('1.2'), (error) => isHubError(error, 'unavailable'))
})
