/**
 * How far each subscription has been told, and which node tells it: a claim that its holder renews and that ends
 * by itself, so that a node that dies keeps nothing from anyone for long.
 */
import type { Db } from './db.ts'
import { SUBSCRIPTION_COLUMNS, type StoredSubscription } from './subscriptions.ts'

const START = `
insert into subscription_progress (subscription, channel, due_at) values ($1, $2, $3)
on conflict (subscription) do update set
  channel = excluded.channel, due_at = excluded.due_at, fence = null, claim = null, claimed_until = null,
  binding = null, failures = 0, failing_since = null, wakes = subscription_progress.wakes + 1`

/** Begins, or begins again: whoever has it at work loses it. Numbers go on. `dueAt` null: nothing to do. */
export async function startProgress(
  db: Db,
  {
    id,
    channel,
    dueAt,
  }: { readonly id: string; readonly channel: string; readonly dueAt: Date | null },
): Promise<void> {
  await db.query(START, [id, channel, dueAt])
}

export interface Claim {
  readonly subscription: string
  readonly claim: string
  readonly wakes: number
}

export interface ClaimedSubscription extends StoredSubscription, Claim {
  readonly events: number
  readonly failures: number
  readonly failingSince: Date | null
  readonly sentAt: Date | null
  /** Whether its client may be called back at all. */
  readonly hooks: readonly string[]
}

export interface Claiming {
  /** A new id. */
  readonly claim: string
  readonly at: Date
  readonly until: Date
}

const CLAIMED = `
update subscription_progress p set claim = $1, claimed_until = $3
from due join subscription s on s.id = due.subscription
where p.subscription = due.subscription
returning ${SUBSCRIPTION_COLUMNS}, s.headers, p.subscription, p.claim, p.wakes, p.events, p.failures,
  p.failing_since as "failingSince", p.sent_at as "sentAt",
  array(select host from client_hook where client_hook.client = s.client) as hooks`

const CLAIM_DUE = `
with due as (
  select subscription from subscription_progress
  where channel = 'rest-hook' and due_at <= $2 and (claimed_until is null or claimed_until < $2)
  order by due_at limit 1 for update skip locked
)
${CLAIMED}`

/** The one that has been due for longest, if any is. */
export async function claimDue(
  db: Db,
  { claim, at, until }: Claiming,
): Promise<ClaimedSubscription | undefined> {
  const { rows } = await db.query<ClaimedRow>({
    name: 'claim-due',
    text: CLAIM_DUE,
    values: [claim, at, until],
  })
  return rows[0] && fromRow(rows[0])
}

const CLAIM_BOUND = `
with due as (
  select subscription from subscription_progress
  where channel = 'websocket' and subscription = $4 and binding = $5
    and (claimed_until is null or claimed_until < $2)
  for update skip locked
)
${CLAIMED}`

export interface Binding {
  readonly subscription: string
  /** Id of the websocket. */
  readonly binding: string
}

/** The subscription, where it is still bound to this websocket and nobody has it at work. */
export async function claimBound(
  db: Db,
  { subscription, binding }: Binding,
  { claim, at, until }: Claiming,
): Promise<ClaimedSubscription | undefined> {
  const { rows } = await db.query<ClaimedRow>({
    name: 'claim-bound',
    text: CLAIM_BOUND,
    values: [claim, at, until, subscription, binding],
  })
  return rows[0] && fromRow(rows[0])
}

type ClaimedRow = Omit<ClaimedSubscription, 'events' | 'wakes'> &
  Readonly<Record<'events' | 'wakes', number | string>>

function fromRow(row: ClaimedRow): ClaimedSubscription {
  return { ...row, events: Number(row.events), wakes: Number(row.wakes) }
}

const BIND = `
update subscription_progress set binding = $2, due_at = $3, claim = null, claimed_until = null
where subscription = any($1)`

/** The newest websocket takes over from any other. */
export async function bindSubscriptions(
  db: Db,
  {
    ids,
    binding,
    at,
  }: { readonly ids: readonly string[]; readonly binding: string; readonly at: Date },
): Promise<void> {
  await db.query(BIND, [ids, binding, at])
}

const UNBIND = `update subscription_progress set binding = null where subscription = $1`

/** Its websocket, if it has one, is told nothing more. */
export async function unbindSubscription(db: Db, subscription: string): Promise<void> {
  await db.query(UNBIND, [subscription])
}

const BOUND = `
select binding, subscription, due_at is not null and due_at <= $2 as due
from subscription_progress where binding = any($1)`

export interface BoundSubscription extends Binding {
  /** Whether something is to be done for it. */
  readonly due: boolean
}

/** What is still bound to these websockets. */
export async function findBound(
  db: Db,
  bindings: readonly string[],
  at: Date,
): Promise<readonly BoundSubscription[]> {
  const { rows } = await db.query<BoundSubscription>({
    name: 'find-bound',
    text: BOUND,
    values: [bindings, at],
  })
  return rows
}

const RENEW = `
update subscription_progress set claimed_until = $3
where subscription = $1 and claim = $2 returning wakes`

/** Undefined where the claim has been lost; else how often it was woken so far. */
export async function renewClaim(db: Db, held: Claim, until: Date): Promise<number | undefined> {
  const { rows } = await db.query<{ wakes: number | string }>({
    name: 'renew-claim',
    text: RENEW,
    values: [held.subscription, held.claim, until],
  })
  return rows[0] && Number(rows[0].wakes)
}

// The row as it is when its lock is had decides: a wake that came meanwhile is not slept through.
const RELEASE = `
update subscription_progress
set claim = null, claimed_until = null, due_at = case when wakes = $3 then $4::timestamptz else $5 end
where subscription = $1 and claim = $2`

/** Lets go until `dueAt`, or at once where it was woken since `held.wakes` was read. */
export async function releaseClaim(
  db: Db,
  held: Claim,
  { dueAt, at }: { readonly dueAt: Date | null; readonly at: Date },
): Promise<void> {
  await db.query({
    name: 'release-claim',
    text: RELEASE,
    values: [held.subscription, held.claim, held.wakes, dueAt, at],
  })
}

const NOTE_FAILURE = `
update subscription_progress
set claim = null, claimed_until = null, due_at = $3, failures = failures + 1,
  failing_since = coalesce(failing_since, $4)
where subscription = $1 and claim = $2`

/** Lets go until the next attempt, however much has come meanwhile. */
export async function noteFailure(
  db: Db,
  held: Claim,
  { retryAt, at }: { readonly retryAt: Date; readonly at: Date },
): Promise<void> {
  await db.query(NOTE_FAILURE, [held.subscription, held.claim, retryAt, at])
}

const NOTE_SUCCESS = `
update subscription_progress set sent_at = $3, failures = 0, failing_since = null
where subscription = $1 and claim = $2`

export async function noteSuccess(db: Db, held: Claim, at: Date): Promise<void> {
  await db.query({
    name: 'note-success',
    text: NOTE_SUCCESS,
    values: [held.subscription, held.claim, at],
  })
}

const WAKE = `
update subscription_progress set wakes = wakes + 1,
  due_at = case when failures = 0 then least(coalesce(due_at, $2), $2) else due_at end
where subscription = any($1)`

/** Something waits for these; one that is failing keeps its time of the next attempt. */
export async function wakeSubscriptions(db: Db, ids: readonly string[], at: Date): Promise<void> {
  if (ids.length > 0) await db.query({ name: 'wake-subscriptions', text: WAKE, values: [ids, at] })
}

const SET_FENCE = `
update subscription_progress set fence = coalesce(fence, pg_snapshot_xmax(pg_current_snapshot()))
where subscription = $1
returning pg_snapshot_xmin(pg_current_snapshot()) >= fence as past`

// A snapshot tells of the whole cluster: a long transaction in another database says nothing of this one. Who is
// writing here holds a lock on its own number, and takes it a moment after the number: hence the pause.
const NO_WRITER = `
select not exists (
  select from pg_locks held join pg_stat_activity writer using (pid), subscription_progress one
  where one.subscription = $1 and held.locktype = 'transactionid' and held.mode = 'ExclusiveLock'
    and writer.datname = current_database() and age(held.transactionid) > age(one.fence::xid)) as past`

/**
 * Whether every transaction that may have written without knowing of the subscription has ended: from then on
 * nothing that becomes visible is missed. As `create index concurrently` waits.
 */
export async function isPastFence(db: Db, subscription: string): Promise<boolean> {
  const { rows: fenced } = await db.query<{ past: boolean }>(SET_FENCE, [subscription])
  if (fenced[0]?.past !== false) return fenced[0]?.past === true
  await db.query('select pg_sleep(0.02)')
  const { rows } = await db.query<{ past: boolean }>(NO_WRITER, [subscription])
  return rows[0]?.past === true
}
