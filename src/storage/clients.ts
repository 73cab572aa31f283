/** Registered clients as rows. */
import type { PoolClient } from 'pg'
import type { Client } from '../domain/access/network.ts'
import type { ClientId, OrganizationId } from '../kernel/ids.ts'
import { announceChanges } from './access-changes.ts'
import type { Db } from './db.ts'

interface ClientRow {
  readonly id: ClientId
  readonly member: OrganizationId
  readonly name: string
  readonly scope: string
  readonly jwks: Client['jwks']
  readonly dpop_bound: boolean
  readonly active: boolean
}

const LIST = `
select id, member, name, scope, jwks, dpop_bound, active from client order by name, id`

export async function listClients(db: Db): Promise<readonly Client[]> {
  const { rows } = await db.query<ClientRow>(LIST)
  return rows.map(({ dpop_bound: dpopBound, ...client }) => ({ ...client, dpopBound }))
}

const INSERT = `
insert into client (id, member, name, scope, jwks, dpop_bound, bearer_reason, active, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

export interface Registration {
  readonly at: Date
  /** Required of a client that is not sender-constrained (access.md section 4). */
  readonly bearerReason?: string | undefined
}

/** Rejects with 23505 where the id is taken, 23514 where a bearer-only client comes without a reason. */
export async function insertClient(
  db: PoolClient,
  client: Client,
  { at, bearerReason }: Registration,
): Promise<void> {
  const { id, member, name, scope, jwks, dpopBound, active } = client
  const values = [id, member, name, scope, JSON.stringify(jwks), dpopBound, bearerReason]
  await db.query(INSERT, [...values, active, at])
  await announceChanges(db, [{ kind: 'client', key: id }])
}

const UPDATE = `update client set name = $2, scope = $3, jwks = $4, active = $5 where id = $1`

/** Name, scope, keys and activity may change. Returns whether the client exists. */
export async function updateClient(db: PoolClient, client: Client): Promise<boolean> {
  const { id, name, scope, jwks, active } = client
  const { rowCount } = await db.query(UPDATE, [id, name, scope, JSON.stringify(jwks), active])
  await announceChanges(db, [{ kind: 'client', key: id }])
  return rowCount === 1
}
