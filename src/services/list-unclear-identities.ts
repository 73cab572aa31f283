/** What waits for a person to say whose it is. */
import type { Pool } from 'pg'
import type { PatientClaim } from '../domain/imaging/study.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Sealer } from '../kernel/seal.ts'
import { listOpenDoubts, type QueuedDoubt } from '../storage/unclear-queue.ts'
import type { Operator } from './administration.ts'
import { openClaim } from './open-claim.ts'
import type { RecordAudit } from './record-audit.ts'

export interface UnclearIdentity extends Omit<QueuedDoubt, 'claim' | 'resolvedAt'> {
  /** As the object said it: with national ids, for the person who settles it and nobody else. */
  readonly claim: PatientClaim
}

export type ListUnclearIdentities = (
  page: { readonly after?: number | undefined; readonly limit?: number | undefined },
  by: Operator,
) => Promise<readonly UnclearIdentity[]>

const PAGE = 100

/** Oldest first. Logged before it is answered: a claim is clinical identity data. */
export function makeListUnclearIdentities(deps: {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}): ListUnclearIdentities {
  return async ({ after = 0, limit = PAGE }, by) => {
    const doubts = await listOpenDoubts(deps.pool, { after, limit: Math.min(limit, PAGE) })
    await deps.recordAudit({
      act: 'read',
      at: deps.clock(),
      outcome: '0',
      reason: 'unclear-identities-listed',
      ...by.context,
      principal: by.principal,
      entities: doubts.map(({ imagingStudy, study, custodian }) => ({
        kind: 'study',
        ...{ imagingStudy, study, custodian },
      })),
    })
    return doubts.map(({ claim, resolvedAt: _resolvedAt, ...doubt }) => ({
      ...doubt,
      claim: openClaim(deps.sealer, doubt.imagingStudy, claim),
    }))
  }
}
