/** What a token of the hub is worth at this moment (RFC 7662): signature by jose, state from the access state. */
import { requireLive, type TokenState } from './token-state.ts'
import type { Client } from '../domain/access/network.ts'
import { INTROSPECT_SCOPE, scopeTokens } from '../domain/access/scopes.ts'
import type { Clock } from '../kernel/clock.ts'
import { isHubError } from '../kernel/errors.ts'
import type { AccessTokenClaims, VerifyAccessToken } from '../wire/oauth/access-token.ts'

/**
 * The claims of a live token; undefined for one that is not, and for a caller that is neither its client
 * nor registered with the introspection scope: RFC 7662 section 2.2 has one answer for all of these.
 */
export type IntrospectToken = (
  caller: Client,
  token: string,
) => Promise<AccessTokenClaims | undefined>

export interface IntrospectTokenDeps {
  readonly verifyAccessToken: VerifyAccessToken
  readonly accessState: TokenState
  readonly clock: Clock
}

export function makeIntrospectToken(deps: IntrospectTokenDeps): IntrospectToken {
  const { verifyAccessToken, accessState, clock } = deps
  return async (caller, token) => {
    try {
      const claims = await verifyAccessToken(token, clock())
      const mayAsk =
        claims.client === caller.id || scopeTokens(caller.scope).includes(INTROSPECT_SCOPE)
      if (!mayAsk) return undefined
      await requireLive(accessState, claims, clock())
      return claims
    } catch (error) {
      if (isHubError(error, 'unauthenticated')) return undefined
      throw error
    }
  }
}
