/** The one answer to a token that does not hold: what was wrong, never what it said. */
import { errors } from 'jose'
import { HubError } from '../../kernel/errors.ts'

/** Asymmetric signatures only: `none` and HMAC have no place between organisations (RFC 8725 section 3.1). */
export const SIGNATURE_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'Ed25519',
] as const

/** Seconds a clock may be off. */
export const LEEWAY = 5

export function invalidToken(message: string, cause?: unknown): HubError {
  return new HubError('unauthenticated', message, { reason: 'invalid_token', cause })
}

/** Puts jose's verdict in words that help the caller and reveal no claim. */
export function tokenFault(what: string, error: unknown): HubError {
  if (error instanceof HubError) return error
  return invalidToken(`${what} ${verdict(error)}`, error)
}

function verdict(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'has expired'
  if (error instanceof errors.JWTClaimValidationFailed)
    return `has a ${error.claim} that is not accepted here`
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return 'is signed with an algorithm that is not accepted'
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'is signed with a key that is not known'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'has a signature that is wrong'
  return 'is not a valid JSON Web Token'
}
