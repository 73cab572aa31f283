/** The replay cache that all nodes share: DPoP proofs and client assertions that were used. */
import type { Db } from './db.ts'

/** Resolves true the first time an id is seen, false ever after. */
export type UseProof = (id: string, expiresAt: Date) => Promise<boolean>

// A crash of the database may forget the last few hundred milliseconds of proofs, which their own
// short lives bound; in return a request does not wait for a disk.
const USE = `
  insert into used_proof (id, expires_at)
  select $1, $2 from set_config('synchronous_commit', 'off', true)
  on conflict (id) do nothing`

export function makeUseProof(db: Db): UseProof {
  return async (id, expiresAt) => {
    const { rowCount } = await db.query({ name: 'use-proof', text: USE, values: [id, expiresAt] })
    return rowCount === 1
  }
}

const SWEEP = `delete from used_proof where expires_at < $1`

/** Forgets what its own age refuses by now; resolves to how many. */
export async function sweepUsedProofs(db: Db, at: Date): Promise<number> {
  const { rowCount } = await db.query(SWEEP, [at])
  return rowCount ?? 0
}
