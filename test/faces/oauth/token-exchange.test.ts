import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as calls from '../../support/oauth-calls.ts'
import { newKey, PATIENT_ID, startOauthWorld, type OauthWorld } from '../../support/oauth-world.ts'

const CARE = 'samsyn:find samsyn:read-report samsyn:view-images'

describe('token exchange', () => {
  const cleanup: (() => Promise<void>)[] = []
  let world: OauthWorld
  before(async () => {
    world = await startOauthWorld({ after: (fn) => void cleanup.unshift(fn) })
  })
  after(async () => {
    for (const fn of cleanup) await fn()
  })

  const url = () => `${world.hub}/oauth/token`
  const refusal = ({ status, body }: calls.Answer, error: string, description = /./) => {
    assert.equal(body.error, error, JSON.stringify(body))
    assert.match(body.error_description, description)
    assert.equal(JSON.stringify(body).includes(PATIENT_ID), false)
    assert.equal(status, error === 'invalid_client' ? 401 : 400)
    assert.equal(world.logged.at(-1)?.act, 'token-refused')
  }
  const admit = async (request: calls.CareRequest, detail: object = {}) => {
    const subject_token = await calls.signIn(world, 'plain', request)
    return calls.exchange(world, 'plain', {
      subject_token,
      authorization_details: calls.imaging({ purpose: request.purpose ?? 'TREAT', ...detail }),
    })
  }

  it('turns a person’s token and attest into a short token for the grant, without a national id', async () => {
    const answer = await admit({})
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const { access_token, ...response } = answer.body
    assert.equal(response.token_type, 'Bearer')
    assert.ok(response.expires_in <= 300)
    const { typ, alg } = decodeProtectedHeader(access_token)
    assert.deepEqual({ typ, alg }, { typ: 'at+jwt', alg: 'ES256' })
    const claims = decodeJwt(access_token)
    const { iss, aud, client_id, scope } = claims
    assert.deepEqual(
      { iss, aud, client_id, scope },
      { iss: world.hub, aud: world.hub, client_id: 'plain', scope: CARE },
    )
    const [detail, ...others] = claims.authorization_details as calls.Json[]
    assert.equal(others.length, 0)
    assert.match(detail.patient, /^Patient\//)
    assert.deepEqual(detail.actions, ['find', 'read-report', 'view-images'])
    assert.equal(JSON.stringify([claims, answer.body]).includes(PATIENT_ID), false)
  })

  it('never outlives the grant', async () => {
    const toa = calls.now() - 3600 + 60
    const { exp = 0 } = decodeJwt(await calls.grantToken(world, { toa }))
    assert.ok(exp <= toa + 3600)
  })

  it('binds the token to the key of the proof', async () => {
    const { token, key } = await calls.boundToken(world)
    assert.deepEqual(decodeJwt(token).cnf, { jkt: await calls.thumbprint(key) })
  })

  describe('refuses an attest', () => {
    it('older than 60 minutes', async () => {
      const answer = await admit({ toa: calls.now() - 3601 })
      refusal(answer, 'invalid_grant', /^attestation_has_expired/)
    })

    it('of someone else than who signed in', async () => {
      const identifier = {
        id: '17858550120',
        name: 'En annen',
        system: 'urn:oid:2.16.578.1.12.4.1.4.1',
      }
      const answer = await admit({ practitioner: { identifier } })
      refusal(answer, 'invalid_grant', /^attestation_subject_mismatch/)
    })

    it('by a person who signed in below level high', async () => {
      const answer = await admit({ username: 'low', password: 'low' })
      refusal(answer, 'invalid_grant', /^attestation_assurance_too_low/)
    })

    it('for a purpose that is no care', async () => {
      const answer = await admit({ purpose: 'HRESCH' })
      refusal(answer, 'invalid_grant', /^attestation_purpose_not_allowed/)
    })

    it('for another patient than the request’s', async () => {
      const identifier = 'urn:oid:2.16.578.1.12.4.1.4.1|17858550084'
      const answer = await admit({}, { identifier })
      assert.match(answer.body.error_description, /^attestation_patient_mismatch/)
    })
  })

  describe('takes an attest that the client signed itself', () => {
    const practitioner = {
      identifier: { id: '17858550084', name: 'Kari', system: 'urn:oid:2.16.578.1.12.4.1.4.1' },
      legal_entity: { id: '993467049' },
      point_of_care: { id: '874716782' },
    }
    const signedBy = async (key = world.keys.plain, typ = 'attest+jwt', over = {}) => {
      const said = { toa: calls.now(), practitioner: { ...practitioner, ...over } }
      const detail = calls.attestDetail(said)
      const claims = { iss: 'plain', aud: world.hub, authorization_details: [detail] }
      return calls.sign({ ...claims, iat: calls.now() }, key, { typ })
    }
    const withAttest = async (attest: string) =>
      calls.exchange(world, 'plain', {
        subject_token: await calls.signIn(world, 'plain'),
        authorization_details: JSON.stringify([
          { type: 'samsyn:imaging' },
          { type: 'nhn:tillitsrammeverk:parameters', attest },
        ]),
      })

    it('with its registered key', async () => {
      assert.equal((await withAttest(await signedBy())).status, 200)
    })

    it('and refuses it for another unit than the one signed in for', async () => {
      const over = { point_of_care: { id: '983974880' } }
      const answer = await withAttest(await signedBy(undefined, undefined, over))
      refusal(answer, 'invalid_grant', /^attestation_point_of_care_mismatch/)
    })

    it('and refuses it signed by another key, or meant as something else', async () => {
      for (const attest of [await signedBy(newKey()), await signedBy(undefined, 'JWT')])
        refusal(await withAttest(attest), 'invalid_grant', /^attestation_invalid/)
    })
  })

  describe('refuses authorization_details', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['of a type it does not know', JSON.stringify([{ type: 'payment_initiation' }])],
      ['that are not JSON', '[{'],
      ['that are no array', '{}'],
      ['with no element', '[]'],
      ['with members it does not know', calls.imaging({ datatypes: ['x'] })],
      ['with an action that no grant is for', calls.imaging({ actions: ['operate'] })],
      ['with a study that is no UID', calls.imaging({ studies: ['1.02.3'] })],
      ['that name the patient twice', calls.imaging({ patient: 'Patient/1' })],
      ['for a location elsewhere', calls.imaging({ locations: ['https://elsewhere.example'] })],
    ]
    for (const [what, authorization_details] of cases)
      it(what, async () => {
        const subject_token = await calls.signIn(world, 'plain')
        const answer = await calls.exchange(world, 'plain', {
          subject_token,
          authorization_details,
        })
        refusal(answer, 'invalid_authorization_details')
      })
  })

  it('refuses a scope beyond what the client is registered for', async () => {
    const subject_token = await calls.signIn(world, 'plain')
    const answer = await calls.exchange(world, 'plain', {
      subject_token,
      authorization_details: calls.imaging(),
      scope: 'samsyn:find samsyn:operate',
    })
    refusal(answer, 'invalid_scope')
  })

  it('refuses a resource that is not the hub', async () => {
    const subject_token = await calls.signIn(world, 'plain')
    const answer = await calls.exchange(world, 'plain', {
      subject_token,
      authorization_details: calls.imaging(),
      resource: 'https://elsewhere.example/fhir',
    })
    refusal(answer, 'invalid_target')
  })

  describe('and proof of possession', () => {
    it('is asked of a client registered with DPoP', async () => {
      const key = newKey()
      const subject_token = await calls.signIn(world, 'bound', { dpopKey: key })
      const answer = await calls.exchange(world, 'bound', {
        subject_token,
        authorization_details: calls.imaging(),
      })
      refusal(answer, 'invalid_dpop_proof')
    })

    it('is by the key the subject token is bound to', async () => {
      const subject_token = await calls.signIn(world, 'bound', { dpopKey: newKey() })
      const answer = await calls.exchange(world, 'bound', {
        subject_token,
        authorization_details: calls.imaging(),
        dpop: await calls.proof(newKey(), { htu: url() }),
      })
      refusal(answer, 'invalid_grant', /DPoP key/)
    })

    it('is not used twice', async () => {
      const key = newKey()
      const subject_token = await calls.signIn(world, 'bound', { dpopKey: key })
      const form = {
        subject_token,
        authorization_details: calls.imaging(),
        dpop: await calls.proof(key, { htu: url() }),
      }
      assert.equal((await calls.exchange(world, 'bound', form)).status, 200)
      refusal(await calls.exchange(world, 'bound', form), 'invalid_dpop_proof', /used before/)
    })
  })

  it('needs a subject token of a type it knows', async () => {
    refusal(await calls.exchange(world, 'plain', {}), 'invalid_request')
    const wrong = {
      subject_token: 'x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:saml2',
    }
    refusal(await calls.exchange(world, 'plain', wrong), 'invalid_request')
    refusal(
      await calls.exchange(world, 'plain', { subject_token: randomUUID() }),
      'invalid_request',
    )
  })
})
