/** Ending access before its time: a grant with all its children, or all grants of a client or member. */
import type { Pool } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import type { GrantId } from '../kernel/ids.ts'
import { transaction } from '../storage/db.ts'
import { revokeGrants, type GrantsOf } from '../storage/grants.ts'
import { rememberRevoked } from '../storage/revoked-tokens.ts'
import type { AccessState } from './access-state.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'

/** Who ends it; absent where a client gives back its own token. */
export interface Revocation {
  readonly context: RequestContext
  readonly principal?: Principal | undefined
}

export interface RevokeAccess {
  /** Ends what is live, tells every node, and returns the grants that ended. Nothing to end is no fault. */
  grants(target: GrantsOf, by: Revocation): Promise<readonly GrantId[]>
  /** Makes one access token worthless until it expires by itself. */
  token(tokenId: string, expiresAt: Date): Promise<void>
}

export interface RevokeAccessDeps {
  readonly pool: Pool
  readonly state: AccessState
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

export function makeRevokeAccess({
  pool,
  state,
  recordAudit,
  clock,
}: RevokeAccessDeps): RevokeAccess {
  return {
    async grants(target, { context, principal }) {
      const at = clock()
      const ended = await transaction(pool, (db) => revokeGrants(db, target, at))
      await catchUp(state)
      const entities = ended
        .slice(0, MAX_ENTITIES)
        .map((id) => ({ kind: 'resource', reference: `Grant/${id}` }) as const)
      const act = { act: 'grant-revoked', at, outcome: '0', reason: target.kind } as const
      await recordAudit({ ...context, ...act, principal, entities })
      return ended
    },
    async token(tokenId, expiresAt) {
      await transaction(pool, (db) => rememberRevoked(db, tokenId, expiresAt))
      await catchUp(state)
    },
  }
}

const MAX_ENTITIES = 1_000

/** What is committed is committed: this node's own follower tries again by itself. */
async function catchUp(state: AccessState): Promise<void> {
  await state.catchUp().catch(() => undefined)
}
