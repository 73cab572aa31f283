/** The gate every service passes first: principal and action in, filter out (access.md section 3). */
import { NOTHING } from '../domain/access/build-filter.ts'
import type { AccessFacts, AccessRequest, ReasonCode } from '../domain/access/decision.ts'
import type { AccessFilter } from '../domain/access/filter.ts'
import type { Grant } from '../domain/access/grant.ts'
import type { Action, Principal } from '../domain/access/principal.ts'
import type { PolicyProfile } from '../domain/access/profiles.ts'
import { REASON_TEXTS } from '../domain/access/reason-text-table.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError, type HubErrorCode } from '../kernel/errors.ts'
import type { AccessState } from './access-state.ts'
import { makeJudgeAccess } from './judge-access.ts'

/** A permit for one action, good for this request only. */
export interface Access {
  readonly principal: Principal
  readonly action: Action
  /** What may be seen; `nothing` where policy denies without saying so. */
  readonly filter: AccessFilter
  readonly grant?: Grant | undefined
}

/**
 * Throws `insufficient-scope` where the token does not cover the action, `forbidden` where the member's
 * role does not, `unauthenticated` where client, member, token or grant has ended, `unavailable` where
 * access state is older than 5 s. Everything narrower is in the filter.
 */
export type Authorize = (principal: Principal, action: Action) => Promise<Access>

/** The same gate at a given time, for whoever watches that access lasts. */
export type AuthorizeAt = (principal: Principal, action: Action, at: Date) => Promise<Access>

export interface AuthorizeDeps {
  readonly state: AccessState
  readonly profile: PolicyProfile
}

export function makeAuthorize({
  clock,
  ...deps
}: AuthorizeDeps & { readonly clock: Clock }): Authorize {
  const authorizeAt = makeAuthorizeAt(deps)
  return (principal, action) => authorizeAt(principal, action, clock())
}

export function makeAuthorizeAt({ state, profile }: AuthorizeDeps): AuthorizeAt {
  const judge = makeJudgeAccess()
  return async (principal, action, at) => {
    requireLiveToken(state, principal)
    const grant = principal.grant === undefined ? undefined : await state.grant(principal.grant)
    const consents = grant === undefined ? [] : await state.consents(grant.patient)
    const request: AccessRequest = { principal, action, grant, at }
    const facts: AccessFacts = {
      member: state.member(principal.member),
      members: state.members(),
      agreements: state.agreements(principal.member),
      consents,
      profile,
    }
    const access = { principal, action, ...(grant !== undefined && { grant }) }
    const judgement = judge(request, facts)
    if (judgement.refused === undefined) return { ...access, filter: judgement.filter }
    const { code } = judgement.refused
    if (isHidden(code, action)) return { ...access, filter: NOTHING }
    throw refusalError(code)
  }
}

function requireLiveToken(state: AccessState, { client, member, tokenId }: Principal): void {
  const registered = state.client(client)
  const lives = registered?.active === true && registered.member === member
  if (!lives || state.isRevoked(tokenId)) throw refusalError('grant-ended')
}

/** Requesters are not told that there are consents or logs to read: their search is empty. */
function isHidden(code: ReasonCode, action: Action): boolean {
  return code === 'outside-grant' && (action === 'read-consent' || action === 'read-audit')
}

/** What each refusal that may be told is to a face; the rest of the codes never get here. */
const ERROR_CODES: Readonly<Partial<Record<ReasonCode, HubErrorCode>>> = {
  'member-inactive': 'unauthenticated',
  'role-missing': 'forbidden',
  'scope-missing': 'insufficient-scope',
  'grant-ended': 'unauthenticated',
  'outside-grant': 'insufficient-scope',
  'no-basis': 'forbidden',
}

function refusalError(code: ReasonCode): HubError {
  const error = ERROR_CODES[code] ?? 'forbidden'
  const reason = error === 'unauthenticated' ? 'invalid_token' : code
  return new HubError(error, REASON_TEXTS[code].en, { reason })
}
