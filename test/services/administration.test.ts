import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import { isHubError, type HubErrorCode } from '../../src/kernel/errors.ts'
import type { Administration } from '../../src/services/administration.ts'
import { readResource } from '../../src/storage/resources.ts'
import { newClientSchema, newSourceSchema, parseRequest } from '../../src/wire/admin/requests.ts'
import { freePort } from '../support/free-port.ts'
import { OPERATOR, startAdministration } from '../support/administration.ts'

const MEMBER = {
  orgnr: '974760673',
  name: 'Testsykehuset',
  roles: ['clinical', 'publisher'] as const,
}
const newMember = (): Parameters<Administration['addMember']>[0] => ({
  ...MEMBER,
  roles: [...MEMBER.roles],
})
const failsWith = (code: HubErrorCode) => (error: unknown) => isHubError(error, code)

test('a member is an Organization with the hub’s own endpoints, found by its number', async (t) => {
  const { administration, database } = await startAdministration(t)
  const member = await administration.addMember(newMember(), OPERATOR)
  assert.deepEqual(await administration.findMember('974760673', OPERATOR), member)

  const read = async (type: string, id: string) =>
    JSON.parse((await readResource(database.pool, type, id))?.content ?? 'null')
  const organization = await read('Organization', member.id)
  assert.equal(organization.identifier[0].system, 'urn:oid:2.16.578.1.12.4.1.4.101')
  const ids = organization.endpoint.map(({ reference }: { reference: string }) => reference)
  assert.deepEqual(ids, [`Endpoint/${member.id}-wado-rs`, `Endpoint/${member.id}-qido-rs`])
  const endpoint = await read('Endpoint', `${member.id}-wado-rs`)
  assert.equal(endpoint.address, 'https://hub.example/dicom-web')
  assert.equal(endpoint.managingOrganization.reference, `Organization/${member.id}`)
})

test('a disabled member is inactive in the directory and its endpoints are off', async (t) => {
  const { administration, database } = await startAdministration(t)
  const { id } = await administration.addMember(newMember(), OPERATOR)
  await administration.disableMember('974760673', OPERATOR)
  const organization = await readResource(database.pool, 'Organization', id)
  const endpoint = await readResource(database.pool, 'Endpoint', `${id}-wado-rs`)
  assert.equal(organization?.version, 2)
  assert.equal(JSON.parse(organization.content ?? '').active, false)
  assert.equal(JSON.parse(endpoint?.content ?? '').status, 'off')
})

test('an organisation number is admitted once', async (t) => {
  const { administration } = await startAdministration(t)
  await administration.addMember(newMember(), OPERATOR)
  await assert.rejects(administration.addMember(newMember(), OPERATOR), failsWith('conflict'))
})

test('an act that cannot be logged does not happen', async (t) => {
  const { administration, database, breakLog } = await startAdministration(t)
  breakLog()
  await assert.rejects(administration.addMember(newMember(), OPERATOR))
  assert.deepEqual((await database.pool.query('select id from member')).rows, [])
})

test('each act is logged with what was done and to whom', async (t) => {
  const { administration, logged } = await startAdministration(t)
  const { id } = await administration.addMember(newMember(), OPERATOR)
  await administration.disableMember(id, OPERATOR)
  assert.deepEqual(
    logged.map(({ act, reason, channel }) => [act, reason, channel]),
    [
      ['administration', 'member-added', 'command-line'],
      ['administration', 'member-disabled', 'command-line'],
    ],
  )
  assert.deepEqual(logged[0]?.entities[0], { kind: 'resource', reference: `Organization/${id}` })
})

async function withClient(administration: Administration) {
  const { id: member } = await administration.addMember(newMember(), OPERATOR)
  const request = { member, name: 'EHR', scope: 'samsyn:find  samsyn:find samsyn:view-images' }
  return administration.addClient(parseRequest(newClientSchema, request), OPERATOR)
}

test('a client gets a private key of which the hub keeps the public half only', async (t) => {
  const { administration } = await startAdministration(t)
  const { client, privateJwk } = await withClient(administration)
  assert.equal(client.scope, 'samsyn:find samsyn:view-images')
  assert.equal(client.dpopBound, true)
  assert.equal(typeof privateJwk?.d, 'string')
  const [stored] = await administration.listClients(OPERATOR)
  assert.deepEqual(stored, client)
  assert.ok(!JSON.stringify(stored).includes(String(privateJwk?.d)))
  assert.equal(stored.jwks.keys[0]?.kid, privateJwk?.kid)
})

test('rotating a client’s keys leaves none of the old ones', async (t) => {
  const { administration } = await startAdministration(t)
  const before = await withClient(administration)
  const after = await administration.rotateClient(before.client.id, undefined, OPERATOR)
  const [stored] = await administration.listClients(OPERATOR)
  assert.deepEqual(stored?.jwks.keys, after.client.jwks.keys)
  assert.notEqual(before.privateJwk?.kid, after.privateJwk?.kid)
})

test('keys rotated while a client is disabled do not bring it back', async (t) => {
  const { administration } = await startAdministration(t)
  const { client } = await withClient(administration)
  await Promise.all([
    administration.disableClient(client.id, OPERATOR),
    administration.rotateClient(client.id, undefined, OPERATOR),
  ])
  const [stored] = await administration.listClients(OPERATOR)
  assert.equal(stored?.active, false)
})

test('a client of no member is refused', async (t) => {
  const { administration } = await startAdministration(t)
  const request = { member: 'nobody', name: 'EHR', scope: 'samsyn:find' }
  const add = administration.addClient(parseRequest(newClientSchema, request), OPERATOR)
  await assert.rejects(add, failsWith('not-found'))
})

async function addSource(administration: Administration, url: string) {
  const { id: custodian } = await administration.addMember(newMember(), OPERATOR)
  const credentials = { kind: 'basic', username: 'hub', password: 'hemmelig' }
  const request = { custodian, name: 'PACS', url, credentials }
  return administration.addSource(parseRequest(newSourceSchema, request), OPERATOR)
}

test('a source shows operators its address and never its secrets', async (t) => {
  const { administration, database } = await startAdministration(t)
  await addSource(administration, 'http://127.0.0.1:8042/dicom-web/')
  const [source] = await administration.listSources(OPERATOR)
  assert.equal(source?.url, 'http://127.0.0.1:8042/dicom-web')
  assert.equal(source.credentials, 'basic')
  assert.ok(!JSON.stringify(source).includes('hemmelig'))
  const { rows } = await database.pool.query('select row_to_json(source)::text as text from source')
  assert.ok(!rows[0].text.includes('127.0.0.1'))
})

test('a source that has moved keeps its credentials and is called at its new address', async (t) => {
  const { administration, logged } = await startAdministration(t)
  await addSource(administration, 'http://127.0.0.1:8042/dicom-web')
  const [source] = await administration.listSources(OPERATOR)
  const moved = await administration.moveSource(
    String(source?.id),
    'http://127.0.0.1:8043/dicom-web/',
    OPERATOR,
  )
  assert.equal(moved.url, 'http://127.0.0.1:8043/dicom-web')
  assert.equal(logged.at(-1)?.reason, 'source-moved')
  assert.deepEqual(await administration.listSources(OPERATOR), [moved])
  assert.equal(moved.credentials, 'basic')
  await assert.rejects(
    administration.moveSource('nowhere', 'http://127.0.0.1:1/', OPERATOR),
    failsWith('not-found'),
  )
})

test('a source the hub may not call is refused', async (t) => {
  const { administration } = await startAdministration(t)
  await assert.rejects(addSource(administration, 'http://archive.example/'), failsWith('forbidden'))
})

test('a source that answers passes its test', async (t) => {
  const { administration } = await startAdministration(t)
  const server = createServer((_req, res) => {
    res.setHeader('content-type', 'application/dicom+json')
    res.end('[]')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const { id } = await addSource(administration, `http://127.0.0.1:${port}/dicom-web`)
  assert.equal((await administration.testSource(id, OPERATOR)).ok, true)
})

test('a source that is down fails its test with a reason that does not name it', async (t) => {
  const { administration } = await startAdministration(t)
  const port = await freePort()
  const { id } = await addSource(administration, `http://127.0.0.1:${port}/dicom-web`)
  const { ok, problem = '' } = await administration.testSource(id, OPERATOR)
  assert.equal(ok, false)
  assert.doesNotMatch(problem, /127\.0\.0\.1/)
})
