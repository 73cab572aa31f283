/** Subscriptions as rows: what each asked for, beside the resource that says so. */
import type { PoolClient } from 'pg'
import type {
  Subscription,
  SubscriptionStatus,
  SubscriptionTerms,
} from '../domain/subscription/subscription.ts'
import type { Db } from './db.ts'
import { lockKey } from './lock-key.ts'

export const SUBSCRIPTION_COLUMNS = `s.id, s.client, s.member, s.actions, s.topic, s.type, s.filters, s.patient,
  s.channel, s.endpoint, s.payload, s.content, s.heartbeat_seconds as "heartbeatSeconds",
  s.timeout_seconds as "timeoutSeconds", s.max_count as "maxCount", s.ends_at as "endsAt", s.phase, s.status, s.error`

export interface StoredSubscription extends Subscription {
  /** Sealed. */
  readonly headers: Buffer | null
}

const READ = `select ${SUBSCRIPTION_COLUMNS}, s.headers from subscription s where s.id = $1`

export async function readSubscriptionRow(
  db: Db,
  id: string,
): Promise<StoredSubscription | undefined> {
  const { rows } = await db.query<StoredSubscription>(READ, [id])
  return rows[0]
}

/** The row, held until the transaction ends. Lock the resource's row first. */
export async function lockSubscription(
  db: PoolClient,
  id: string,
): Promise<StoredSubscription | undefined> {
  const { rows } = await db.query<StoredSubscription>(`${READ} for update`, [id])
  return rows[0]
}

const COUNT = `select count(*) from subscription where client = $1`

/** How many the client has; others that ask at the same time wait for this transaction. */
export async function countSubscriptions(db: PoolClient, client: string): Promise<number> {
  await lockKey(db, `subscriptions/${client}`)
  const { rows } = await db.query<{ count: number | string }>(COUNT, [client])
  return Number(rows[0]?.count ?? 0)
}

const PUT = `
insert into subscription (id, client, member, actions, topic, type, filters, patient, channel, endpoint, headers,
  payload, content, heartbeat_seconds, timeout_seconds, max_count, ends_at, phase, status, error)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
on conflict (id) do update set
  actions = excluded.actions, topic = excluded.topic, type = excluded.type, filters = excluded.filters,
  patient = excluded.patient, channel = excluded.channel, endpoint = excluded.endpoint, headers = excluded.headers,
  payload = excluded.payload, content = excluded.content, heartbeat_seconds = excluded.heartbeat_seconds,
  timeout_seconds = excluded.timeout_seconds, max_count = excluded.max_count, ends_at = excluded.ends_at,
  phase = excluded.phase, status = excluded.status, error = excluded.error`

/** Creates the row, or changes all of it but whose it is. */
export async function putSubscription(db: Db, row: StoredSubscription): Promise<void> {
  await db.query(PUT, [
    ...[row.id, row.client, row.member, row.actions, row.topic, row.type, row.filters, row.patient],
    ...[row.channel, row.endpoint, row.headers, row.payload, row.content, row.heartbeatSeconds],
    ...[row.timeoutSeconds, row.maxCount, row.endsAt, row.phase, row.status, row.error],
  ])
}

const CHANGE = `update subscription set phase = $2, status = $3, error = $4 where id = $1`

export interface NewStanding {
  readonly phase: Subscription['phase']
  readonly status: SubscriptionStatus
  readonly error: string | null
}

export async function changeStanding(
  db: Db,
  id: string,
  { phase, status, error }: NewStanding,
): Promise<void> {
  await db.query(CHANGE, [id, phase, status, error])
}

const REMOVE = `delete from subscription where id = $1`

/** With all that waits for it. */
export async function removeSubscription(db: Db, id: string): Promise<void> {
  await db.query(REMOVE, [id])
}

const OF_CLIENT = `
select ${SUBSCRIPTION_COLUMNS}, p.events
from subscription s join subscription_progress p on p.subscription = s.id
where s.client = $1 and ($2::text[] is null or s.id = any($2)) and ($3::text[] is null or s.status = any($3))
order by s.id`

export interface CountedSubscription extends Subscription {
  /** Number of its last event. */
  readonly events: number
}

export interface SubscriptionChoice {
  readonly client: string
  /** Absent: any. */
  readonly ids?: readonly string[] | undefined
  readonly statuses?: readonly string[] | undefined
}

/** The client's own; at most as many as a client may have. */
export async function listSubscriptions(
  db: Db,
  { client, ids, statuses }: SubscriptionChoice,
): Promise<readonly CountedSubscription[]> {
  const { rows } = await db.query<Subscription & { readonly events: number | string }>(OF_CLIENT, [
    ...[client, ids ?? null, statuses ?? null],
  ])
  return rows.map((row) => ({ ...row, events: Number(row.events) }))
}

const WATCHING = `
select ${SUBSCRIPTION_COLUMNS} from subscription s
where s.phase <> 'stopped' and s.type = $1 and (s.patient is null or s.patient = any($2))
order by s.id`

/** Who may want to be told of something of this type about one of these patients. */
export async function findWatching(
  db: Db,
  type: string,
  patients: readonly string[],
): Promise<readonly Subscription[]> {
  const { rows } = await db.query<Subscription>({
    name: 'find-watching',
    text: WATCHING,
    values: [type, patients],
  })
  return rows
}

/** Whether two sets of terms ask for the same events: what waits for the one is good for the other. */
export function asksForTheSame(some: SubscriptionTerms, others: SubscriptionTerms): boolean {
  return (
    some.topic === others.topic && JSON.stringify(some.filters) === JSON.stringify(others.filters)
  )
}
