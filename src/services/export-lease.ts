/** One node at a time is at an export; it says so again and again, and hears that it is not any more. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Clock } from '../kernel/clock.ts'
import { renewClaim, type Claim } from '../storage/exports.ts'

/** The export was cancelled, or another node has taken it over. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

export interface ExportLease {
  readonly claim: string
  /** Until when it is held if it is renewed now. */
  until(): Date
  /** Call it often: renews the lease now and then. Throws `LeaseLost`, and the reason of a stop. */
  hold(): Promise<void>
  /** As `hold`, after a rest that a stop ends. */
  rest(milliseconds: number): Promise<void>
}

export interface LeaseDeps {
  readonly pool: Pool
  readonly clock: Clock
  readonly leaseMs: number
}

export function makeExportLease(
  { pool, clock, leaseMs }: LeaseDeps,
  { id, claim }: Pick<Claim, 'id' | 'claim'>,
  signal: AbortSignal,
): ExportLease {
  const renewEvery = leaseMs / 6
  let renewed = clock().getTime()

  const until = (): Date => new Date(clock().getTime() + leaseMs)

  async function hold(): Promise<void> {
    signal.throwIfAborted()
    const now = clock().getTime()
    if (now - renewed < renewEvery) return
    if (!(await renewClaim(pool, { id, claim, until: until() }))) throw new LeaseLost()
    renewed = now
  }
  return {
    claim,
    until,
    hold,
    async rest(milliseconds) {
      await delay(milliseconds, undefined, { signal })
      await hold()
    },
  }
}
