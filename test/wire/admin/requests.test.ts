import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isHubError } from '../../../src/kernel/errors.ts'
import {
  newClientSchema,
  newMemberSchema,
  newSourceSchema,
  parseRequest,
} from '../../../src/wire/admin/requests.ts'

const MEMBER = { orgnr: '974760673', name: 'Testsykehuset', roles: ['clinical'] }
const CLIENT = { member: 'm', name: 'EHR', scope: 'samsyn:find samsyn:view-images' }
const SOURCE = { custodian: 'm', name: 'PACS', url: 'http://127.0.0.1:8042/dicom-web' }

/** The places at fault, one for each problem. */
function faults(parse: () => unknown): readonly string[] {
  try {
    parse()
  } catch (error) {
    if (isHubError(error, 'invalid')) return error.problems.map(({ location }) => location)
    throw error
  }
  return []
}

test('accepts a member, a client and a source as an operator writes them', () => {
  assert.equal(parseRequest(newMemberSchema, MEMBER).name, 'Testsykehuset')
  assert.equal(parseRequest(newClientSchema, CLIENT).bearerReason, undefined)
  const source = parseRequest(newSourceSchema, SOURCE)
  assert.deepEqual(source.credentials, { kind: 'none' })
  assert.equal(source.timeZone, 'Europe/Oslo')
})

const BAD_MEMBERS: readonly [string, object][] = [
  ['orgnr', { orgnr: '974760674' }],
  ['name', { name: '  ' }],
  ['roles', { roles: [] }],
  ['roles.0', { roles: ['king'] }],
  ['id', { id: 'has space' }],
]
for (const [location, change] of BAD_MEMBERS) {
  test(`refuses a member whose ${location} is ${JSON.stringify(change)}`, () => {
    const bad = { ...MEMBER, ...change }
    assert.deepEqual(
      faults(() => parseRequest(newMemberSchema, bad)),
      [location],
    )
  })
}

test('refuses a client with a scope the hub does not know', () => {
  const bad = { ...CLIENT, scope: 'samsyn:find samsyn:everything' }
  assert.deepEqual(
    faults(() => parseRequest(newClientSchema, bad)),
    ['scope'],
  )
})

test('refuses a client that sends its private key', () => {
  const bad = { ...CLIENT, jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }] } }
  assert.deepEqual(
    faults(() => parseRequest(newClientSchema, bad)),
    ['jwks.keys.0'],
  )
})

const BAD_SOURCES: readonly [string, object][] = [
  ['url', { url: 'ftp://archive' }],
  ['url', { url: 'http://user:secret@archive/dicom-web' }],
  ['time_zone', { time_zone: 'Europe/Atlantis' }],
  ['default_issuer', { default_issuer: '1.2.3' }],
  ['character_set', { character_set: 'latin1' }],
  ['credentials.kind', { credentials: { kind: 'kerberos' } }],
]
for (const [location, change] of BAD_SOURCES) {
  test(`refuses a source with ${JSON.stringify(change)}`, () => {
    const bad = { ...SOURCE, ...change }
    assert.deepEqual(
      faults(() => parseRequest(newSourceSchema, bad)),
      [location],
    )
  })
}

test('names every fault of a request at once', () => {
  assert.deepEqual(
    faults(() => parseRequest(newMemberSchema, { orgnr: '1', name: '', roles: ['clinical'] })),
    ['orgnr', 'name'],
  )
})
