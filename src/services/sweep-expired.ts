/**
 * Forgetting what its time has ended: used proofs, revoked tokens, the authorization server's records, changes
 * that every node has taken up, and landing files that a crash left without a row.
 */
import type { Pool } from 'pg'
import type { Clock } from '../kernel/clock.ts'
import { sweepChanges } from '../storage/access-changes.ts'
import { knownExportLandings } from '../storage/exports.ts'
import { knownLandings } from '../storage/instances.ts'
import type { ObjectStore } from '../storage/objects.ts'
import { sweepOidcRecords } from '../storage/oidc.ts'
import { sweepRevokedTokens } from '../storage/revoked-tokens.ts'
import { sweepUsedProofs } from '../storage/used-proofs.ts'

export type SweepExpired = () => Promise<void>

export interface SweepExpiredDeps {
  readonly pool: Pool
  readonly objects: ObjectStore
  readonly clock: Clock
}

export function makeSweepExpired({ pool, objects, clock }: SweepExpiredDeps): SweepExpired {
  return async () => {
    const at = clock()
    await sweepUsedProofs(pool, at)
    await sweepRevokedTokens(pool, at)
    await sweepOidcRecords(pool, at)
    await sweepChanges(pool, at)
    await objects.sweep(async (ids) => {
      const known = [await knownLandings(pool, ids), await knownExportLandings(pool, ids)]
      return new Set(known.flatMap((some) => [...some]))
    })
  }
}
