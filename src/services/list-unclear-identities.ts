/** What waits for a person to say whose it is. */
import type { Pool } from 'pg'
import { maskClaim } from '../domain/identity/mask-claim.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Sealer } from '../kernel/seal.ts'
import { listOpenDoubts } from '../storage/unclear-queue.ts'
import type { Administration } from './administration.ts'
import type { RecordAudit } from './record-audit.ts'
import { openClaim } from './sealed-claim.ts'

export interface ListUnclearIdentitiesDeps {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

const PAGE = 100

/** Oldest first. Logged before it is answered: a claim is clinical identity data. */
export function makeListUnclearIdentities(
  deps: ListUnclearIdentitiesDeps,
): Administration['listUnclearIdentities'] {
  return async ({ after = 0, limit = PAGE, nationalIds = 'masked' }, by) => {
    const doubts = await listOpenDoubts(deps.pool, { after, limit: Math.min(limit, PAGE) })
    const seen = nationalIds === 'masked' ? '' : '-with-national-ids'
    await deps.recordAudit({
      act: 'read',
      at: deps.clock(),
      outcome: '0',
      reason: `unclear-identities-listed${seen}`,
      ...by.context,
      principal: by.principal,
      entities: doubts.map(({ imagingStudy, study, custodian }) => ({
        kind: 'study',
        ...{ imagingStudy, study, custodian },
      })),
    })
    return doubts.map(({ claim: sealed, resolvedAt: _resolvedAt, ...doubt }) => {
      const { claim } = openClaim(deps.sealer, doubt.imagingStudy, sealed)
      return { ...doubt, claim: nationalIds === 'masked' ? maskClaim(claim) : claim }
    })
  }
}
