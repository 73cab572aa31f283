/** The emergency accesses that a member's privacy officer has yet to look at. */
import type { Pool } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import { listOpenReviews } from '../storage/break-glass-reviews.ts'
import type { OpenReview } from '../wire/admin/queue-views.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'

/**
 * Those that overrode what the caller's own member had to keep back, oldest first. Throws what `Authorize`
 * throws for `read-audit`. Every look is logged before it is answered.
 */
export type ListBreakGlassReviews = (
  principal: Principal,
  page: { readonly limit?: number | undefined },
  context: RequestContext,
) => Promise<readonly OpenReview[]>

const PAGE = 100

export function makeListBreakGlassReviews(
  deps: PermitDeps & { readonly pool: Pool },
): ListBreakGlassReviews {
  return async (principal, { limit = PAGE }, context) => {
    const query = 'break-glass reviews'
    const { filter } = await permit(deps, { principal, action: 'read-audit', query }, context)
    // A token that is for one patient's care sees no log, and so no queue.
    if (filter.kind === 'nothing') return []
    const custodian = principal.member
    const open = await listOpenReviews(deps.pool, { custodian, limit: Math.min(limit, PAGE) })
    await deps.recordAudit({
      act: 'read',
      at: deps.clock(),
      outcome: '0',
      reason: 'break-glass-reviews-listed',
      ...context,
      principal,
      entities: open.map(({ id }) => ({ kind: 'resource', reference: `Grant/${id}`, custodian })),
    })
    return open.map(({ id, content, ...times }) => ({ ...content, ...times, grant: id }))
  }
}
