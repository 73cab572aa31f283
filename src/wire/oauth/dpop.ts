/** DPoP proofs (RFC 9449 section 4.3): that the caller holds the key its token is bound to. */
import { createHash } from 'node:crypto'
import {
  calculateJwkThumbprint,
  EmbeddedJWK,
  jwtVerify,
  type CryptoKey,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { HubError } from '../../kernel/errors.ts'
import { LEEWAY, SIGNATURE_ALGORITHMS } from './invalid-token.ts'

/** Seconds a proof is good for after it was made; how long its `jti` is kept. */
const PROOF_LIFETIME = 60

export interface DpopProof {
  /** SHA-256 thumbprint of the proof's key (RFC 7638), base64url. */
  readonly thumbprint: string
  readonly jti: string
  /** After this the proof is refused by its age, and its `jti` may be forgotten. */
  readonly expiresAt: Date
}

export interface DpopRequest {
  /** The DPoP header. */
  readonly proof: string
  readonly method: string
  /** Public URL of the request; query and fragment do not count. */
  readonly url: string
  /** The access token presented with the proof; its hash must be the proof's `ath`. */
  readonly accessToken?: string | undefined
}

const MAX_PROOF = 8192

const claimsSchema = z.object({
  jti: z.string().min(1).max(256),
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  ath: z.string().optional(),
})

/**
 * Throws `unauthenticated` with reason `invalid_dpop_proof`. Whether the `jti` was used before is asked
 * of the replay cache by the caller.
 */
export type VerifyDpopProof = (request: DpopRequest, at: Date) => Promise<DpopProof>

/** A caller sends the same key with each request: reading it anew costs as much as the signature. */
interface KnownKey {
  readonly key: CryptoKey
  readonly thumbprint: string
}

/** Keys by the proof's header, whose bytes hold the whole key: some 10 MB where each is as long as may be. */
type KnownKeys = LRUCache<string, KnownKey>

const MAX_KEYS = 1_000

/** Remembers keys, never whether a proof or a caller is good. */
export function makeVerifyDpopProof(): VerifyDpopProof {
  const known: KnownKeys = new LRUCache({ max: MAX_KEYS })
  return async (request, at) => {
    const { thumbprint, payload } = await verifySignature(request.proof, at, known)
    const { jti, iat } = checkClaims(payload, request, at)
    const expiresAt = new Date((iat + PROOF_LIFETIME) * 1000)
    return { thumbprint, jti, expiresAt }
  }
}

function checkClaims(
  payload: JWTPayload,
  request: DpopRequest,
  at: Date,
): z.infer<typeof claimsSchema> {
  const claims = claimsSchema.safeParse(payload)
  if (!claims.success) throw invalidProof('lacks one of jti, htm, htu, iat')
  const { htm, htu, iat, ath } = claims.data
  if (htm !== request.method) throw invalidProof('is for another method')
  if (normalised(htu) !== normalised(request.url)) throw invalidProof('is for another URL')
  const age = at.getTime() / 1000 - iat
  if (age > PROOF_LIFETIME) throw invalidProof('is too old')
  if (age < -LEEWAY) throw invalidProof('is from the future')
  if (request.accessToken !== undefined && ath !== tokenHash(request.accessToken))
    throw invalidProof('is for another access token')
  return claims.data
}

interface Signed {
  readonly thumbprint: string
  readonly payload: JWTPayload
}

/** The key is the proof's own; EmbeddedJWK refuses one with a private or symmetric part. */
async function verifySignature(proof: string, at: Date, known: KnownKeys): Promise<Signed> {
  if (proof.length > MAX_PROOF) throw invalidProof('is too long')
  const [header = ''] = proof.split('.', 1)
  const before = known.get(header)
  const keyOf: JWTVerifyGetKey = before === undefined ? EmbeddedJWK : () => before.key
  try {
    const { protectedHeader, payload, key } = await jwtVerify(proof, keyOf, {
      typ: 'dpop+jwt',
      algorithms: [...SIGNATURE_ALGORITHMS],
      clockTolerance: LEEWAY,
      currentDate: at,
    })
    if (before !== undefined) return { thumbprint: before.thumbprint, payload }
    const { jwk } = protectedHeader
    if (jwk === undefined) throw invalidProof('has no key')
    const thumbprint = await calculateJwkThumbprint(jwk)
    if (!(key instanceof Uint8Array)) known.set(header, { key, thumbprint })
    return { thumbprint, payload }
  } catch (error) {
    if (error instanceof HubError) throw error
    throw invalidProof('is not signed as RFC 9449 asks', error)
  }
}

/** Scheme and syntax normalisation of RFC 3986 section 6.2; empty where it is not a URL. */
function normalised(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null) return ''
  parsed.search = ''
  parsed.hash = ''
  return parsed.href
}

function tokenHash(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest('base64url')
}

export function invalidProof(fault: string, cause?: unknown): HubError {
  return new HubError('unauthenticated', `The DPoP proof ${fault}`, {
    reason: 'invalid_dpop_proof',
    cause,
  })
}
