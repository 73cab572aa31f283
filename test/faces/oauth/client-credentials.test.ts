import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { decodeJwt } from 'jose'
import type { ClientId } from '../../../src/kernel/ids.ts'
import * as calls from '../../support/oauth-calls.ts'
import { newKey, startOauthWorld, type OauthWorld } from '../../support/oauth-world.ts'

const grant_type = 'client_credentials'

describe('client credentials', () => {
  const cleanup: (() => Promise<void>)[] = []
  let world: OauthWorld
  before(async () => {
    world = await startOauthWorld({ after: (fn) => void cleanup.unshift(fn) })
  })
  after(async () => {
    for (const fn of cleanup) await fn()
  })

  it('gives all registered scopes where none is asked for', async () => {
    const { status, body, headers } = await calls.token(world, 'plain', { grant_type })
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(headers.get('cache-control'), 'no-store')
    const registered = world.state.client('plain' as ClientId)?.scope
    assert.equal(body.scope, registered)
    const claims = decodeJwt(body.access_token)
    assert.equal(claims.scope, registered)
    assert.equal(claims.sub, 'plain')
    assert.equal(claims.grant, undefined)
  })

  it('gives what is asked for, in SMART’s words as well', async () => {
    const scope = 'samsyn:find'
    const { body } = await calls.token(world, 'plain', { grant_type, scope })
    assert.equal(body.scope, scope)
    const smart = await calls.token(world, 'plain', { grant_type, scope: 'system/ImagingStudy.rs' })
    assert.equal(smart.body.scope, 'system/ImagingStudy.rs', JSON.stringify(smart.body))
  })

  it('refuses a scope beyond registration', async () => {
    for (const scope of ['samsyn:operate', 'samsyn:find samsyn:operate', 'nonsense']) {
      const { status, body } = await calls.token(world, 'plain', { grant_type, scope })
      assert.equal(status, 400)
      assert.equal(body.error, 'invalid_scope')
    }
  })

  it('binds the token where a proof is sent, and asks for one where the client is registered so', async () => {
    const key = newKey()
    const dpop = await calls.proof(key, { htu: `${world.hub}/oauth/token` })
    const { body } = await calls.token(world, 'bound', { grant_type, dpop })
    assert.equal(body.token_type, 'DPoP')
    assert.deepEqual(decodeJwt(body.access_token).cnf, { jkt: await calls.thumbprint(key) })
    const without = await calls.token(world, 'bound', { grant_type })
    assert.equal(without.status, 400)
    const replayed = await calls.token(world, 'bound', { grant_type, dpop })
    assert.equal(replayed.body.error, 'invalid_dpop_proof')
  })

  describe('authenticates the client by its key and refuses', () => {
    const refused = async (client_assertion: string) => {
      const answer = await calls.token(world, 'plain', { grant_type, client_assertion })
      assert.equal(answer.status, 401, JSON.stringify(answer.body))
      assert.equal(answer.body.error, 'invalid_client')
    }

    it('an assertion that was used before, at whichever endpoint', async () => {
      const client_assertion = await calls.assertion(world, 'plain')
      const form = { grant_type, client_assertion }
      assert.equal((await calls.token(world, 'plain', form)).status, 200)
      await refused(client_assertion)
      const answer = await calls.post(`${world.hub}/oauth/introspect`, {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion,
        token: 'x',
      })
      assert.equal(answer.status, 401)
    })

    it('the same assertion in many requests at once, but one', async () => {
      const client_assertion = await calls.assertion(world, 'plain')
      const answers = await Promise.all(
        Array.from({ length: 8 }, () =>
          calls.token(world, 'plain', { grant_type, client_assertion }),
        ),
      )
      assert.equal(answers.filter(({ status }) => status === 200).length, 1)
    })

    it('one by another key', async () => {
      const claims = { iss: 'plain', sub: 'plain', aud: world.hub, jti: 'x', exp: calls.now() + 30 }
      await refused(await calls.sign(claims, newKey()))
    })

    it('one for another audience, one that has expired, one that lives for a day', async () => {
      await refused(await calls.assertion(world, 'plain', { aud: 'https://elsewhere.example' }))
      await refused(await calls.assertion(world, 'plain', { exp: calls.now() - 60 }))
      await refused(await calls.assertion(world, 'plain', { exp: calls.now() + 86_400 }))
    })

    it('a client that is disabled, and one whose member is', async () => {
      await world.changeClient('plain', { active: false })
      await refused(await calls.assertion(world, 'plain'))
      await world.changeClient('plain', {})
      await world.changeMember({ active: false })
      await refused(await calls.assertion(world, 'plain'))
      await world.changeMember({})
    })
  })

  it('is logged before the token is handed out', async () => {
    const { body } = await calls.token(world, 'plain', { grant_type })
    const last = world.logged.at(-1)
    assert.equal(last?.act, 'token-issued')
    assert.equal(last.principal?.tokenId, decodeJwt(body.access_token).jti)
  })

  it('takes a name that every object inherits for a name like any other', async () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      const ignored = await calls.token(world, 'plain', { grant_type, [name]: 'x' })
      assert.equal(ignored.status, 200, name)
      for (const form of [{ grant_type: name }, { grant_type, scope: name }]) {
        const { status, body } = await calls.token(world, 'plain', form)
        assert.equal(status, 400, `${name}: ${JSON.stringify(body)}`)
      }
      const stranger = await calls.token(world, 'plain', { grant_type, client_id: name })
      assert.ok([400, 401].includes(stranger.status), name)
      const resource = await calls.token(world, 'plain', { grant_type, resource: name })
      assert.equal(resource.body.error, 'invalid_target', name)
    }
  })

  it('refuses grants it does not have, and bodies without bounds', async () => {
    const { body } = await calls.token(world, 'plain', { grant_type: 'password' })
    assert.equal(body.error, 'unsupported_grant_type')
    const long = await calls.token(world, 'plain', { grant_type, scope: 'x'.repeat(100_000) })
    assert.equal(long.body.error, 'invalid_request')
  })
})

describe('metadata', () => {
  it('says what the hub has and nothing more', async (t) => {
    const world = await startOauthWorld(t)
    for (const name of ['oauth-authorization-server', 'openid-configuration']) {
      const response = await fetch(`${world.hub}/.well-known/${name}`)
      const metadata = (await response.json()) as calls.Json
      assert.equal(metadata.issuer, world.hub)
      assert.equal(metadata.token_endpoint, `${world.hub}/oauth/token`)
      assert.equal(metadata.jwks_uri, `${world.hub}/oauth/jwks`)
      assert.equal(metadata.introspection_endpoint, `${world.hub}/oauth/introspect`)
      assert.equal(metadata.revocation_endpoint, `${world.hub}/oauth/revoke`)
      assert.deepEqual(metadata.grant_types_supported, ['client_credentials', calls.TOKEN_EXCHANGE])
      assert.deepEqual(metadata.token_endpoint_auth_methods_supported, ['private_key_jwt'])
      assert.ok(metadata.dpop_signing_alg_values_supported.includes('ES256'))
      assert.ok(metadata.authorization_details_types_supported.includes('samsyn:imaging'))
      assert.equal('authorization_endpoint' in metadata, false)
      for (const endpoint of ['authorize', 'auth', 'session/end', 'reg'])
        assert.equal((await fetch(`${world.hub}/oauth/${endpoint}`)).status, 404)
    }
  })

  it('publishes the public half of the signing keys only', async (t) => {
    const world = await startOauthWorld(t)
    const { keys } = (await (await fetch(`${world.hub}/oauth/jwks`)).json()) as calls.Json
    assert.equal(keys.length, 1)
    assert.equal(keys[0].kid, world.signing.kid)
    assert.equal('d' in keys[0], false)
  })

  it('is right behind a proxy, whatever Host says', async (t) => {
    const world = await startOauthWorld(t)
    const { port } = new URL(world.hub)
    const response = await fetch(
      `http://127.0.0.1:${port}/.well-known/oauth-authorization-server`,
      {
        headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
      },
    )
    const metadata = (await response.json()) as calls.Json
    assert.equal(metadata.token_endpoint, `${world.hub}/oauth/token`)
  })
})
