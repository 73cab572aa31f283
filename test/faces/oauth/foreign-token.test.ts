import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { JWTPayload } from 'jose'
import { publicJwks } from '../../../src/wire/oauth/jwks.ts'
import { confused, helseidClaims, unsigned } from '../../support/minter.ts'
import * as calls from '../../support/oauth-calls.ts'
import {
  AUDIENCE,
  newKey,
  PATIENT_ID,
  startOauthWorld,
  type OauthWorld,
} from '../../support/oauth-world.ts'

const TYP = { typ: 'at+jwt' }

describe('a foreign token', () => {
  const cleanup: (() => Promise<void>)[] = []
  const key = newKey()
  let world: OauthWorld
  before(async () => {
    world = await startOauthWorld({ after: (fn) => void cleanup.unshift(fn) })
    world.minter.keys.push(...publicJwks([key]).keys)
  })
  after(async () => {
    for (const fn of cleanup) await fn()
  })

  const claims = (over: JWTPayload = {}): JWTPayload => ({
    ...helseidClaims(world.minter.url, { audience: AUDIENCE, patient: PATIENT_ID }),
    ...over,
  })
  const exchange = (subject_token: string) =>
    calls.exchange(world, 'plain', { subject_token, authorization_details: calls.imaging() })
  const refused = async (subject_token: string, description: RegExp) => {
    const { status, body } = await exchange(subject_token)
    assert.equal(status, 400)
    assert.equal(body.error, 'invalid_request', JSON.stringify(body))
    assert.match(body.error_description, description)
    assert.equal(JSON.stringify(body).includes('17858550084'), false)
  }

  it('as it should be is taken, with either type and with its audience as a list', async () => {
    for (const typ of ['at+jwt', 'JWT'])
      assert.equal((await exchange(await calls.sign(claims(), key, { typ }))).status, 200)
    const listed = await calls.sign(claims({ aud: [AUDIENCE] }), key, TYP)
    assert.equal((await exchange(listed)).status, 200)
  })

  it('that has expired, or is not valid yet, is refused', async () => {
    const now = calls.now()
    await refused(await calls.sign(claims({ exp: now - 10 }), key, TYP), /expired/)
    await refused(await calls.sign(claims({ nbf: now + 60 }), key, TYP), /nbf/)
    const { exp: _, ...endless } = claims()
    await refused(await calls.sign(endless, key, TYP), /exp/)
  })

  it('for another audience, or for more than this hub, is refused', async () => {
    await refused(await calls.sign(claims({ aud: 'nhn:other' }), key, TYP), /aud/)
    await refused(
      await calls.sign(claims({ aud: [AUDIENCE, 'nhn:other'] }), key, TYP),
      /no one else/,
    )
  })

  it('of another issuer is refused, signed with whatever key', async () => {
    for (const iss of ['https://evil.example', `${world.minter.url}/`, world.issuer.url])
      assert.equal((await exchange(await calls.sign(claims({ iss }), key, TYP))).status, 400)
  })

  it('without a signature is refused', async () => {
    await refused(unsigned(claims()), /signed|algorithm|not a valid/)
    await refused(unsigned(claims(), { alg: 'None', typ: 'at+jwt' }), /./)
  })

  it('signed by HMAC with the public key is refused', async () => {
    const [publicKey] = world.minter.keys
    assert.ok(publicKey)
    await refused(await confused(claims(), publicKey), /algorithm/)
  })

  it('is refused where the issuer publishes a symmetric key and signs with it', async () => {
    const k = Buffer.alloc(32, 7)
    world.minter.keys.push({ kty: 'oct', k: k.toString('base64url'), kid: 'shared' })
    await refused(await confused(claims(), { kid: 'shared' }), /algorithm/)
    world.minter.keys.pop()
  })

  it('signed by another key under a known key id is refused', async () => {
    const other = { ...newKey(), kid: key.kid }
    await refused(await calls.sign(claims(), other, TYP), /signature/)
  })

  it('altered after signing is refused', async () => {
    const [header, , signature] = (await calls.sign(claims(), key, TYP)).split('.')
    const payload = Buffer.from(JSON.stringify(claims({ name: 'X' }))).toString('base64url')
    await refused([header, payload, signature].join('.'), /signature/)
  })

  it('of another type is refused: an ID token or a proof is no access token', async () => {
    for (const typ of ['dpop+jwt', 'id+jwt', 'logout+jwt'])
      await refused(await calls.sign(claims(), key, { typ }), /not trusted|type/)
  })

  it('without person or organisation is refused', async () => {
    for (const claim of ['identity/pid', 'client/claims/orgnr_parent']) {
      const name = `helseid://claims/${claim}`
      await refused(await calls.sign(claims({ [name]: undefined }), key, TYP), new RegExp(claim))
    }
  })

  it('without an attest needs one in the request', async () => {
    const plain = claims({ authorization_details: undefined })
    const { body } = await exchange(await calls.sign(plain, key, TYP))
    assert.equal(body.error, 'invalid_grant')
    assert.match(body.error_description, /^attestation_missing/)
  })

  it('with an attest that is huge or deep is refused', async () => {
    const nested = JSON.parse('['.repeat(20) + ']'.repeat(20)) as unknown
    for (const extra of [{ filler: 'x'.repeat(20_000) }, { nested }]) {
      const [detail] = claims().authorization_details as object[]
      const details = [{ ...detail, ...extra, more: 'y'.repeat(3000) }]
      const { status } = await exchange(
        await calls.sign(claims({ authorization_details: details }), key, TYP),
      )
      assert.equal(status, 'nested' in extra ? 400 : 200)
    }
  })

  it('bound to a key is worth nothing without proof of it', async () => {
    const bound = claims({ cnf: { jkt: await calls.thumbprint(newKey()) } })
    const { body } = await exchange(await calls.sign(bound, key, TYP))
    assert.equal(body.error, 'invalid_grant')
  })
})
