/** A privacy officer enters what the review of an emergency access found. */
import type { Pool } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import { HubError } from '../kernel/errors.ts'
import { enterFinding, findReviewedPatient } from '../storage/break-glass-reviews.ts'
import { transaction } from '../storage/db.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'

export interface Review {
  readonly grant: string
  readonly finding: 'justified' | 'not-justified'
  readonly note?: string | undefined
}

/**
 * For the caller's own member; each other custodian reviews for itself. Throws what `Authorize` throws for
 * `read-audit`, `not-found` where there is nothing for this member to review, `conflict` where it has done
 * so. A finding that cannot be logged is not entered.
 */
export type ReviewBreakGlass = (
  principal: Principal,
  review: Review,
  context: RequestContext,
) => Promise<void>

export function makeReviewBreakGlass(deps: PermitDeps & { readonly pool: Pool }): ReviewBreakGlass {
  return async (principal, review, context) => {
    const query = `break-glass review of Grant/${review.grant}`
    const { filter } = await permit(deps, { principal, action: 'read-audit', query }, context)
    if (filter.kind === 'nothing') throw nothingToReview()
    const custodian = principal.member
    const at = deps.clock()
    await transaction(deps.pool, async (db) => {
      const patient = await findReviewedPatient(db, { grant: review.grant, custodian })
      if (patient === undefined) throw nothingToReview()
      const by = principal.practitioner?.handle ?? principal.client
      if (!(await enterFinding(db, { ...review, custodian, at, by }))) {
        throw new HubError('conflict', 'This member has reviewed the access already')
      }
      await deps.recordAudit({
        act: 'update',
        at,
        outcome: '0',
        reason: `break-glass-reviewed: ${review.finding}`,
        ...context,
        principal,
        patient,
        entities: [{ kind: 'resource', reference: `Grant/${review.grant}`, custodian }],
      })
    })
  }
}

function nothingToReview(): HubError {
  return new HubError('not-found', 'There is no such access for this member to review')
}
