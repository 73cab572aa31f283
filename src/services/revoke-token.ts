/** Ending a token before its time (RFC 7009), everywhere within seconds. */
import type { RequestContext } from './record-audit.ts'
import type { Client } from '../domain/access/network.ts'
import { INTROSPECT_SCOPE, scopeTokens } from '../domain/access/scopes.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { GrantId } from '../kernel/ids.ts'
import type { AccessTokenClaims, VerifyAccessToken } from '../wire/oauth/access-token.ts'

/**
 * Resolves also for a token that is no longer good, or never was (RFC 7009 section 2.2). Throws `invalid`
 * with reason `invalid_grant` where the token is another client's.
 */
export type RevokeToken = (caller: Client, token: string, context: RequestContext) => Promise<void>

export interface RevokeTokenDeps {
  readonly verifyAccessToken: VerifyAccessToken
  /** Stores and announces that the token is dead (`storage/revoked-tokens.ts`). */
  readonly rememberRevoked: (tokenId: string, expiresAt: Date) => Promise<void>
  /** Ends a grant and what was derived from it. */
  readonly revokeGrant: (grant: GrantId, context: RequestContext) => Promise<void>
  readonly clock: Clock
}

export function makeRevokeToken(deps: RevokeTokenDeps): RevokeToken {
  return async (caller, token, context) => {
    const claims = await readToken(deps, token)
    if (claims === undefined) return
    const mayRevoke =
      claims.client === caller.id || scopeTokens(caller.scope).includes(INTROSPECT_SCOPE)
    if (!mayRevoke)
      throw new HubError('invalid', 'The token is another client’s', { reason: 'invalid_grant' })
    await deps.rememberRevoked(claims.tokenId, claims.expiresAt)
    // Renewed and narrowed tokens of the same grant would otherwise live on.
    if (claims.grant !== undefined) await deps.revokeGrant(claims.grant, context)
  }
}

async function readToken(
  { verifyAccessToken, clock }: RevokeTokenDeps,
  token: string,
): Promise<AccessTokenClaims | undefined> {
  try {
    return await verifyAccessToken(token, clock())
  } catch (error) {
    if (isHubError(error, 'unauthenticated')) return undefined
    throw error
  }
}
