/** Who may do what: tokens, grants, consents' decisions and their reviews, over one installation. */
import type { Foundation, Ground } from './compose-ground.ts'
import { makeAdmitClerk, makeAdmitOperator } from './services/admit-operator.ts'
import { makeAuditToken } from './services/audit-token.ts'
import { makeAuthenticateClient } from './services/authenticate-client.ts'
import { makeAuthenticate } from './services/authenticate.ts'
import { makeExchangeToken } from './services/exchange-token.ts'
import { makeGrantAccess } from './services/grant-access.ts'
import { makeIntrospectToken } from './services/introspect-token.ts'
import { makeListBreakGlassReviews } from './services/list-break-glass-reviews.ts'
import { makeNarrowGrant } from './services/narrow-grant.ts'
import { makeNoteRefusal } from './services/note-refusal.ts'
import { makeReviewBreakGlass } from './services/review-break-glass.ts'
import { makeRevokeAccess } from './services/revoke-access.ts'
import { makeRevokeToken } from './services/revoke-token.ts'
import { makeIssuerKeys } from './sources/issuer-keys.ts'
import { makeOidcRecords } from './storage/oidc.ts'
import { makeUseProof } from './storage/used-proofs.ts'
import { makeVerifyAccessToken } from './wire/oauth/access-token.ts'
import { makeVerifyDpopProof } from './wire/oauth/dpop.ts'
import { publicJwks } from './wire/oauth/jwks.ts'

export function makeAccessServices({ config, storage, clock }: Foundation, ground: Ground) {
  const { pool, sealer, keys } = storage
  const { state, audit, egress, profile } = ground
  const accessState = state
  const recordAudit = audit.record
  const issuer = config.baseUrl
  const useProof = makeUseProof(pool)
  const verifyAccessToken = makeVerifyAccessToken(publicJwks(keys.signing), issuer)
  const auditToken = makeAuditToken({ accessState, recordAudit, clock })
  const verifyDpopProof = makeVerifyDpopProof()
  const tokens = { issuer, accessState, useProof, verifyAccessToken, verifyDpopProof, clock }
  const deciding = { pool, state, profile, sealer, recordAudit, clock }
  const reviewing = { pool, authorize: ground.authorize, recordAudit, clock }
  return {
    admitClerk: makeAdmitClerk({ authorize: ground.authorize, recordAudit, clock }),
    admitOperator: makeAdmitOperator({ authorize: ground.authorize, recordAudit, clock }),
    auditToken,
    useProof,
    authorize: ground.authorize,
    noteRefusal: makeNoteRefusal({ accessState, recordAudit, clock }),
    oidcRecords: makeOidcRecords(pool),
    authenticate: makeAuthenticate(tokens),
    authenticateClient: makeAuthenticateClient(tokens),
    introspectToken: makeIntrospectToken(tokens),
    listBreakGlassReviews: makeListBreakGlassReviews(reviewing),
    reviewBreakGlass: makeReviewBreakGlass(reviewing),
    revokeToken: makeRevokeToken({ ...tokens, revokeAccess: makeRevokeAccess(deciding) }),
    exchangeToken: makeExchangeToken({
      ...tokens,
      trustedIssuers: config.trustedIssuers,
      issuerKeys: makeIssuerKeys({ egress, clock }),
      grantAccess: makeGrantAccess(deciding),
      narrowGrant: makeNarrowGrant(deciding),
      auditToken,
    }),
  }
}
