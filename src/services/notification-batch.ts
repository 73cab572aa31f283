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

/** Bytes of resources in one notification, the first of them whatever its size. */
const MAX_BYTES = 4 * 1024 * 1024

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
    const wanted = { type: held.type, wanted: waiting }
    const seen = await readVisibleVersions(db, wanted, visibility)
    const hidden = waiting.filter((_, index) => seen[index] === undefined)
    await dropEvents(db, held.id, positionsOf(hidden))
    const known = hidden.filter(({ number }) => number !== null)
    await markSent(db, { subscription: held.id, positions: positionsOf(known) }, at)
    const chosen = withinSize(waiting, seen)
    const fresh = positionsOf(chosen.filter(({ event }) => event.number === null).map(eventOf))
    const numbers = await numberEvents(db, held, fresh)
    if (numbers === undefined) return undefined
    const events = chosen.map(({ event, version }) => ({
      ...event,
      number: event.number ?? numbers.get(event.position) ?? 0,
      custodian: version.custodian,
      patient: version.patient,
      text: version.content,
    }))
    const last = Math.max(held.events, ...events.map(({ number }) => number))
    return { events, fresh, last, isLast: waiting.length < held.maxCount }
  })
}

interface Chosen {
  readonly event: WaitingEvent
  readonly version: VisibleVersion
}

function withinSize(
  waiting: readonly WaitingEvent[],
  seen: readonly (VisibleVersion | undefined)[],
): readonly Chosen[] {
  const chosen: Chosen[] = []
  let bytes = 0
  for (const [index, event] of waiting.entries()) {
    const version = seen[index]
    if (version === undefined) continue
    bytes += Buffer.byteLength(version.content)
    if (chosen.length > 0 && bytes > MAX_BYTES) break
    chosen.push({ event, version })
  }
  return chosen
}

const eventOf = ({ event }: Chosen): WaitingEvent => event

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
