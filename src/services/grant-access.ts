/** Turning an attest into a grant: the decision at the token endpoint (access.md sections 2 to 4). */
import type { Attest, AttestedIdentifier } from '../domain/access/attest.ts'
import type { BreakGlass, Grant } from '../domain/access/grant.ts'
import type { AuthenticatedPerson } from '../domain/access/person.ts'
import type { Action } from '../domain/access/principal.ts'
import type { ClientId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { RequestContext } from './record-audit.ts'

export type { AuthenticatedPerson }

export interface GrantRequest {
  readonly client: ClientId
  readonly person: AuthenticatedPerson
  readonly attest: Attest
  /** The JWS the attest came in, kept sealed as evidence. */
  readonly signedAttest: string
  readonly patient:
    | { readonly kind: 'reference'; readonly id: PatientId }
    | { readonly kind: 'identifier'; readonly identifier: AttestedIdentifier }
  readonly purpose: string
  readonly actions: readonly Action[]
  readonly studies?: readonly StudyUid[] | undefined
  readonly breakGlass?: BreakGlass | undefined
}

/**
 * Throws `invalid` with the named attest code as `reason` (`attestation_has_expired`,
 * `attestation_subject_mismatch`, …) or `access_denied` where policy denies for a cause that may be told
 * (membership, role, no basis). A patient unknown to the hub answers like one with nothing to see.
 */
export type GrantAccess = (request: GrantRequest, context: RequestContext) => Promise<Grant>

/** A narrower child of a live grant: fewer studies, fewer actions, never more, never longer. */
export type NarrowGrant = (
  parent: Grant,
  narrowing: {
    readonly client: ClientId
    readonly actions?: readonly Action[] | undefined
    readonly studies?: readonly StudyUid[] | undefined
    readonly expiresAt?: Date | undefined
  },
  context: RequestContext,
) => Promise<Grant>
