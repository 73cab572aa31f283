/** Whether a token whose signature holds is still good: its client, member, grant and own revocation. */
import type { AccessState } from './access-state.ts'
import type { Client } from '../domain/access/network.ts'
import type { Grant } from '../domain/access/grant.ts'
import type { AccessTokenClaims } from '../wire/oauth/access-token.ts'
import { invalidToken } from '../wire/oauth/invalid-token.ts'

export type TokenState = Pick<AccessState, 'client' | 'member' | 'grant' | 'isRevoked'>

export interface LiveToken {
  readonly client: Client
  readonly grant?: Grant | undefined
}

/** Throws `unauthenticated` with reason `invalid_token`, or `unavailable` where the state is too old. */
export async function requireLive(
  state: TokenState,
  claims: AccessTokenClaims,
  at: Date,
): Promise<LiveToken> {
  const client = state.client(claims.client)
  if (client?.active !== true) throw invalidToken('The client of the access token is not active')
  if (state.member(client.member)?.active !== true)
    throw invalidToken('The member of the access token is not active')
  if (state.isRevoked(claims.tokenId)) throw invalidToken('The access token was revoked')
  if (claims.grant === undefined) return { client }

  const grant = await state.grant(claims.grant)
  if (grant === undefined || grant.revokedAt !== undefined || grant.expiresAt <= at)
    throw invalidToken('The grant of the access token has ended')
  if (grant.client !== client.id) throw invalidToken('The grant of the access token is another’s')
  return { client, grant }
}
