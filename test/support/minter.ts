/** A trusted issuer whose keys the test holds, on a socket: mints tokens as they should be and as they should not. */
import { randomUUID, type JsonWebKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { SignJWT, type JWTPayload } from 'jose'
import type { Scope } from './database.ts'

export interface Minter {
  readonly url: string
  /** What it publishes; the test may change it. */
  readonly keys: JsonWebKey[]
  /** How often its keys were read. */
  reads(): number
}

export async function startMinter(t: Scope): Promise<Minter> {
  let reads = 0
  const keys: JsonWebKey[] = []
  const server = createServer((req, res) => {
    const metadata = { issuer: url, jwks_uri: `${url}/jwks` }
    if (req.url === '/jwks') reads += 1
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify(req.url === '/jwks' ? { keys } : metadata))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Not listening on TCP')
  const url = `http://localhost:${address.port}`
  return { url, keys, reads: () => reads }
}

/** Claims of a good token of the profile `helseid`, with an attest for `patient`. */
export function helseidClaims(
  issuer: string,
  { audience, patient }: { audience: string; patient: string },
): JWTPayload {
  const now = Math.floor(Date.now() / 1000)
  const system = 'urn:oid:2.16.578.1.12.4.1.4.1'
  const pid = '17858550084'
  return {
    iss: issuer,
    aud: audience,
    iat: now,
    nbf: now,
    exp: now + 600,
    jti: randomUUID(),
    client_id: 'epj',
    name: 'Kari Lege',
    'helseid://claims/identity/pid': pid,
    'helseid://claims/identity/security_level': '4',
    'helseid://claims/hpr/hpr_number': '9144900',
    'helseid://claims/client/claims/orgnr_parent': '993467049',
    'helseid://claims/client/claims/orgnr_child': '874716782',
    authorization_details: [
      {
        type: 'nhn:tillitsrammeverk:parameters',
        toa: now,
        practitioner: {
          identifier: { id: pid, name: 'Kari Lege', system },
          hpr_nr: { id: '9144900' },
          authorization: { code: 'LE' },
          legal_entity: { id: '993467049' },
          point_of_care: { id: '874716782' },
        },
        care_relation: {
          healthcare_service: { code: 'S03' },
          purpose_of_use: { code: 'TREAT' },
          decision_ref: { id: randomUUID() },
        },
        patients: [{ identifier: { id: patient, system } }],
      },
    ],
  }
}

/** Two parts and an empty signature: what a verifier must never take (RFC 8725 section 2.1). */
export function unsigned(
  payload: JWTPayload,
  header: object = { alg: 'none', typ: 'at+jwt' },
): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(payload)}.`
}

/** Signed by HMAC with the issuer's public key as the secret, in each form a careless verifier might use. */
export function confused(payload: JWTPayload, publicKey: JsonWebKey): Promise<string> {
  const secret = new TextEncoder().encode(JSON.stringify(publicKey).padEnd(64, ' '))
  const header = { alg: 'HS256', typ: 'at+jwt', kid: String(publicKey.kid) }
  return new SignJWT(payload).setProtectedHeader(header).sign(secret)
}
