/** JWK Sets (RFC 7517): the hub's published keys, and key sets that others' signatures are checked with. */
import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose'

export type JwkSet = JSONWebKeySet

/** Members of a JWK that are public, by key type (RFC 7518 section 6). */
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'e', 'n', 'kid', 'alg', 'use'] as const

/** What the hub publishes of its signing keys: every key of the file, so that rotation has an overlap. */
export function publicJwks(signing: readonly JWK[]): JwkSet {
  return { keys: signing.map(publicJwk) }
}

function publicJwk(jwk: JWK): JWK {
  const members = PUBLIC_MEMBERS.filter((name) => jwk[name] !== undefined)
  return Object.fromEntries(members.map((name) => [name, jwk[name]]))
}

/** A JWK Set as read from outside; undefined where it is not one. Keys that are not objects are dropped. */
export function readJwks(value: unknown): JwkSet | undefined {
  if (typeof value !== 'object' || value === null || !('keys' in value)) return undefined
  if (!Array.isArray(value.keys)) return undefined
  const keys = value.keys.filter(isJwk)
  return { keys }
}

function isJwk(value: unknown): value is JWK {
  return typeof value === 'object' && value !== null && 'kty' in value
}

/** A selector over the set for `jwtVerify`; symmetric keys are left out, whatever the set says. */
export function verificationKeys(jwks: JwkSet): ReturnType<typeof createLocalJWKSet> {
  return createLocalJWKSet({ keys: jwks.keys.filter((key) => key.kty !== 'oct') })
}
