/** The gate every service passes first: principal and action in, filter out (access.md section 3). */
import type { AccessFilter } from '../domain/access/filter.ts'
import type { Grant } from '../domain/access/grant.ts'
import type { Action, Principal } from '../domain/access/principal.ts'

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
