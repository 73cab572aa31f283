/** The small tables that every decision reads, whole in memory. */
import type { Pool } from 'pg'
import type { Agreement, Client, Member } from '../domain/access/network.ts'
import type { ClientId, OrganizationId } from '../kernel/ids.ts'
import { listAgreements } from '../storage/agreements.ts'
import { listClients } from '../storage/clients.ts'
import { listMembers } from '../storage/members.ts'
import { listRevokedTokens } from '../storage/revoked-tokens.ts'

export interface AccessTables {
  client(id: ClientId): Client | undefined
  member(id: OrganizationId): Member | undefined
  memberByOrgnr(orgnr: string): Member | undefined
  members(): readonly Member[]
  agreements(requester: OrganizationId): readonly Agreement[]
  isRevoked(tokenId: string): boolean
  /** Reads all of it again; what was there stays in use until the new is complete. */
  reload(at: Date): Promise<void>
}

interface Contents {
  readonly members: readonly Member[]
  readonly byId: ReadonlyMap<string, Member>
  readonly byOrgnr: ReadonlyMap<string, Member>
  readonly clients: ReadonlyMap<string, Client>
  readonly agreements: ReadonlyMap<string, readonly Agreement[]>
  readonly revoked: ReadonlySet<string>
}

export function makeAccessTables(pool: Pool): AccessTables {
  let contents: Contents = {
    members: [],
    byId: new Map(),
    byOrgnr: new Map(),
    clients: new Map(),
    agreements: new Map(),
    revoked: new Set(),
  }
  return {
    client: (id) => contents.clients.get(id),
    member: (id) => contents.byId.get(id),
    memberByOrgnr: (orgnr) => contents.byOrgnr.get(orgnr),
    members: () => contents.members,
    agreements: (requester) => contents.agreements.get(requester) ?? [],
    isRevoked: (tokenId) => contents.revoked.has(tokenId),
    async reload(at) {
      contents = await read(pool, at)
    },
  }
}

async function read(pool: Pool, at: Date): Promise<Contents> {
  const [members, clients, agreements, revoked] = await Promise.all([
    listMembers(pool),
    listClients(pool),
    listAgreements(pool),
    listRevokedTokens(pool, at),
  ])
  return {
    members,
    byId: new Map(members.map((member) => [member.id, member])),
    byOrgnr: new Map(members.map((member) => [member.orgnr, member])),
    clients: new Map(clients.map((client) => [client.id, client])),
    agreements: Map.groupBy(agreements, ({ requester }) => requester),
    revoked: new Set(revoked),
  }
}
