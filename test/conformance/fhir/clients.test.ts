/** Clients that others have written run a session against a hub as it is: nothing in it knows them. */
import { MedplumClient } from '@medplum/core'
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { Client } from 'fhir-kit-client'
import {
  observation,
  OBSERVED,
  orderAndFinding,
  startClientsHub,
  wish,
  type ClientsHub,
} from './clients-hub.ts'

// Its types would bring the browser's in, for everyone.
const require = createRequire(import.meta.url)
const fhirclient: any = require('fhirclient')

let hub: ClientsHub
const closers: (() => Promise<void>)[] = []

before(async () => {
  hub = await startClientsHub({ after: (close) => closers.push(close) })
})
after(async () => {
  for (const close of closers) await close()
})

const statusOf = (status: number) => (error: any) =>
  (error.response?.status ?? error.statusCode ?? error.status) === status

describe('fhir-kit-client', () => {
  it('runs a session', async () => {
    const { base, token, patient } = hub
    const client = new Client({ baseUrl: base, bearerToken: token })
    const resourceType = 'Observation'
    const statement: any = await client.capabilityStatement()
    assert.equal(statement.fhirVersion, '4.0.1')

    const made: any = await client.create({ resourceType, body: observation(patient, 'kit') })
    const { id } = made
    assert.equal(made.meta.versionId, '1')
    assert.deepEqual(await client.read({ resourceType, id }), made)
    const options = { headers: { 'if-match': 'W/"1"' } }
    const body = { ...made, status: 'final' }
    const updated: any = await client.update({ resourceType, id, body, options })
    assert.deepEqual([updated.meta.versionId, updated.status], ['2', 'final'])
    await assert.rejects(client.update({ resourceType, id, body, options }), statusOf(412))
    const jsonPatch = [{ op: 'replace', path: '/status', value: 'amended' } as const]
    const patched: any = await client.patch({ resourceType, id, jsonPatch })
    assert.deepEqual([patched.meta.versionId, patched.status], ['3', 'amended'])
    assert.deepEqual(await client.vread({ resourceType, id, version: '1' }), made)
    const history: any = await client.history({ resourceType, id })
    assert.deepEqual(
      history.entry.map((one: any) => one.request.method),
      ['PATCH', 'PUT', 'POST'],
    )

    const bundle: any = await client.transaction({ body: orderAndFinding(patient, 'kit') as never })
    assert.deepEqual(
      bundle.entry.map((one: any) => one.response.status.slice(0, 3)),
      ['201', '201'],
    )
    const code = `${OBSERVED}|kit`
    const searchParams = {
      code,
      _count: '1',
      _sort: '_lastUpdated',
      _include: 'Observation:subject',
    }
    const page: any = await client.search({ resourceType, searchParams })
    assert.deepEqual(
      page.entry.map((one: any) => one.search.mode),
      ['match', 'include'],
    )
    const next: any = await client.nextPage({ bundle: page })
    assert.equal(next.entry[0].resource.basedOn[0].reference.split('/')[0], 'ServiceRequest')
    assert.equal(await client.nextPage({ bundle: next }), undefined)
    const posted: any = await client.search({
      resourceType,
      searchParams: { code },
      options: { postSearch: true },
    })
    assert.equal(posted.total, 2)
    const order = await client.resolve({ reference: next.entry[0].resource.basedOn[0].reference })
    assert.equal(order.resourceType, 'ServiceRequest')

    const unfit = { ...observation(patient, 'kit'), status: 'nonsense' }
    const judged: any = await client.operation({ resourceType, name: '$validate', input: unfit })
    assert.equal(judged.issue[0].expression[0], 'Observation.status')
    const matched: any = await client.operation({
      resourceType: 'Patient',
      name: '$match',
      input: wish(),
    })
    assert.equal(matched.entry[0].resource.id, patient.split('/')[1])

    await client.delete({ resourceType, id })
    await assert.rejects(client.read({ resourceType, id }), statusOf(410))
  })
})

describe('fhirclient', () => {
  it('runs a session', async () => {
    const { base, token, patient } = hub
    const request = new IncomingMessage(new Socket())
    const smart = fhirclient(request, new ServerResponse(request))
    const state: any = {
      serverUrl: base,
      tokenResponse: { access_token: token, token_type: 'Bearer' },
    }
    const client = smart.client(state)
    const ask = (url: string, init: object = {}): Promise<any> => client.request({ url, ...init })
    assert.equal((await ask('metadata')).fhirVersion, '4.0.1')

    const made: any = await client.create(observation(patient, 'smart'))
    const name = `Observation/${String(made.id)}`
    assert.deepEqual(await ask(name), made)
    const headers = { 'if-match': 'W/"1"' }
    const updated: any = await client.update({ ...made, status: 'final' }, { headers })
    assert.equal(updated.meta.versionId, '2')
    await assert.rejects(client.update({ ...made, status: 'final' }, { headers }), statusOf(412))
    const patch = [{ op: 'replace', path: '/status', value: 'amended' }] as const
    const patched: any = await client.patch(name, patch)
    assert.equal(patched.status, 'amended')
    assert.deepEqual(await ask(`${name}/_history/1`), made)
    assert.equal((await ask(`${name}/_history`)).entry.length, 3)

    const json = { 'content-type': 'application/fhir+json' }
    const body = JSON.stringify(orderAndFinding(patient, 'smart'))
    const done = await ask('', { method: 'POST', body, headers: json })
    assert.equal(done.type, 'transaction-response')
    const query = `Observation?code=${OBSERVED}|smart&_sort=_lastUpdated`
    const all: any = await client.request(`${query}&_count=1`, { pageLimit: 0, flat: true })
    assert.equal(all.length, 2)
    assert.ok(all[1].basedOn[0].reference.startsWith('ServiceRequest/'))
    const resolved: any = await client.request(`${query}&_count=1`, {
      resolveReferences: ['subject'],
    })
    assert.equal(resolved.entry[0].resource.subject.name[0].family, 'Nordmann')
    const form = {
      method: 'POST',
      body: `code=${OBSERVED}|smart`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }
    assert.equal((await ask('Observation/_search', form)).total, 2)
    const along = await ask(`${query}&_include=Observation:based-on`)
    assert.deepEqual(
      along.entry.map((one: any) => one.search.mode),
      ['match', 'match', 'include'],
    )

    const matched = await ask('Patient/$match', {
      method: 'POST',
      body: JSON.stringify(wish()),
      headers: json,
    })
    assert.equal(matched.entry[0].resource.id, patient.split('/')[1])
    const judged = await ask('Observation/$validate', {
      method: 'POST',
      body: JSON.stringify(observation(patient, 'x')),
      headers: json,
    })
    assert.equal(judged.resourceType, 'OperationOutcome')

    await client.delete(name)
    await assert.rejects(ask(name), statusOf(410))
  })
})

describe('MedplumClient', () => {
  it('runs a session', async () => {
    const { base, token, patient } = hub
    const client = new MedplumClient({
      baseUrl: base.replace(/fhir$/, ''),
      fhirUrlPath: 'fhir',
      accessToken: token,
      cacheTime: 0,
    })
    const statement: any = await client.get(client.fhirUrl('metadata'))
    assert.equal(statement.fhirVersion, '4.0.1')

    const made: any = await client.createResource(observation(patient, 'plum') as never)
    const { id } = made
    assert.deepEqual({ ...(await client.readResource('Observation', id)) }, made)
    const headers = { 'if-match': 'W/"1"' }
    const updated: any = await client.updateResource({ ...made, status: 'final' }, { headers })
    assert.equal(updated.meta.versionId, '2')
    await assert.rejects(
      client.updateResource({ ...made, status: 'final' }, { headers }),
      (error: any) => error.outcome?.issue?.[0]?.code === 'conflict',
    )
    const patch = [{ op: 'replace', path: '/status', value: 'amended' } as const]
    const patched: any = await client.patchResource('Observation', id, patch)
    assert.equal(patched.status, 'amended')
    assert.deepEqual({ ...(await client.readVersion('Observation', id, '1')) }, made)
    assert.equal((await client.readHistory('Observation', id)).entry?.length, 3)

    const bundle: any = await client.executeBatch(orderAndFinding(patient, 'plum') as never)
    assert.equal(bundle.entry.length, 2)
    const query = { code: `${OBSERVED}|plum`, _sort: '_lastUpdated' }
    const pages: number[] = []
    for await (const page of client.searchResourcePages('Observation', { ...query, _count: '1' }))
      pages.push(page.length)
    assert.deepEqual(pages, [1, 1])
    const along: any = await client.search('Observation', {
      ...query,
      _include: 'Observation:based-on',
    })
    assert.deepEqual(
      along.entry.map((one: any) => one.search.mode),
      ['match', 'match', 'include'],
    )
    const posted: any = await client.post(
      client.fhirUrl('Observation', '_search'),
      `code=${OBSERVED}|plum`,
      'application/x-www-form-urlencoded',
    )
    assert.equal(posted.total, 2)
    const same: any = await client.createResourceIfNoneExist(
      observation(patient, 'plum') as never,
      `_id=${String(id)}`,
    )
    assert.equal(same.id, id)

    const judged = await client.validateResource(observation(patient, 'plum') as never)
    assert.equal(judged.resourceType, 'OperationOutcome')
    const matched: any = await client.post(client.fhirUrl('Patient', '$match'), wish())
    assert.equal(matched.entry[0].resource.id, patient.split('/')[1])

    const everything: any = await client.readPatientEverything(patient.split('/')[1] ?? '')
    const types = new Set(everything.entry.map((one: any) => one.resource.resourceType))
    assert.ok(types.has('Patient') && types.has('Observation') && types.has('ServiceRequest'))

    await client.deleteResource('Observation', id)
    await assert.rejects(
      client.readResource('Observation', id),
      (error: any) => error.outcome?.issue?.[0]?.code === 'deleted',
    )
  })
})
