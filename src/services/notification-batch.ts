/** The next events of one subscription: read through what it may see, numbered, and confirmed once told. */
import type { Pool } from 'pg'
import { transaction } from '../storage/db.ts'
import {
  dropEvents,
  findWaiting,
  markSent,
  numberEvents,
  takeBackNumbers,
  type WaitingEvent,
} from '../storage/subscription-notifications.ts'
import { noteSuccess, type ClaimedSubscription } from '../storage/subscription-progress.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import { readVisibleVersions, type VisibleVersion } from '../storage/visible-versions.ts'
import type { NotifiedEvent } from '../wire/fhir/notification.ts'

export interface BatchEvent extends NotifiedEvent {
  readonly position: number
  readonly custodian: string | null
  readonly patient: string | null
}

export interface Batch {
  readonly events: readonly BatchEvent[]
  /** Number of the last event given so far. */
  readonly last: number
  /** Positions that got their number just now. */
  readonly fresh: readonly number[]
  /** Whether nothing else waited when it was read. */
  readonly isLast: boolean
}

/** Bytes of resources in one notification, which the last of them may exceed. */
export const MAX_BYTES = 4 * 1024 * 1024

/**
 * What is not visible now is forgotten, or, where an earlier attempt may have brought it to the subscriber, left
 * out with its number: nobody is told what it was. Undefined where the claim has been lost.
 */
export async function prepareBatch(
  pool: Pool,
  held: ClaimedSubscription,
  { visibility, at }: { readonly visibility: Visibility; readonly at: Date },
): Promise<Batch | undefined> {
  return transaction(pool, async (db) => {
    const waiting = await findWaiting(db, held.id, held.maxCount)
    const wanted = { type: held.type, wanted: waiting, maxBytes: MAX_BYTES }
    const seen = await readVisibleVersions(db, wanted, visibility)
    const hidden = waiting.filter((_, index) => seen[index] === undefined)
    await dropEvents(db, held.id, positionsOf(hidden))
    const known = hidden.filter(({ number }) => number !== null)
    await markSent(db, { subscription: held.id, positions: positionsOf(known) }, at)
    const chosen = withText(waiting, seen)
    const fresh = positionsOf(chosen.filter(({ event }) => event.number === null).map(eventOf))
    const numbers = await numberEvents(db, held, fresh)
    if (numbers === undefined) return undefined
    const events = chosen.map(({ event, ...version }) => ({
      ...{ ...event, ...version },
      number: event.number ?? numbers.get(event.position) ?? 0,
    }))
    const last = Math.max(held.events, ...events.map(({ number }) => number))
    const isLast =
      waiting.length < held.maxCount && chosen.length + hidden.length === waiting.length
    return { events, fresh, last, isLast }
  })
}

export interface Chosen<Event> {
  readonly event: Event
  readonly custodian: string | null
  readonly patient: string | null
  readonly text: string
}

/** What is visible, up to where the texts that were read end. */
export function withText<Event>(
  events: readonly Event[],
  seen: readonly (VisibleVersion | undefined)[],
): readonly Chosen<Event>[] {
  return events.flatMap((event, index) => {
    const { content: text, ...facts } = seen[index] ?? { custodian: null, patient: null }
    return text === undefined ? [] : [{ event, text, ...facts }]
  })
}

const eventOf = ({ event }: Chosen<WaitingEvent>): WaitingEvent => event

function positionsOf(events: readonly WaitingEvent[]): readonly number[] {
  return events.map(({ position }) => position)
}

/** Nothing of it can have arrived: its numbers are as if they had not been given. */
export async function withdrawBatch(
  pool: Pool,
  held: ClaimedSubscription,
  { fresh }: Batch,
): Promise<void> {
  await takeBackNumbers(pool, held, fresh)
}

/** The subscriber has it. */
export async function confirmBatch(
  pool: Pool,
  held: ClaimedSubscription,
  { batch, at }: { readonly batch: Batch; readonly at: Date },
): Promise<void> {
  const positions = batch.events.map(({ position }) => position)
  await transaction(pool, async (db) => {
    await noteSuccess(db, held, at)
    await markSent(db, { subscription: held.id, positions }, at)
  })
}
