/** What waits for a person to say whose it is. */
import type { Pool } from 'pg'
import type { AuditEntity } from '../domain/audit/event.ts'
import { maskClaim } from '../domain/identity/mask-claim.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Sealer } from '../kernel/seal.ts'
import { listOpenDoubts, type QueuedDoubt } from '../storage/unclear-queue.ts'
import type { Administration, Operator } from './administration.ts'
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
    await log(deps, doubts, { reason: `unclear-identities-listed${seen}`, by })
    return doubts.map(({ claim: sealed, resolvedAt: _resolvedAt, ...doubt }) => {
      const { claim } = openClaim(deps.sealer, doubt.imagingStudy, sealed)
      return { ...doubt, claim: nationalIds === 'masked' ? maskClaim(claim) : claim }
    })
  }
}

interface Look {
  readonly reason: string
  readonly by: Operator
}

/** An event is read by the custodians in it, so each has one of its own: it tells none about another's studies. */
async function log(
  { recordAudit, clock }: ListUnclearIdentitiesDeps,
  doubts: readonly QueuedDoubt[],
  { reason, by }: Look,
): Promise<void> {
  const { context, principal } = by
  const look = { act: 'read', at: clock(), outcome: '0', reason, ...context, principal } as const
  const shown = [...Map.groupBy(doubts, ({ custodian }) => custodian).values()]
  // Who looked at an empty page has looked as well.
  const events = shown.length === 0 ? [[]] : shown
  await Promise.all(
    events.map((ofOne) => recordAudit({ ...look, entities: ofOne.map(studyEntity) })),
  )
}

function studyEntity({ imagingStudy, study, custodian }: QueuedDoubt): AuditEntity {
  return { kind: 'study', imagingStudy, study, custodian }
}
