/** Calls of the token endpoint and its neighbours, written out so that each part can be made wrong. */
import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, importJWK, SignJWT, type JWTPayload } from 'jose'
import { connectAuthorization } from '../../src/sources/authorization-client.ts'
import { newKey, PATIENT_ID, REDIRECT, type OauthWorld, type PrivateKey } from './oauth-world.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const ATTEST = 'nhn:tillitsrammeverk:parameters'
const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'

/** What came over the socket: untyped until it is asserted on. */
export type Json = ReturnType<typeof JSON.parse>

export interface Answer {
  readonly status: number
  readonly body: Json
  readonly headers: Headers
}

export function sign(
  payload: JWTPayload,
  key: PrivateKey,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return importJWK(key, 'ES256').then((signer) =>
    new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: key.kid, ...header }).sign(signer),
  )
}

export const now = (): number => Math.floor(Date.now() / 1000)

/** A client assertion as it should be, but for `over`. */
export function assertionBy(
  key: PrivateKey,
  client: string,
  aud: string,
  over: JWTPayload = {},
): Promise<string> {
  const claims = { iss: client, sub: client, aud, jti: randomUUID(), exp: now() + 30 }
  return sign({ ...claims, ...over }, key)
}

export function assertion(
  world: OauthWorld,
  client: 'bound' | 'plain',
  over: JWTPayload = {},
): Promise<string> {
  return assertionBy(world.keys[client], client, world.hub, over)
}

export async function proof(
  key: PrivateKey,
  claims: { htu: string; htm?: string; token?: string } & Record<string, unknown>,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { token, ...rest } = claims
  const { kty, crv, x, y } = key
  const ath = token && createHash('sha256').update(token).digest('base64url')
  const payload = { htm: 'POST', iat: now(), jti: randomUUID(), ...(ath && { ath }), ...rest }
  const full = { typ: 'dpop+jwt', jwk: { kty, crv, x, y }, kid: undefined, ...header }
  return sign(payload, key, full)
}

export function thumbprint({ kty = '', crv = '', x = '', y = '' }: PrivateKey): Promise<string> {
  return calculateJwkThumbprint({ kty, crv, x, y })
}

export async function post(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers })
  const text = await response.text()
  const body = text === '' ? undefined : JSON.parse(text)
  return { status: response.status, body, headers: response.headers }
}

/** Posts to the token endpoint as a client; `dpop` is a whole proof. */
export async function token(
  world: OauthWorld,
  client: 'bound' | 'plain',
  { dpop, ...form }: Readonly<Record<string, string>>,
): Promise<Answer> {
  return post(
    `${world.hub}/oauth/token`,
    {
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await assertion(world, client),
      ...form,
    },
    dpop === undefined ? {} : { dpop },
  )
}

/** Introspection or revocation. */
export async function ask(
  world: OauthWorld,
  what: 'introspect' | 'revoke',
  client: 'bound' | 'plain',
  subject: string,
): Promise<Answer> {
  return post(`${world.hub}/oauth/${what}`, {
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: await assertion(world, client),
    token: subject,
  })
}

export interface CareRequest {
  readonly username?: string
  readonly password?: string
  /** Seconds since 1970. */
  readonly toa?: number
  readonly practitioner?: object
  readonly purpose?: string
  readonly dpopKey?: PrivateKey
}

/** The attest as a client sends it to the issuer with the sign-in. */
export function attestDetail({ toa, practitioner, purpose = 'TREAT' }: CareRequest = {}): object {
  return {
    type: ATTEST,
    ...(toa !== undefined && { toa }),
    ...(practitioner !== undefined && { practitioner }),
    care_relationship: {
      healthcare_service: { code: 'S03', system: 'urn:oid:2.16.578.1.12.4.1.1.8655' },
      purpose_of_use: { code: purpose, system: 'urn:oid:2.16.840.1.113883.1.11.20448' },
      decision_ref: { id: randomUUID(), user_selected: false },
    },
    patients: [{ identifier: { id: PATIENT_ID, system: FNR } }],
  }
}

/** A person's token of the issuer, by the whole sign-in. */
export async function signIn(
  world: OauthWorld,
  client: 'bound' | 'plain',
  request: CareRequest = {},
): Promise<string> {
  const identity = {
    clientId: client,
    privateJwk: world.keys[client],
    ...(request.dpopKey && { dpopJwk: request.dpopKey }),
  }
  const authorization = await connectAuthorization(world.issuer.url, identity)
  const { accessToken } = await authorization.signIn({
    username: request.username ?? 'kari',
    password: request.password ?? 'riktig hest',
    redirectUri: REDIRECT,
    scope: 'openid profile',
    authorizationDetails: [attestDetail(request)],
  })
  return accessToken
}

export function imaging(over: object = {}): string {
  return JSON.stringify([
    {
      type: 'samsyn:imaging',
      identifier: { system: FNR, value: PATIENT_ID },
      purpose: 'TREAT',
      ...over,
    },
  ])
}

/** Exchanges a subject token; `over` replaces or adds parameters. */
export async function exchange(
  world: OauthWorld,
  client: 'bound' | 'plain',
  over: Readonly<Record<string, string>>,
): Promise<Answer> {
  return token(world, client, {
    grant_type: TOKEN_EXCHANGE,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    ...over,
  })
}

/** A grant's bearer token of client `plain`. */
export async function grantToken(world: OauthWorld, request: CareRequest = {}): Promise<string> {
  const subject_token = await signIn(world, 'plain', request)
  const { status, body } = await exchange(world, 'plain', {
    subject_token,
    authorization_details: imaging({ purpose: request.purpose ?? 'TREAT' }),
  })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body.access_token
}

/** A grant's token of client `bound`, with the key it is bound to. */
export async function boundToken(world: OauthWorld): Promise<{ token: string; key: PrivateKey }> {
  const key = newKey()
  const subject_token = await signIn(world, 'bound', { dpopKey: key })
  const { status, body } = await exchange(world, 'bound', {
    subject_token,
    authorization_details: imaging(),
    dpop: await proof(key, { htu: `${world.hub}/oauth/token` }),
  })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return { token: body.access_token, key }
}

/** `GET /fhir/whoami` with whatever headers. */
export async function whoami(
  world: OauthWorld,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const response = await fetch(`${world.hub}/fhir/whoami`, { headers })
  return { status: response.status, body: await response.json(), headers: response.headers }
}
