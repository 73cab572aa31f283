import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as calls from '../../support/oauth-calls.ts'
import { PATIENT_ID, startOauthWorld, type OauthWorld } from '../../support/oauth-world.ts'

describe('token exchange', () => {
  let world: OauthWorld
  const cleanup: (() => Promise<void>)[] = []
  before(async () => {
    world = await startOauthWorld({ after: (fn) => void cleanup.unshift(fn) })
  })
  after(async () => {
    for (const fn of cleanup) await fn()
  })

  it('turns a person’s token and attest into a short token for the grant, without a national id', async () => {
    const subject_token = await calls.signIn(world, 'plain')
    const answer = await calls.exchange(world, 'plain', {
      subject_token,
      authorization_details: calls.imaging(),
    })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const { access_token, ...response } = answer.body
    assert.equal(response.token_type, 'Bearer')
    assert.ok(response.expires_in <= 300)
    const header = decodeProtectedHeader(access_token)
    const claims = decodeJwt(access_token)
    assert.equal(header.typ, 'at+jwt')
    assert.equal(header.alg, 'ES256')
    assert.equal(claims.iss, world.hub)
    assert.equal(claims.aud, world.hub)
    assert.equal(claims.client_id, 'plain')
    assert.equal(claims.sub, 'handle-of-kari')
    assert.equal(claims.scope, 'samsyn:find samsyn:read-report samsyn:view-images')
    assert.deepEqual(claims.authorization_details, [
      {
        type: 'samsyn:imaging',
        patient: 'Patient/patient-1',
        purpose: 'TREAT',
        actions: ['find', 'read-report', 'view-images'],
        locations: [world.hub],
      },
    ])
    assert.equal(JSON.stringify(claims).includes(PATIENT_ID), false)
    assert.equal(JSON.stringify(answer.body).includes(PATIENT_ID), false)
  })

  it('never outlives the grant', async () => {
    const toa = calls.now() - 3600 + 60
    const claims = decodeJwt(await calls.grantToken(world, { toa }))
    assert.ok((claims.exp ?? 0) <= toa + 3600)
  })

  it('binds the token to the key of the proof', async () => {
    const { token, key } = await calls.boundToken(world)
    assert.deepEqual(decodeJwt(token).cnf, { jkt: await calls.thumbprint(key) })
  })
})
