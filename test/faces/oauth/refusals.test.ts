import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as calls from '../../support/oauth-calls.ts'
import { newKey, startOauthWorld, type OauthWorld } from '../../support/oauth-world.ts'

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** A call by someone who only says to be `plain`. */
async function impostor(world: OauthWorld, endpoint: string): Promise<calls.Answer> {
  return calls.post(`${world.hub}/oauth/${endpoint}`, {
    grant_type: 'client_credentials',
    client_assertion_type: ASSERTION,
    client_assertion: await calls.assertionBy(newKey(), 'plain', world.hub),
    token: 'x',
  })
}

test('a client that is not who it says is logged as what it claims, not as the client', async (t) => {
  const world = await startOauthWorld(t)
  for (const endpoint of ['token', 'introspect', 'revoke']) {
    const before = world.logged.length
    assert.equal((await impostor(world, endpoint)).status, 401)
    const [record, ...others] = world.logged.slice(before)
    assert.equal(others.length, 0)
    assert.deepEqual([record?.act, record?.reason], ['token-refused', 'invalid_client'])
    assert.equal(record?.principal, undefined)
    assert.deepEqual(record?.entities, [{ kind: 'query', query: 'client_id=plain' }])
    assert.ok(record.address !== undefined)
  }
})

test('a national id sent for a client id is not written down', async (t) => {
  const world = await startOauthWorld(t)
  const form = { grant_type: 'client_credentials', client_id: '17858550084' }
  await calls.post(`${world.hub}/oauth/token`, form)
  assert.doesNotMatch(JSON.stringify(world.logged), /17858550084/)
})

test('a request that lacks what an exchange needs is logged with its client, once', async (t) => {
  const world = await startOauthWorld(t)
  for (const [over, reason] of [
    [{}, 'invalid_request'],
    [{ subject_token: 'x', resource: 'https://elsewhere.example' }, 'invalid_target'],
    [{ subject_token: 'x' }, 'invalid_token'],
  ] as const) {
    const before = world.logged.length
    assert.equal((await calls.exchange(world, 'plain', over)).status, 400)
    const [record, ...others] = world.logged.slice(before)
    assert.equal(others.length, 0)
    assert.deepEqual([record?.act, record?.reason], ['token-refused', reason])
    assert.equal(record?.principal?.client, 'plain')
  }
})

test('who is refused again and again waits, and neither fills the log nor holds up others', async (t) => {
  const world = await startOauthWorld(t)
  const statuses: number[] = []
  for (let turn = 0; turn < 24; turn += 1) {
    const { status, headers } = await impostor(world, turn % 2 === 0 ? 'token' : 'introspect')
    statuses.push(status)
    if (status === 429) assert.ok(Number(headers.get('retry-after')) >= 1)
  }
  assert.deepEqual(statuses.slice(0, 20), Array(20).fill(401))
  assert.ok(statuses.slice(20).includes(429))
  assert.ok(world.logged.length < 24)

  const granted = await calls.token(world, 'plain', { grant_type: 'client_credentials' })
  assert.equal(granted.status, 200)
})
