/** From an HTTP request's credentials to a Principal (RFC 9068, RFC 6750, RFC 9449 section 7). */
import type { Principal } from '../domain/access/principal.ts'

export interface Credentials {
  /** The Authorization header. */
  readonly authorization?: string | undefined
  /** The DPoP header. */
  readonly dpop?: string | undefined
  readonly method: string
  /** Public URL of the request without query and fragment: what DPoP calls `htu`. */
  readonly url: string
}

/** Throws `unauthenticated` with an RFC 6750 error code as `reason` (`invalid_token`, `invalid_dpop_proof`). */
export type Authenticate = (credentials: Credentials) => Promise<Principal>
