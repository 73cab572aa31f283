/**
 * What a decision reads, held in memory by each node and followed change by change: LISTEN/NOTIFY plus a
 * re-read every 2 s. It fails closed: older than 5 s, every question throws `unavailable`.
 */
import type { Pool } from 'pg'
import type { PatientConsent } from '../domain/access/consent.ts'
import type { Agreement, Client, Member } from '../domain/access/network.ts'
import type { Grant } from '../domain/access/grant.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { ClientId, GrantId, OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import { readChangesSince, readLastChange } from '../storage/access-changes.ts'
import { followChanges } from '../storage/follow-changes.ts'
import { readGrant } from '../storage/grants.ts'
import { makeAccessTables, type AccessTables } from './access-tables.ts'
import { makeLoadCache } from './load-cache.ts'
import { loadConsents } from './load-consents.ts'

export interface AccessChange {
  readonly kind: 'member' | 'client' | 'agreement' | 'grant' | 'token' | 'patient' | 'copy'
  readonly key: string
}

export interface AccessState {
  client(id: ClientId): Client | undefined
  member(id: OrganizationId): Member | undefined
  memberByOrgnr(orgnr: string): Member | undefined
  /** Every member, active or not: a decision asks which custodians are of the network. */
  members(): readonly Member[]
  agreements(requester: OrganizationId): readonly Agreement[]
  isRevoked(tokenId: string): boolean
  /** The grant as stored, revoked or not; undefined where there is none. */
  grant(id: GrantId): Promise<Grant | undefined>
  /** All of the patient's active consents. */
  consents(patient: PatientId): Promise<readonly PatientConsent[]>
  /** Called after the change is taken up; returns what ends the subscription. */
  onChange(listener: (change: AccessChange) => void): () => void
  /** Resolves when every change committed before this call is taken up: reading one's own writes. */
  catchUp(): Promise<void>
  close(): Promise<void>
}

const BESIDE_TABLES: ReadonlySet<AccessChange['kind']> = new Set(['grant', 'patient', 'copy'])

const POLL_MS = 2_000
/** Older than this, the state answers nothing: a revocation may have passed it by. */
const MAX_AGE_MS = 5_000
const MAX_GRANTS = 20_000
const MAX_PATIENTS = 20_000

export interface AccessStateDeps {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Log
}

/** Loads members, clients and agreements, and follows their changes until it is closed. */
export async function startAccessState({
  pool,
  clock,
  log,
}: AccessStateDeps): Promise<AccessState> {
  const tables = makeAccessTables(pool)
  const member = (orgnr: string): OrganizationId | undefined => tables.memberByOrgnr(orgnr)?.id
  const grants = makeLoadCache(MAX_GRANTS, (id: GrantId) => readGrant(pool, id))
  const consents = makeLoadCache(MAX_PATIENTS, (patient: PatientId) =>
    loadConsents({ db: pool, memberByOrgnr: member, log }, patient),
  )
  const listeners = new Set<(change: AccessChange) => void>()
  let asOf = clock()
  let seen = await readLastChange(pool)
  await tables.reload(asOf)

  function forgetAll(): void {
    grants.forgetAll()
    consents.forgetAll()
  }

  async function poll(): Promise<void> {
    const at = clock()
    const { changes, isWhole } = await readChangesSince(pool, seen)
    if (!isWhole) forgetAll()
    for (const { kind, key } of changes) {
      if (kind === 'grant') grants.forget(key)
      if (kind === 'patient') consents.forget(key)
    }
    const concernsTables = changes.some(({ kind }) => !BESIDE_TABLES.has(kind))
    if (concernsTables || !isWhole) await tables.reload(at)
    seen = changes.at(-1)?.seq ?? seen
    asOf = at
    for (const { kind, key } of changes) for (const listener of listeners) listener({ kind, key })
  }
  const follower = await followChanges({ pool, poll, everyMs: POLL_MS, log })

  function fresh<Known>(known: Known): Known {
    if (clock().getTime() - asOf.getTime() > MAX_AGE_MS)
      throw new HubError('unavailable', 'Access cannot be decided: its state is out of date')
    return known
  }
  return {
    ...freshTables(() => fresh(tables)),
    grant: async (id) => fresh(grants).get(id),
    consents: async (patient) => fresh(consents).get(patient),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    catchUp: follower.catchUp,
    async close() {
      listeners.clear()
      await follower.close()
    },
  }
}

type Tables = Omit<AccessTables, 'reload'>

function freshTables(tables: () => Tables): Tables {
  return {
    client: (id) => tables().client(id),
    member: (id) => tables().member(id),
    memberByOrgnr: (orgnr) => tables().memberByOrgnr(orgnr),
    members: () => tables().members(),
    agreements: (requester) => tables().agreements(requester),
    isRevoked: (tokenId) => tables().isRevoked(tokenId),
  }
}
