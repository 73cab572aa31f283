/** From an HTTP request's credentials to a Principal (RFC 9068, RFC 6750, RFC 9449 section 7). */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { requireLive, type LiveToken, type TokenState } from './token-state.ts'
import type { Action, Principal } from '../domain/access/principal.ts'
import { actionsOf } from '../domain/access/scopes.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { UseProof } from '../storage/used-proofs.ts'
import type { AccessTokenClaims, VerifyAccessToken } from '../wire/oauth/access-token.ts'
import { replayId } from '../wire/oauth/client-assertion.ts'
import { invalidProof, type VerifyDpopProof } from '../wire/oauth/dpop.ts'
import { invalidToken } from '../wire/oauth/invalid-token.ts'

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

export interface AuthenticateDeps {
  readonly verifyAccessToken: VerifyAccessToken
  readonly accessState: TokenState
  readonly verifyDpopProof: VerifyDpopProof
  readonly useProof: UseProof
  readonly clock: Clock
}

/** Tokens whose signature was checked: a viewer sends one with hundreds of requests. */
const MAX_VERIFIED = 10_000

export function makeAuthenticate(deps: AuthenticateDeps): Authenticate {
  const { accessState, clock } = deps
  const verify = rememberVerified(deps.verifyAccessToken)
  return async (credentials) => {
    const { scheme, token } = readAuthorization(credentials.authorization)
    const at = clock()
    const { claims, actions } = await verify(token, at)
    const live = await requireLive(accessState, claims, at)
    requireLocation(claims, credentials.url)
    await requirePossession({ scheme, token, claims, credentials }, { ...deps, at })
    return toPrincipal(claims, live, actions)
  }
}

interface Verified {
  readonly claims: AccessTokenClaims
  /** What its scopes cover. */
  readonly actions: ReadonlySet<Action>
}

/** Keeps what the signature said, never whether the token is still good; keyed by hash, not by token. */
function rememberVerified(
  verify: VerifyAccessToken,
): (token: string, at: Date) => Promise<Verified> {
  const verified = new LRUCache<string, Verified>({ max: MAX_VERIFIED })
  return async (token, at) => {
    const key = createHash('sha256').update(token).digest('base64url')
    const known = verified.get(key)
    if (known !== undefined && known.claims.expiresAt > at) return known
    const claims = await verify(token, at)
    const fresh = { claims, actions: actionsOf(claims.scope) }
    verified.set(key, fresh)
    return fresh
  }
}

const AUTHORIZATION = /^(?<scheme>bearer|dpop) +(?<token>[A-Za-z0-9._~+/-]+=*)$/i

function readAuthorization(header: string | undefined): {
  readonly scheme: 'bearer' | 'dpop'
  readonly token: string
} {
  // No error code where no credentials were sent (RFC 6750 section 3.1).
  if (header === undefined)
    throw new HubError('unauthenticated', 'This address needs an access token of the hub')
  const { scheme, token } = AUTHORIZATION.exec(header)?.groups ?? {}
  if (scheme === undefined || token === undefined)
    throw invalidToken('The Authorization header holds no Bearer or DPoP access token')
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token }
}

function requireLocation({ detail }: AccessTokenClaims, url: string): void {
  if (detail === undefined) return
  const within = detail.locations.some((base) => url === base || url.startsWith(`${base}/`))
  if (!within) throw invalidToken('The access token was narrowed to other addresses')
}

interface Presentation {
  readonly scheme: 'bearer' | 'dpop'
  readonly token: string
  readonly claims: AccessTokenClaims
  readonly credentials: Credentials
}

type Checking = Pick<AuthenticateDeps, 'verifyDpopProof' | 'useProof'> & { readonly at: Date }

/** A bound token is good with a fresh proof by its key only (RFC 9449 section 7.1). */
async function requirePossession(
  { scheme, token, claims, credentials }: Presentation,
  { at, verifyDpopProof, useProof }: Checking,
): Promise<void> {
  if (claims.boundTo === undefined) {
    if (scheme === 'dpop') throw invalidToken('The access token is not bound to a DPoP key')
    return
  }
  if (scheme === 'bearer')
    throw invalidToken('The access token is bound to a DPoP key and needs the DPoP scheme')
  const { dpop, method, url } = credentials
  if (dpop === undefined) throw invalidProof('is missing')
  const proof = await verifyDpopProof({ proof: dpop, method, url, accessToken: token }, at)
  if (proof.thumbprint !== claims.boundTo) throw invalidProof('is by another key than the token’s')
  const fresh = await useProof(replayId(claims.boundTo, proof.jti), proof.expiresAt)
  if (!fresh) throw invalidProof('has been used before')
}

function toPrincipal(
  { tokenId }: AccessTokenClaims,
  { client, grant }: LiveToken,
  covered: ReadonlySet<Action>,
): Principal {
  const actions = grant?.actions.filter((action) => covered.has(action)) ?? covered
  return {
    client: client.id,
    member: client.member,
    unit: grant?.unit,
    practitioner: grant?.practitioner,
    grant: grant?.id,
    actions: new Set(actions),
    tokenId,
  }
}
