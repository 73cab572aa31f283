/** A client ends a token before its time (RFC 7009), and with it the grant the token carries. */
import type { RequestContext } from './record-audit.ts'
import type { RevokeAccess } from './revoke-access.ts'
import type { Client } from '../domain/access/network.ts'
import { actionsOf } from '../domain/access/scopes.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { AccessTokenClaims, VerifyAccessToken } from '../wire/oauth/access-token.ts'

/**
 * Resolves when every use of the token is refused on this node, and soon on all; also for a token that
 * is no longer good, or never was (RFC 7009 section 2.2). Throws `invalid` with reason `invalid_grant`
 * where the token is another client's.
 */
export type RevokeToken = (caller: Client, token: string, context: RequestContext) => Promise<void>

export interface RevokeTokenDeps {
  readonly verifyAccessToken: VerifyAccessToken
  readonly revokeAccess: RevokeAccess
  readonly clock: Clock
}

export function makeRevokeToken(deps: RevokeTokenDeps): RevokeToken {
  return async (caller, token, context) => {
    const claims = await readToken(deps, token)
    if (claims === undefined) return
    // RFC 7009 section 2.1: whoever may ask about a token may not therefore end it.
    if (claims.client !== caller.id)
      throw new HubError('invalid', 'The token is another client’s', { reason: 'invalid_grant' })

    await deps.revokeAccess.token(claims.tokenId, claims.expiresAt)
    if (claims.grant === undefined) return
    // Renewed and narrowed tokens of the same grant would otherwise live on.
    const { id: client, member, scope } = caller
    const { tokenId, grant } = claims
    const principal = { client, member, grant, actions: actionsOf(scope), tokenId }
    await deps.revokeAccess.grants({ kind: 'grant', id: grant }, { context, principal })
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
