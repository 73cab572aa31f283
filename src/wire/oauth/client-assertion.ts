/** `private_key_jwt` (RFC 7523 section 3): who a client is, by the key it is registered with. */
import { createHash } from 'node:crypto'
import { decodeJwt, jwtVerify } from 'jose'
import { z } from 'zod'
import { HubError } from '../../kernel/errors.ts'
import { LEEWAY, SIGNATURE_ALGORITHMS } from './invalid-token.ts'
import { verificationKeys, type JwkSet } from './jwks.ts'

export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export interface ClientAssertion {
  readonly jti: string
  readonly expiresAt: Date
}

/** Seconds: an assertion is made for one request, and RFC 7523 section 3 lets a server refuse long lives. */
const MAX_LIFETIME = 600
const MAX_ASSERTION = 8192
const claimsSchema = z.object({ jti: z.string().min(1).max(256), exp: z.number() })

/** The client an assertion claims to be from, before anything is checked; undefined where it is no JWT. */
export function claimedClient(assertion: string): string | undefined {
  if (assertion.length > MAX_ASSERTION) return undefined
  try {
    return decodeJwt(assertion).sub
  } catch {
    return undefined
  }
}

/** Whether an `exp` (seconds since 1970) lies no further ahead than any endpoint takes. */
export function isShortLived(exp: unknown, now: Date): boolean {
  return typeof exp === 'number' && exp - now.getTime() / 1000 <= MAX_LIFETIME
}

/** Throws `unauthenticated` with reason `invalid_client`. Whether it was used before is the caller's question. */
export async function verifyClientAssertion(
  assertion: string,
  expected: {
    readonly client: string
    readonly jwks: JwkSet
    /** The issuer and the endpoint's URL, either of which is good. */
    readonly audience: string[]
  },
  at: Date,
): Promise<ClientAssertion> {
  try {
    const { payload } = await jwtVerify(assertion, verificationKeys(expected.jwks), {
      issuer: expected.client,
      subject: expected.client,
      audience: expected.audience,
      algorithms: [...SIGNATURE_ALGORITHMS],
      clockTolerance: LEEWAY,
      currentDate: at,
    })
    const { jti, exp } = claimsSchema.parse(payload)
    if (!isShortLived(exp, at)) throw new Error('The assertion lives too long')
    return { jti, expiresAt: new Date((exp + LEEWAY) * 1000) }
  } catch (error) {
    throw invalidClient(error)
  }
}

export function invalidClient(cause?: unknown): HubError {
  return new HubError('unauthenticated', 'Client authentication failed', {
    reason: 'invalid_client',
    cause,
  })
}

/**
 * What a client's assertion or proof is remembered by; the token endpoint's library uses the same, so one
 * that was used there is used everywhere.
 */
export function replayId(client: string, jti: string): string {
  return createHash('sha256').update(`${client}${jti}`).digest('base64url')
}
