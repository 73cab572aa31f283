/** The events of one subscription: waiting in order, numbered when they are about to be sent, kept once sent. */
import type { EventFocus } from '../domain/subscription/subscription.ts'
import type { Db } from './db.ts'
import type { Claim } from './subscription-progress.ts'

export interface WaitingEvent extends EventFocus {
  readonly position: number
  /** Absent before it is first about to be sent. */
  readonly number: number | null
}

type Row = Omit<WaitingEvent, 'position' | 'number'> & {
  readonly position: number | string
  readonly number: number | string | null
}

const WAITING = `
select position, number, type, id, version, at from subscription_notification
where subscription = $1 and sent_at is null order by position limit $2`

/** The oldest first. */
export async function findWaiting(
  db: Db,
  subscription: string,
  limit: number,
): Promise<readonly WaitingEvent[]> {
  const { rows } = await db.query<Row>({
    name: 'find-waiting',
    text: WAITING,
    values: [subscription, limit],
  })
  return rows.map(fromRow)
}

function fromRow(row: Row): WaitingEvent {
  return {
    ...row,
    position: Number(row.position),
    number: row.number === null ? null : Number(row.number),
  }
}

const NUMBER = `
with held as (
  update subscription_progress set events = events + cardinality($3::bigint[])
  where subscription = $1 and claim = $2 returning events
)
update subscription_notification n
set number = held.events - cardinality($3::bigint[]) + given.place
from held, unnest($3::bigint[]) with ordinality as given (position, place)
where n.subscription = $1 and n.position = given.position
returning n.position, n.number`

/** Gives the next numbers, in order; undefined where the claim has been lost. */
export async function numberEvents(
  db: Db,
  { subscription, claim }: Claim,
  positions: readonly number[],
): Promise<ReadonlyMap<number, number> | undefined> {
  if (positions.length === 0) return new Map()
  const { rows } = await db.query<Readonly<Record<'position' | 'number', number | string>>>({
    name: 'number-events',
    text: NUMBER,
    values: [subscription, claim, positions],
  })
  if (rows.length !== positions.length) return undefined
  return new Map(rows.map(({ position, number }) => [Number(position), Number(number)]))
}

const TAKE_BACK = `
with held as (
  update subscription_progress set events = events - cardinality($3::bigint[])
  where subscription = $1 and claim = $2 returning subscription
)
update subscription_notification n set number = null from held
where n.subscription = held.subscription and n.position = any($3)`

/** Takes back the last numbers given: nothing with them can have arrived. */
export async function takeBackNumbers(
  db: Db,
  { subscription, claim }: Claim,
  positions: readonly number[],
): Promise<void> {
  if (positions.length > 0) await db.query(TAKE_BACK, [subscription, claim, positions])
}

const DROP = `
delete from subscription_notification where subscription = $1 and position = any($2) and number is null`

/** Forgets what the subscriber was never told and may not be. */
export async function dropEvents(
  db: Db,
  subscription: string,
  positions: readonly number[],
): Promise<void> {
  if (positions.length > 0) await db.query(DROP, [subscription, positions])
}

const SENT = `
update subscription_notification set sent_at = $3 where subscription = $1 and position = any($2)`

export async function markSent(
  db: Db,
  {
    subscription,
    positions,
  }: { readonly subscription: string; readonly positions: readonly number[] },
  at: Date,
): Promise<void> {
  if (positions.length > 0)
    await db.query({ name: 'mark-sent', text: SENT, values: [subscription, positions, at] })
}

const BY_NUMBER = `
select position, number, type, id, version, at from subscription_notification
where subscription = $1 and number between $2 and $3 order by number limit $4`

/** What has a number between the two, both included. */
export async function findNumbered(
  db: Db,
  subscription: string,
  { since, until, limit }: Readonly<Record<'since' | 'until' | 'limit', number>>,
): Promise<readonly WaitingEvent[]> {
  const { rows } = await db.query<Row>(BY_NUMBER, [subscription, since, until, limit])
  return rows.map(fromRow)
}

const FORGET_WAITING = `delete from subscription_notification where subscription = $1 and sent_at is null`

/** What was numbered and not sent goes too: its numbers are not given again. */
export async function forgetWaiting(db: Db, subscription: string): Promise<void> {
  await db.query(FORGET_WAITING, [subscription])
}

const FORGET_SENT = `
delete from subscription_notification where ctid = any(array(
  select ctid from subscription_notification where at < $1 and sent_at is not null limit $2))`

/** Returns how many; call again while it is `limit`. */
export async function forgetSentBefore(db: Db, at: Date, limit: number): Promise<number> {
  const { rowCount } = await db.query(FORGET_SENT, [at, limit])
  return rowCount ?? 0
}

const BEHIND = `
select subscription from subscription_notification where at < $1 and sent_at is null
union
select subscription from subscription_notification where sent_at is null
group by subscription having count(*) > $2`

/** Subscriptions for which something has waited since before `at`, or more than `most` events wait. */
export async function findBehind(db: Db, at: Date, most: number): Promise<readonly string[]> {
  const { rows } = await db.query<{ subscription: string }>(BEHIND, [at, most])
  return rows.map(({ subscription }) => subscription)
}
