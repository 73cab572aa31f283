/** What writes left to be told, and handing it out to subscriptions, in the order in which it committed. */
import type { PoolClient } from 'pg'
import type { EventFocus } from '../domain/subscription/subscription.ts'
import type { Db } from './db.ts'

export interface CapturedEvent extends EventFocus {
  readonly seq: number
  readonly patient: string | null
}

const LOCK = `
select pg_try_advisory_xact_lock(hashtextextended('samsyn.subscription-dispatch', 0)) as locked`

/** One dispatcher at a time, so that what it hands out is in order; false where another node is at it. */
export async function lockDispatch(db: PoolClient): Promise<boolean> {
  const { rows } = await db.query<{ locked: boolean }>(LOCK)
  return rows[0]?.locked === true
}

const TAKE = `
select seq, type, id, version, patient, at from captured_event order by seq limit $1`

/** The oldest that have committed. A version of one resource never comes before an earlier one. */
export async function takeCaptured(db: Db, limit: number): Promise<readonly CapturedEvent[]> {
  const { rows } = await db.query<Omit<CapturedEvent, 'seq'> & { readonly seq: number | string }>({
    name: 'take-captured',
    text: TAKE,
    values: [limit],
  })
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }))
}

const FORGET = `delete from captured_event where seq = any($1)`

export async function forgetCaptured(db: Db, seqs: readonly number[]): Promise<void> {
  await db.query({ name: 'forget-captured', text: FORGET, values: [seqs] })
}

const HAND_OUT = `
insert into subscription_notification (subscription, type, id, version, at)
select subscription, type, id, version, at
from unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::timestamptz[])
  with ordinality as event (subscription, type, id, version, at, place)
order by place`

export interface HandedOut {
  readonly subscription: string
  readonly event: EventFocus
}

/** In order; positions follow it, because one dispatcher hands out at a time. */
export async function handOut(db: Db, rows: readonly HandedOut[]): Promise<void> {
  if (rows.length === 0) return
  await db.query({
    name: 'hand-out',
    text: HAND_OUT,
    values: [
      rows.map(({ subscription }) => subscription),
      rows.map(({ event }) => event.type),
      rows.map(({ event }) => event.id),
      rows.map(({ event }) => event.version),
      rows.map(({ event }) => event.at),
    ],
  })
}
