import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { decodeJwt, type JWTPayload } from 'jose'
import { publicJwks } from '../../src/wire/oauth/jwks.ts'
import { confused, unsigned } from '../support/minter.ts'
import * as calls from '../support/oauth-calls.ts'
import {
  newKey,
  startOauthWorld,
  type OauthWorld,
  type PrivateKey,
} from '../support/oauth-world.ts'

describe('an access token on a request', () => {
  const cleanup: (() => Promise<void>)[] = []
  let world: OauthWorld
  let plain: string
  let bound: { token: string; key: PrivateKey }
  before(async () => {
    world = await startOauthWorld({ after: (fn) => void cleanup.unshift(fn) })
    plain = await calls.grantToken(world)
    bound = await calls.boundToken(world)
  })
  after(async () => {
    for (const fn of cleanup) await fn()
  })

  const url = () => `${world.hub}/fhir/whoami`
  const withProof = async (
    over: Readonly<Record<string, unknown>> = {},
    { key = bound.key, header }: { key?: PrivateKey; header?: object | undefined } = {},
  ) => {
    const claims = { htm: 'GET', htu: url(), token: bound.token, ...over }
    const dpop = await calls.proof(key, claims, { ...header })
    return calls.whoami(world, { authorization: `DPoP ${bound.token}`, dpop })
  }
  const refused = ({ status, headers }: calls.Answer, error: string) => {
    assert.equal(status, 401)
    assert.match(headers.get('www-authenticate') ?? '', new RegExp(`error="${error}"`))
  }

  it('makes its caller known', async () => {
    const { status, body } = await calls.whoami(world, { authorization: `Bearer ${plain}` })
    assert.equal(status, 200)
    assert.equal(body.client, 'plain')
    assert.equal(body.grant, decodeJwt(plain).grant)
    assert.deepEqual(body.actions, ['find', 'read-report', 'view-images'])
    assert.equal(body.practitioner.name, 'Kari Lege')
    assert.equal(JSON.stringify(body).includes('17858550084'), false)
  })

  it('is asked for with both schemes and no error where there is none', async () => {
    const { status, headers } = await calls.whoami(world, {})
    assert.equal(status, 401)
    const challenge = headers.get('www-authenticate') ?? ''
    assert.match(challenge, /DPoP realm="samsyn", algs="ES256/)
    assert.match(challenge, /Bearer realm="samsyn"/)
    assert.doesNotMatch(challenge, /error=/)
  })

  it('is not taken from a cookie or the query', async () => {
    assert.equal((await calls.whoami(world, { cookie: `access_token=${plain}` })).status, 401)
    const response = await fetch(`${url()}?access_token=${plain}`)
    assert.equal(response.status, 401)
  })

  it('of another scheme or form is refused', async () => {
    for (const authorization of [
      'Basic eDp5',
      'Bearer',
      'Bearer a b',
      `Bearer ${'x'.repeat(9000)}`,
    ])
      refused(await calls.whoami(world, { authorization }), 'invalid_token')
  })

  describe('is refused', () => {
    const forged = (over: JWTPayload, key = world.signing, header: object = {}) =>
      calls.sign({ ...decodeJwt(plain), ...over }, key, { typ: 'at+jwt', ...header })
    const presented = async (token: string) =>
      refused(await calls.whoami(world, { authorization: `Bearer ${token}` }), 'invalid_token')

    it('expired', async () => presented(await forged({ exp: calls.now() - 10 })))
    it('for another audience', async () => presented(await forged({ aud: 'https://other' })))
    it('of another issuer', async () => presented(await forged({ iss: 'https://other' })))
    it('of another type', async () => presented(await forged({}, world.signing, { typ: 'JWT' })))
    it('signed by another key', async () =>
      presented(await forged({}, { ...newKey(), kid: world.signing.kid })))
    it('without a signature', async () => presented(unsigned(decodeJwt(plain))))
    it('signed by HMAC with the public key', async () => {
      const [publicKey = {}] = publicJwks([world.signing]).keys
      await presented(await confused(decodeJwt(plain), publicKey))
    })
    it('of a person’s identity provider rather than the hub', async () =>
      presented(await calls.signIn(world, 'plain')))
    it('with a grant that does not exist', async () => presented(await forged({ grant: 'none' })))
  })

  describe('bound to a key', () => {
    it('is good with a proof for the request', async () => {
      assert.equal((await withProof()).status, 200)
    })

    it('is good with a proof whose URL has a query, which does not count', async () => {
      assert.equal((await withProof({ htu: `${url()}?_count=1#x` })).status, 200)
    })

    it('is refused as a bearer token', async () => {
      const authorization = `Bearer ${bound.token}`
      refused(await calls.whoami(world, { authorization }), 'invalid_token')
    })

    it('is refused without a proof', async () => {
      const authorization = `DPoP ${bound.token}`
      refused(await calls.whoami(world, { authorization }), 'invalid_dpop_proof')
    })

    it('is refused with a proof that was used', async () => {
      const claims = { htm: 'GET', htu: url(), token: bound.token }
      const dpop = await calls.proof(bound.key, claims)
      const headers = { authorization: `DPoP ${bound.token}`, dpop }
      const answers = await Promise.all([1, 2, 3].map(() => calls.whoami(world, headers)))
      assert.equal(answers.filter(({ status }) => status === 200).length, 1)
      refused(await calls.whoami(world, headers), 'invalid_dpop_proof')
    })

    const faults: readonly (readonly [string, Readonly<Record<string, unknown>>, object?])[] = [
      ['for another URL', { htu: 'http://localhost:1/fhir/whoami' }],
      ['for another path', { htu: 'PATH' }],
      ['for another method', { htm: 'POST' }],
      ['for another token', { token: 'another' }],
      ['for no token', { token: undefined }],
      ['from the past', { iat: calls.now() - 120 }],
      ['from the future', { iat: calls.now() + 120 }],
      ['without jti', { jti: undefined }],
      ['without htm', { htm: undefined }],
      ['without htu', { htu: undefined }],
      ['without iat', { iat: undefined }],
      ['of another type', {}, { typ: 'JWT' }],
      ['without a key', {}, { jwk: undefined }],
    ]
    for (const [what, claims, header] of faults)
      it(`is refused with a proof ${what}`, async () => {
        const htu = claims.htu === 'PATH' ? { htu: `${world.hub}/fhir/other` } : {}
        refused(await withProof({ ...claims, ...htu }, { header }), 'invalid_dpop_proof')
      })

    it('is refused with a proof by another key', async () => {
      refused(await withProof({}, { key: newKey() }), 'invalid_dpop_proof')
    })

    it('is refused with a proof that shows a private key', async () => {
      refused(await withProof({}, { header: { jwk: { ...bound.key } } }), 'invalid_dpop_proof')
    })

    it('is the only kind that may come with the DPoP scheme', async () => {
      const dpop = await calls.proof(newKey(), { htm: 'GET', htu: url(), token: plain })
      const headers = { authorization: `DPoP ${plain}`, dpop }
      refused(await calls.whoami(world, headers), 'invalid_token')
    })
  })

  it('answers with the caller’s request id where that is acceptable, else with its own', async () => {
    const answer = await calls.whoami(world, { 'x-request-id': 'my-request-1' })
    assert.equal(answer.headers.get('x-request-id'), 'my-request-1')
    const other = await calls.whoami(world, { 'x-request-id': 'no spaces, please' })
    assert.match(other.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
  })
})
