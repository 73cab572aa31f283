/** What both ways of token exchange (RFC 8693) have in common: the request, its limits and its outcome. */
import type { AccessState } from './access-state.ts'
import type { AuditToken } from './audit-token.ts'
import type { GrantAccess } from './grant-access.ts'
import type { NarrowGrant } from './narrow-grant.ts'
import type { RequestContext } from './record-audit.ts'
import type { Grant } from '../domain/access/grant.ts'
import type { Client } from '../domain/access/network.ts'
import type { Action } from '../domain/access/principal.ts'
import { actionsOf, isScopeWithin, scopeOf, scopeTokens } from '../domain/access/scopes.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { ClientId, GrantId } from '../kernel/ids.ts'
import type { UseProof } from '../storage/used-proofs.ts'
import type { VerifyAccessToken } from '../wire/oauth/access-token.ts'
import {
  GRANTABLE_ACTIONS,
  imagingDetail,
  type EmittedDetail,
} from '../wire/oauth/authorization-details.ts'
import type { VerifyDpopProof } from '../wire/oauth/dpop.ts'
import type { IssuerKeys, TrustedIssuer } from '../wire/oauth/foreign-token.ts'

export interface ExchangeRequest {
  /** Authenticated by the token endpoint. */
  readonly client: ClientId
  readonly subjectToken: string
  /** The parameters as sent. */
  readonly authorizationDetails?: string | undefined
  readonly scope?: string | undefined
  /** The DPoP header, and the token endpoint's public URL it must be for. */
  readonly dpop?: string | undefined
  readonly url: string
}

export interface ExchangedToken {
  readonly grant: GrantId
  /** The practitioner's handle. */
  readonly subject: string
  readonly scope: string
  /** The one element of `authorization_details`. */
  readonly detail: EmittedDetail
  /** Seconds. */
  readonly expiresIn: number
  readonly boundTo?: string | undefined
}

/** What is left to do once a request holds: refusals before it are the exchange's to log. */
export type Ready = () => Promise<ExchangedToken>

export interface ExchangeTokenDeps {
  /** The hub's public URL without a path's trailing slash. */
  readonly issuer: string
  readonly trustedIssuers: readonly TrustedIssuer[]
  readonly issuerKeys: IssuerKeys
  readonly verifyAccessToken: VerifyAccessToken
  readonly accessState: Pick<AccessState, 'client' | 'grant' | 'isRevoked'>
  readonly verifyDpopProof: VerifyDpopProof
  readonly useProof: UseProof
  readonly grantAccess: GrantAccess
  readonly narrowGrant: NarrowGrant
  readonly auditToken: AuditToken
  readonly clock: Clock
}

/** A token lives at most this long, and never longer than its grant (access.md section 4). */
const MAX_SECONDS = 300

export interface Exchange {
  readonly deps: ExchangeTokenDeps
  readonly request: ExchangeRequest
  readonly client: Client
  readonly boundTo: string | undefined
  readonly context: RequestContext
}

/**
 * Possession of the subject token: where it is bound (`cnf.jkt`), the proof on this request must be by
 * the same key, so that a stolen token is worth nothing at the exchange either. The new token is bound
 * to that key too.
 */
export function requireSameKey({ boundTo }: Exchange, subjectBoundTo: string | undefined): void {
  if (subjectBoundTo === undefined || subjectBoundTo === boundTo) return
  throw refused('The subject token is bound to a DPoP key that this request does not prove')
}

/** The actions asked for by name or by scope, none of which may lie outside `held`. */
export function requestedActions(
  { request }: Exchange,
  named: readonly Action[] | undefined,
  held: string,
): readonly Action[] {
  const { scope = held } = request
  if (scopeTokens(scope).some((token) => !isScopeWithin(token, held)))
    throw refused('A scope is beyond what the client holds', 'invalid_scope')
  const covered = actionsOf(scope)
  const actions = named ?? GRANTABLE_ACTIONS.filter((action) => covered.has(action))
  if (actions.length === 0 || actions.some((action) => !covered.has(action)))
    throw refused('An action is beyond what the scope covers', 'invalid_scope')
  return actions
}

export function locationsWithin(
  held: readonly string[],
  requested: readonly string[] | undefined,
): readonly string[] {
  if (requested === undefined) return held
  const within = (url: string): boolean =>
    held.some((base) => url === base || url.startsWith(`${base}/`))
  if (!requested.every(within)) throw tooWide('A location is not one the token may be used at')
  return requested
}

export function tokenFor(
  { deps, boundTo }: Exchange,
  grant: Grant,
  locations: readonly string[],
): ExchangedToken {
  const left = Math.floor((grant.expiresAt.getTime() - deps.clock().getTime()) / 1000)
  if (left < 1) throw refused('The grant has ended; a new attest is needed')
  return {
    grant: grant.id,
    subject: grant.practitioner.handle,
    scope: grant.actions.map(scopeOf).join(' '),
    detail: imagingDetail(grant, locations),
    expiresIn: Math.min(MAX_SECONDS, left),
    boundTo,
  }
}

export function refused(message: string, reason = 'invalid_grant'): HubError {
  return new HubError('invalid', message, { reason })
}

export function tooWide(message: string): HubError {
  return refused(message, 'invalid_authorization_details')
}
