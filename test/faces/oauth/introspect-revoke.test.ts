import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { decodeJwt } from 'jose'
import * as calls from '../../support/oauth-calls.ts'
import { startOauthWorld, type OauthWorld } from '../../support/oauth-world.ts'

describe('introspection and revocation', () => {
  const cleanup: (() => Promise<void>)[] = []
  let world: OauthWorld
  before(async () => {
    world = await startOauthWorld({ after: (fn) => void cleanup.unshift(fn) })
  })
  after(async () => {
    for (const fn of cleanup) await fn()
  })

  const isActive = async (token: string, client: 'plain' | 'bound' = 'plain') =>
    (await calls.ask(world, 'introspect', client, token)).body.active

  it('tell a token’s client what it is worth', async () => {
    const token = await calls.grantToken(world)
    const { status, body, headers } = await calls.ask(world, 'introspect', 'plain', token)
    assert.equal(status, 200)
    assert.equal(headers.get('cache-control'), 'no-store')
    const { active, token_type, ...claims } = body
    assert.equal(active, true)
    assert.equal(token_type, 'Bearer')
    assert.deepEqual(claims, decodeJwt(token))
  })

  it('tell another client nothing but that it is not active', async () => {
    const token = await calls.grantToken(world)
    const { status, body } = await calls.ask(world, 'introspect', 'bound', token)
    assert.equal(status, 200)
    assert.deepEqual(body, { active: false })
  })

  it('tell a resource server of every token', async () => {
    const token = await calls.grantToken(world)
    await world.changeClient('bound', { scope: 'samsyn:introspect' })
    assert.equal(await isActive(token, 'bound'), true)
    await world.changeClient('bound', {})
  })

  it('call what is no token of the hub inactive', async () => {
    for (const token of ['x', await calls.signIn(world, 'plain')])
      assert.equal(await isActive(token), false)
  })

  it('know no token and no parameter by a name that every object inherits', async () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      assert.equal(await isActive(name), false)
      assert.equal((await calls.ask(world, 'revoke', 'plain', name)).status, 200)
      const form = { [name]: 'x', token: 'x' }
      assert.equal((await calls.post(`${world.hub}/oauth/introspect`, form)).status, 401)
    }
  })

  it('are for authenticated clients only', async () => {
    for (const endpoint of ['introspect', 'revoke']) {
      const answer = await calls.post(`${world.hub}/oauth/${endpoint}`, {
        token: 'x',
        client_id: 'plain',
      })
      assert.equal(answer.status, 401)
      assert.equal(answer.body.error, 'invalid_client')
    }
  })

  it('end a token at once, for every use of it', async () => {
    const token = await calls.grantToken(world)
    const authorization = `Bearer ${token}`
    assert.equal((await calls.whoami(world, { authorization })).status, 200)
    assert.equal((await calls.ask(world, 'revoke', 'plain', token)).status, 200)
    assert.equal((await calls.whoami(world, { authorization })).status, 401)
    assert.equal(await isActive(token), false)
    const renewal = await calls.exchange(world, 'plain', { subject_token: token })
    assert.equal(renewal.body.error, 'invalid_grant')
  })

  it('end what was renewed from the same grant', async () => {
    const token = await calls.grantToken(world)
    const { body } = await calls.exchange(world, 'plain', { subject_token: token })
    await calls.ask(world, 'revoke', 'plain', token)
    assert.equal(await isActive(body.access_token), false)
  })

  it('let nobody else end a token', async () => {
    const token = await calls.grantToken(world)
    assert.equal((await calls.ask(world, 'revoke', 'bound', token)).status, 400)
    assert.equal(await isActive(token), true)
  })

  it('let nobody end a token for being allowed to ask about it', async () => {
    const token = await calls.grantToken(world)
    await world.changeClient('bound', { scope: 'samsyn:introspect' })
    const answer = await calls.ask(world, 'revoke', 'bound', token)
    assert.equal(answer.body.error, 'invalid_grant')
    assert.equal(await isActive(token), true)
    await world.changeClient('bound', {})
  })

  it('take no client assertion that lives longer than the token endpoint takes', async () => {
    for (const [life, status] of [
      [590, 200],
      [10 * 365 * 86_400, 401],
    ] as const) {
      const answer = await calls.post(`${world.hub}/oauth/introspect`, {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await calls.assertion(world, 'plain', { exp: calls.now() + life }),
        token: 'x',
      })
      assert.equal(answer.status, status)
    }
  })

  it('are content with a token that is none', async () => {
    assert.equal((await calls.ask(world, 'revoke', 'plain', 'x')).status, 200)
  })

  it('refuse a form without bounds', async () => {
    const answer = await calls.post(`${world.hub}/oauth/introspect`, { token: 'x'.repeat(100_000) })
    assert.equal(answer.status, 413)
    assert.equal(answer.body.error, 'invalid_request')
  })

  it('know a token’s client that was disabled', async () => {
    const token = await calls.grantToken(world)
    await world.changeClient('plain', { active: false })
    assert.equal((await calls.whoami(world, { authorization: `Bearer ${token}` })).status, 401)
    await world.changeClient('plain', {})
  })
})
