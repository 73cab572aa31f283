/** `POST /oauth/introspect` (RFC 7662, IHE ITI-102): the library refuses structured tokens, so this is ours. */
import type { RequestHandler } from 'express'
import { clientCall, type ClientCallDeps } from './client-call.ts'
import type { IntrospectToken } from '../../services/introspect-token.ts'
import type { AccessTokenClaims } from '../../wire/oauth/access-token.ts'
import { IMAGING_TYPE } from '../../wire/oauth/authorization-details.ts'

export interface IntrospectDeps extends ClientCallDeps {
  readonly introspectToken: IntrospectToken
  readonly issuer: string
}

export function introspect(deps: IntrospectDeps): RequestHandler {
  return clientCall(deps, async ({ caller, token }, res) => {
    const claims = await deps.introspectToken(caller, token)
    res.json(claims === undefined ? { active: false } : describe(claims, deps.issuer))
  })
}

function describe(claims: AccessTokenClaims, issuer: string): object {
  const { detail, boundTo } = claims
  return {
    active: true,
    iss: issuer,
    aud: issuer,
    sub: claims.subject,
    client_id: claims.client,
    jti: claims.tokenId,
    iat: claims.issuedAt.getTime() / 1000,
    exp: claims.expiresAt.getTime() / 1000,
    scope: claims.scope,
    token_type: boundTo === undefined ? 'Bearer' : 'DPoP',
    grant: claims.grant,
    cnf: boundTo === undefined ? undefined : { jkt: boundTo },
    authorization_details: detail && [
      { type: IMAGING_TYPE, ...detail, patient: `Patient/${detail.patient}` },
    ],
  }
}
