import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import express, { type RequestHandler } from 'express'
import { openApi } from '../../../src/faces/admin/openapi.ts'
import { adminRouter } from '../../../src/faces/admin/router.ts'
import { setContext, setPrincipal } from '../../../src/faces/request-state.ts'
import type { Principal } from '../../../src/domain/access/principal.ts'
import type { AuditRecord } from '../../../src/domain/audit/event.ts'
import { HubError } from '../../../src/kernel/errors.ts'
import type { ClientId, OrganizationId, PatientId } from '../../../src/kernel/ids.ts'
import { makeAdmitClerk, makeAdmitOperator } from '../../../src/services/admit-operator.ts'
import type { PermitDeps } from '../../../src/services/permit.ts'
import { startAdministration, type TestAdministration } from '../../support/administration.ts'
import { listen } from '../../support/listen.ts'
import { silentLog } from '../../support/log.ts'

const principal: Principal = {
  client: 'operations' as ClientId,
  member: 'hub' as OrganizationId,
  actions: new Set(['operate']),
  tokenId: 'token-1',
}

/** A bearer check that knows three tokens. */
const bearer: RequestHandler = (req, _res, next) => {
  const actions = {
    operator: ['operate'],
    clerk: ['link-patients'],
    clinician: ['find'],
  } as const
  const known = Object.entries(actions).find(([name]) => req.get('authorization') === name)
  if (known === undefined) throw new HubError('unauthenticated', 'No access token was presented')
  setContext(req, { requestId: 'request-1', channel: 'admin' })
  setPrincipal(req, { ...principal, actions: new Set(known[1]) })
  next()
}

const noLinks = () => Promise.reject(new Error('not asked'))
const noReviews = {
  listBreakGlassReviews: async () => [],
  reviewBreakGlass: async () => undefined,
}

interface Answer {
  readonly status: number
  readonly type: string | null
  readonly body: ReturnType<typeof JSON.parse>
}

interface Admin extends TestAdministration {
  /** Attempts that were logged as refused. */
  readonly refused: readonly AuditRecord[]
  ask(method: string, path: string, body?: unknown, token?: string): Promise<Answer>
}

async function serve(t: TestContext): Promise<Admin> {
  const hub = await startAdministration(t)
  const refused: AuditRecord[] = []
  const app = express()
  const permitting: PermitDeps = {
    authorize: async (who, action) => {
      if (!who.actions.has(action)) throw new HubError('insufficient-scope', 'The scope lacks it')
      return { principal: who, action, filter: { kind: 'everything' } }
    },
    recordAudit: async (record) => void refused.push(record),
    clock: () => new Date(),
  }
  const router = adminRouter({
    administration: hub.administration,
    admitOperator: makeAdmitOperator(permitting),
    admitClerk: makeAdmitClerk(permitting),
    linkPatients: {
      merge: async (_who, link) => link,
      unmerge: async (_who, replaced) => ({ replaced, survivor: 'kept' as PatientId }),
    },
    ...noReviews,
    bearer,
    log: silentLog,
    baseUrl: 'https://hub.example/admin',
  })
  app.use('/admin', router)
  const base = await listen(t, app)
  return {
    ...hub,
    refused,
    async ask(method, path, body, token = 'operator') {
      const answer = await fetch(`${base}/admin${path}`, {
        method,
        headers: { authorization: token, 'content-type': 'application/json' },
        ...(body !== undefined && {
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      })
      const type = answer.headers.get('content-type')
      return { status: answer.status, type, body: JSON.parse(await answer.text()) }
    },
  }
}

const MEMBER = { orgnr: '974760673', name: 'Testsykehuset', roles: ['publisher'] }

test('operators admit a member, give it a client and a source, and see all three', async (t) => {
  const { ask, logged } = await serve(t)
  const member = await ask('POST', '/members', MEMBER)
  assert.equal(member.status, 201)
  const client = await ask('POST', '/clients', {
    member: member.body.id,
    name: 'RIS',
    scope: 'samsyn:publish',
  })
  assert.equal(client.status, 201)
  assert.equal(client.body.private_jwk.kty, 'EC')
  const source = await ask('POST', '/sources', {
    custodian: member.body.id,
    name: 'PACS',
    url: 'http://127.0.0.1:1/dicom-web',
    credentials: { kind: 'bearer', token: 'hemmelig' },
  })
  assert.equal(source.status, 201)
  assert.equal(source.body.credentials, 'bearer')

  assert.deepEqual((await ask('GET', '/members')).body, [member.body])
  assert.equal((await ask('GET', '/clients')).body[0].client_id, client.body.client_id)
  assert.equal((await ask('GET', '/sources')).body[0].id, source.body.id)
  assert.deepEqual(
    new Set(logged.map((record) => record.principal?.client)),
    new Set(['operations']),
  )
})

test('a listed client shows no private key', async (t) => {
  const { ask } = await serve(t)
  const { body: member } = await ask('POST', '/members', MEMBER)
  await ask('POST', '/clients', { member: member.id, name: 'RIS', scope: 'samsyn:publish' })
  const { body } = await ask('GET', '/clients')
  assert.equal(body[0].private_jwk, undefined)
})

test('disabling and rotating answer with what is now so', async (t) => {
  const { ask } = await serve(t)
  const { body: member } = await ask('POST', '/members', MEMBER)
  const registration = { member: member.id, name: 'RIS', scope: 'samsyn:publish' }
  const { body: client } = await ask('POST', '/clients', registration)
  const rotated = await ask('POST', `/clients/${client.client_id}/rotate`)
  assert.equal(rotated.status, 200)
  assert.notDeepEqual(rotated.body.keys, client.keys)
  assert.equal((await ask('POST', `/clients/${client.client_id}/disable`)).body.active, false)
  assert.equal((await ask('POST', `/members/${member.id}/disable`)).body.active, false)
})

test('a new agreement takes the place of the old', async (t) => {
  const { ask } = await serve(t)
  const { body: custodian } = await ask('POST', '/members', MEMBER)
  const other = { ...MEMBER, orgnr: '993467049', name: 'Annet sykehus' }
  const { body: requester } = await ask('POST', '/members', other)
  const between = { custodian: custodian.id, requester: requester.id }
  await ask('POST', '/agreements', { ...between, effect: 'permit', modalities: ['CT'] })
  const until = '2027-01-01T00:00:00+01:00'
  const set = await ask('POST', '/agreements', { ...between, effect: 'deny', valid_until: until })
  assert.equal(set.status, 200)
  assert.deepEqual((await ask('GET', '/agreements')).body, [set.body])
  assert.equal(set.body.valid_until, '2026-12-31T23:00:00.000Z')
  const self = { custodian: custodian.id, requester: custodian.id, effect: 'deny' }
  assert.equal((await ask('POST', '/agreements', self)).status, 400)
})

test('a sync answers with its report', async (t) => {
  const { ask } = await serve(t)
  const { body } = await ask('POST', '/sources/any/sync')
  assert.deepEqual(body, { studies: 1, series: 2, instances: 3, failed: 0 })
})

test('nobody but operators gets in', async (t) => {
  const { ask } = await serve(t)
  assert.equal((await ask('GET', '/members', undefined, 'nobody')).status, 401)
  assert.equal((await ask('GET', '/members', undefined, 'clinician')).status, 403)
  assert.equal((await ask('POST', '/members', MEMBER, 'clinician')).status, 403)
})

test('a bad request is told every fault, as problem details', async (t) => {
  const { ask } = await serve(t)
  const { status, type, body } = await ask('POST', '/members', { ...MEMBER, orgnr: '1', x: 1 })
  assert.equal(status, 400)
  assert.match(type ?? '', /^application\/problem\+json/)
  assert.deepEqual(
    body.problems.map(({ location }: { location: string }) => location),
    ['orgnr', ''],
  )
})

test('what is not JSON, too long or nowhere is refused in the same form', async (t) => {
  const { ask } = await serve(t)
  assert.equal((await ask('POST', '/members', '{')).status, 400)
  assert.equal((await ask('POST', '/members', { name: 'x'.repeat(100_000) })).status, 413)
  assert.equal((await ask('GET', '/nothing')).status, 404)
  assert.equal((await ask('GET', '/members/nobody')).status, 404)
  assert.equal((await ask('POST', '/members')).status, 415)
})

test('an attempt by someone who is no operator is in the log, with what was asked', async (t) => {
  const { ask, refused } = await serve(t)
  assert.equal((await ask('GET', '/clients', undefined, 'clinician')).status, 403)
  const [record, ...others] = refused
  assert.equal(others.length, 0)
  assert.deepEqual([record?.act, record?.reason], ['access-refused', 'insufficient-scope'])
  assert.deepEqual(record?.entities, [{ kind: 'query', query: 'GET /admin/clients' }])
})

test('what operators look at is in the log, and what cannot be logged is not shown', async (t) => {
  const { ask, logged, breakLog } = await serve(t)
  for (const [method, path] of [
    ['GET', '/members'],
    ['GET', '/members/nobody'],
    ['GET', '/clients'],
    ['GET', '/agreements'],
    ['GET', '/sources'],
    ['POST', '/sources/nowhere/test'],
  ] as const)
    await ask(method, path)
  assert.ok(logged.every(({ act, principal: who }) => act === 'read' && who !== undefined))
  const seen = logged.map(({ reason }) => reason)
  assert.deepEqual(seen, [
    'members-listed',
    'member-read',
    'clients-listed',
    'agreements-listed',
    'sources-listed',
    'source-tested',
  ])
  breakLog()
  assert.equal((await ask('GET', '/clients')).status, 500)
})

test('an identity clerk settles whose studies are and links Patients, and administers nothing else', async (t) => {
  const { ask, refused } = await serve(t)
  const merged = await ask('POST', '/patients/one/merge', { into: 'Patient/two' }, 'clerk')
  assert.deepEqual([merged.status, merged.body], [200, { replaced: 'one', survivor: 'two' }])
  const parted = await ask('POST', '/patients/one/unmerge', {}, 'clerk')
  assert.deepEqual([parted.status, parted.body], [200, { replaced: 'one', survivor: 'kept' }])
  for (const token of ['clerk', 'operator'])
    assert.equal((await ask('GET', '/unclear-identities', undefined, token)).status, 200)
  assert.deepEqual(refused, [])
  for (const path of ['/members', '/authorities', '/clients'])
    assert.equal((await ask('GET', path, undefined, 'clerk')).status, 403)
  for (const path of ['/patients/one/merge', '/patients/one/unmerge'])
    assert.equal((await ask('POST', path, { into: 'two' }, 'clinician')).status, 403)
})

for (const body of [{}, { into: '../x' }, { into: 'two', because: 'x' }])
  test(`${JSON.stringify(body)} is no Patient to merge into`, async (t) => {
    const { ask } = await serve(t)
    assert.equal((await ask('POST', '/patients/one/merge', body, 'clerk')).status, 400)
  })

test('one member speaks for a system, until it does no more', async (t) => {
  const { ask } = await serve(t)
  const member = { orgnr: '993467049', name: 'Helse Bergen', roles: ['publisher'] }
  const { body } = await ask('POST', '/members', member)
  const authority = {
    system: 'urn:oid:2.999.1',
    member: body.id,
    name: 'Helse Bergen PAS',
    namespace: 'HBE',
  }
  assert.deepEqual((await ask('POST', '/authorities', authority)).body, authority)
  assert.equal((await ask('POST', '/authorities', authority)).status, 409)
  assert.deepEqual((await ask('GET', '/authorities')).body, [authority])
  const { system } = authority
  assert.deepEqual((await ask('POST', '/authorities/removal', { system })).body, { system })
  assert.equal((await ask('POST', '/authorities/removal', { system })).status, 404)
  for (const wrong of [
    { ...authority, system: 'HNR' },
    { ...authority, namespace: 'A^B' },
  ])
    assert.equal((await ask('POST', '/authorities', wrong)).status, 400)
})

test('a system is listened to for one member, until it is disabled', async (t) => {
  const { ask } = await serve(t)
  const member = { orgnr: '993467049', name: 'Helse Bergen', roles: ['publisher'] }
  const { body } = await ask('POST', '/members', member)
  const sender = { id: 'bergen-ris', member: body.id, name: 'RIS', fingerprint: 'ab'.repeat(32) }
  const added = await ask('POST', '/hl7-senders', sender)
  assert.deepEqual([added.status, added.body.active], [201, true])
  assert.equal((await ask('POST', '/hl7-senders', sender)).status, 409)
  const disabled = await ask('POST', '/hl7-senders/bergen-ris/disable')
  assert.deepEqual([disabled.status, disabled.body.active], [200, false])
  const { body: all } = await ask('GET', '/hl7-senders')
  assert.deepEqual(
    all.map(({ id, active }: { id: string; active: boolean }) => [id, active]),
    [['bergen-ris', false]],
  )
  const { fingerprint: _none, ...unknowable } = sender
  assert.equal((await ask('POST', '/hl7-senders', { ...unknowable, id: 'other' })).status, 400)
})

test('the description names exactly the routes there are', async (t) => {
  const { administration } = await startAdministration(t)
  const router = adminRouter({
    administration,
    admitOperator: () => Promise.reject(new Error('not asked')),
    admitClerk: () => Promise.reject(new Error('not asked')),
    linkPatients: { merge: noLinks, unmerge: noLinks },
    ...noReviews,
    bearer,
    log: silentLog,
    baseUrl: 'https://hub.example/admin',
  })
  const routed = router.stack.flatMap(({ route }) => {
    if (route === undefined || route.path === '/openapi.json') return []
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    return route.stack.map(({ method }) => `${method} ${path}`)
  })
  const described = Object.entries(openApi('').paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  assert.deepEqual(routed.toSorted(), described.toSorted())
})

test('the description carries the schemas that check the requests', async (t) => {
  const { ask } = await serve(t)
  const { body } = await ask('GET', '/openapi.json', undefined, 'nobody')
  assert.equal(body.openapi, '3.1.0')
  assert.deepEqual(body.components.schemas.NewMember.required, ['orgnr', 'name', 'roles'])
  assert.equal(body.paths['/members'].post.responses['201'].description, 'Done')
})
