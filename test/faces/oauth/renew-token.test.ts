import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { decodeJwt } from 'jose'
import * as calls from '../../support/oauth-calls.ts'
import { newKey, startOauthWorld, type OauthWorld } from '../../support/oauth-world.ts'

const STUDY = '1.2.826.0.1.3680043.8.498.1'
const OTHER = '1.2.826.0.1.3680043.8.498.2'

describe('exchanging the hub’s own token', () => {
  const cleanup: (() => Promise<void>)[] = []
  let world: OauthWorld
  before(async () => {
    world = await startOauthWorld({ after: (fn) => void cleanup.unshift(fn) })
  })
  after(async () => {
    for (const fn of cleanup) await fn()
  })

  const renew = (subject_token: string, over: Readonly<Record<string, string>> = {}) =>
    calls.exchange(world, 'plain', { subject_token, ...over })
  const details = (over: object) => ({
    authorization_details: JSON.stringify([{ type: 'samsyn:imaging', ...over }]),
  })

  it('renews it for the same grant', async () => {
    const first = await calls.grantToken(world)
    const { status, body } = await renew(first)
    assert.equal(status, 200)
    const [before, after] = [decodeJwt(first), decodeJwt(body.access_token)]
    assert.equal(after.grant, before.grant)
    assert.notEqual(after.jti, before.jti)
    assert.deepEqual(after.authorization_details, before.authorization_details)
  })

  it('narrows it to named studies and actions, in a grant of its own', async () => {
    const first = await calls.grantToken(world)
    const { body } = await renew(first, details({ studies: [STUDY], actions: ['view-images'] }))
    const claims = decodeJwt(body.access_token)
    assert.notEqual(claims.grant, decodeJwt(first).grant)
    assert.equal(claims.scope, 'samsyn:view-images')
    const [detail] = claims.authorization_details as calls.Json[]
    assert.deepEqual(detail.studies, [STUDY])
    assert.deepEqual(detail.actions, ['view-images'])
  })

  it('shortens it', async () => {
    const { body } = await renew(await calls.grantToken(world), details({ expires_in: 30 }))
    assert.ok(body.expires_in <= 30)
  })

  it('never widens a narrow one', async () => {
    const { body } = await renew(
      await calls.grantToken(world),
      details({ studies: [STUDY], actions: ['find'], locations: [`${world.hub}/fhir`] }),
    )
    const wider = [
      details({ studies: [STUDY, OTHER] }),
      details({ studies: [OTHER] }),
      details({ actions: ['find', 'view-images'] }),
      details({ patient: 'Patient/another' }),
      details({ purpose: 'BTG' }),
      details({ locations: [`${world.hub}/dicom-web`] }),
      { scope: 'samsyn:find samsyn:view-images' },
    ]
    for (const request of wider) {
      const answer = await renew(body.access_token, request)
      assert.equal(answer.status, 400, JSON.stringify(request))
    }
    const again = await renew(body.access_token)
    assert.deepEqual(again.body.authorization_details, body.authorization_details)
  })

  it('refuses another client’s', async () => {
    const key = newKey()
    const answer = await calls.exchange(world, 'bound', {
      subject_token: await calls.grantToken(world),
      dpop: await calls.proof(key, { htu: `${world.hub}/oauth/token` }),
    })
    assert.equal(answer.body.error, 'invalid_grant')
  })

  it('renews a bound one by its own key only', async () => {
    const { token, key } = await calls.boundToken(world)
    const htu = `${world.hub}/oauth/token`
    const stolen = { subject_token: token, dpop: await calls.proof(newKey(), { htu }) }
    assert.equal((await calls.exchange(world, 'bound', stolen)).status, 400)
    const own = { subject_token: token, dpop: await calls.proof(key, { htu }) }
    const { body } = await calls.exchange(world, 'bound', own)
    assert.equal(body.token_type, 'DPoP')
    assert.deepEqual(decodeJwt(body.access_token).cnf, { jkt: await calls.thumbprint(key) })
  })

  it('refuses one without a grant', async () => {
    const { body } = await calls.token(world, 'plain', { grant_type: 'client_credentials' })
    const answer = await renew(body.access_token)
    assert.match(answer.body.error_description, /no grant/)
  })

  it('confines a token to the locations it was narrowed to', async () => {
    const locations = [`${world.hub}/dicom-web`]
    const { body } = await renew(await calls.grantToken(world), details({ locations }))
    const authorization = `Bearer ${body.access_token}`
    assert.equal((await calls.whoami(world, { authorization })).status, 401)
  })
})
