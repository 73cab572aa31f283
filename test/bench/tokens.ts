/** Tokens of the hub for a bench: a clinician's for one patient, and a member's own system's. */
import { importJWK, SignJWT } from 'jose'
import type { Minter } from '../support/minter.ts'
import { helseidClaims } from '../support/minter.ts'
import { assertionBy, post, TOKEN_EXCHANGE } from '../support/oauth-calls.ts'
import { newKey } from '../support/oauth-world.ts'

const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** Organisation number of the member that the minter's clinicians work for. */
export const CARE_ORGNR = '993467049'
export const AUDIENCE = 'nhn:samsyn'

/** What `samsyn client add` answers. */
export interface BenchClient {
  readonly client_id: string
  readonly private_jwk: ReturnType<typeof newKey>
}

export interface CareSetting {
  /** Base address of the hub. */
  readonly hub: string
  readonly client: BenchClient
  readonly minter: Minter
  /** Signs as the issuer. */
  readonly issuerKey: ReturnType<typeof newKey>
}

/** A key whose public part the issuer tells. */
export function makeIssuerKey(minter: Minter): ReturnType<typeof newKey> {
  const key = newKey()
  const { d: _d, ...publicKey } = key
  minter.keys.push(publicKey)
  return key
}

/** For the patient with this national id. */
export async function careToken(
  { hub, client, minter, issuerKey }: CareSetting,
  patientNumber: string,
): Promise<string> {
  const subject = await new SignJWT(
    helseidClaims(minter.url, { audience: AUDIENCE, patient: patientNumber }),
  )
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: issuerKey.kid })
    .sign(await importJWK(issuerKey, 'ES256'))
  const identifier = { system: FNR, value: patientNumber }
  return ask(hub, client, {
    grant_type: TOKEN_EXCHANGE,
    subject_token: subject,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    authorization_details: JSON.stringify([
      { type: 'samsyn:imaging', identifier, purpose: 'TREAT' },
    ]),
  })
}

export function systemToken(hub: string, client: BenchClient, scope: string): Promise<string> {
  return ask(hub, client, { grant_type: 'client_credentials', scope })
}

async function ask(
  hub: string,
  client: BenchClient,
  form: Readonly<Record<string, string>>,
): Promise<string> {
  const answer = await post(`${hub}/oauth/token`, {
    ...form,
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: await assertionBy(client.private_jwk, client.client_id, hub),
  })
  if (answer.status !== 200) throw new Error(`No token: ${JSON.stringify(answer.body)}`)
  return String(answer.body.access_token)
}
