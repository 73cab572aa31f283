/** Making a DPoP proof (RFC 9449 section 4.2), where the hub's own commands are the client. */
import { createHash } from 'node:crypto'
import { importJWK, SignJWT, type JWK } from 'jose'

export interface ProofRequest {
  readonly method: string
  /** Without query and fragment. */
  readonly url: string
  readonly accessToken: string
  /** Unique to the request. */
  readonly jti: string
}

/** `jwk` is a private P-256 key. */
export async function signDpopProof(jwk: JWK, request: ProofRequest, at: Date): Promise<string> {
  const { crv = '', x = '', y = '' } = jwk
  const ath = createHash('sha256').update(request.accessToken).digest('base64url')
  return new SignJWT({ htm: request.method, htu: request.url, jti: request.jti, ath })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty: 'EC', crv, x, y } })
    .setIssuedAt(at)
    .sign(await importJWK(jwk, 'ES256'))
}
