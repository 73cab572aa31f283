/** The private keys of the demo's clients: made at the first start, read from demo.json at the next. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import type { DemoFile } from '../wire/demo-file.ts'
import { CLIENTS } from './world.ts'

export type PrivateJwk = Readonly<Record<string, unknown>>
export type ClientKeys = ReadonlyMap<string, PrivateJwk>

export function clientKeys(previous: DemoFile | undefined): ClientKeys {
  const known = new Map(
    previous?.clients.map(({ client_id: id, private_jwk: jwk }) => [id, jwk] as const),
  )
  return new Map(CLIENTS.map(({ id }) => [id, known.get(id) ?? newKey()]))
}

function newKey(): PrivateJwk {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'ES256' }
}

/** What the hub and the issuer may know of a client's key. */
export function publicPart(jwk: PrivateJwk): {
  readonly kty: 'EC'
  readonly kid: string
  readonly [name: string]: unknown
} {
  const { d: _private, ...shown } = jwk
  return { ...shown, kty: 'EC', kid: String(jwk.kid) }
}
