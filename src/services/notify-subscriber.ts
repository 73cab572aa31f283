/**
 * Telling one subscriber what waits for it, in order and at least once: what it may see at this moment, numbered
 * without gaps, the next not before the last was accepted.
 */
import type { Pool } from 'pg'
import { FAILURES_TO_ERROR, retryDelay } from '../domain/subscription/retry.ts'
import { isHubError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import {
  isPastFence,
  noteFailure,
  noteSuccess,
  releaseClaim,
  renewClaim,
  type ClaimedSubscription,
} from '../storage/subscription-progress.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import {
  attempt,
  attemptText,
  type AttemptDeps,
  type SendNotification,
} from './attempt-notification.ts'
import { confirmBatch, prepareBatch, withdrawBatch, type Batch } from './notification-batch.ts'
import { recordNotified } from './record-notified.ts'
import type { RecordAudit } from './record-audit.ts'
import { settleStanding } from './subscription-standing.ts'

export interface NotifySubscriberDeps extends AttemptDeps {
  readonly pool: Pool
  readonly recordAudit: RecordAudit
  /** From 0 to 1. */
  readonly chance: () => number
  readonly log: Log
}

/** Resolves once there is nothing more to do for now, or nothing more that can be done; lets go of the claim. */
export type NotifySubscriber = (
  held: ClaimedSubscription,
  send: SendNotification,
  how?: { readonly handshake?: boolean },
) => Promise<void>

/** How long a node that died keeps others from its work; longer than any attempt. */
export const CLAIM_MS = 30_000
/** Notifications in a row before others get their turn. */
const TURN = 20
/** How soon to look again at what could not be decided, or must wait for running transactions. */
const SOON_MS = 500

interface Job {
  readonly deps: NotifySubscriberDeps
  readonly send: SendNotification
  readonly visibility: Visibility
}

export function makeNotifySubscriber(deps: NotifySubscriberDeps): NotifySubscriber {
  return async (held, send, { handshake = false } = {}) => {
    const visibility = await standingOf(deps, held)
    if (visibility === undefined) return
    const job = { deps, send, visibility }
    const isNew = held.phase === 'handshake'
    if (!isNew && !handshake) return tellWaiting(job, held)
    if (!(await shakeHands(job, held))) return
    const status = isNew ? 'active' : held.status
    await tellWaiting(job, { ...held, phase: 'running', status, sentAt: deps.clock() })
  }
}

/** What the subscriber may see; undefined where nothing is sent now, with the claim let go. */
async function standingOf(
  deps: NotifySubscriberDeps,
  held: ClaimedSubscription,
): Promise<Visibility | undefined> {
  const verdict = await judge(deps, held)
  if ('visibility' in verdict) return verdict.visibility
  if (verdict.error !== undefined) {
    const next = {
      phase: 'stopped',
      status: 'off',
      error: verdict.error,
      at: deps.clock(),
    } as const
    await settleStanding(deps.pool, held, next)
  }
  await release(deps, held, verdict.dueAt)
  return undefined
}

type Verdict =
  { readonly visibility: Visibility } | { readonly dueAt: Date | null; readonly error?: string }

async function judge(
  { judgeSubscriber, clock }: NotifySubscriberDeps,
  held: ClaimedSubscription,
): Promise<Verdict> {
  const at = clock()
  if (held.phase === 'stopped') return { dueAt: null }
  if (held.endsAt !== null && held.endsAt <= at)
    return { dueAt: null, error: 'The subscription has ended' }
  try {
    const standing = await judgeSubscriber(held)
    return standing.ended
      ? { dueAt: null, error: 'The client no longer has what this subscription takes' }
      : standing
  } catch (error) {
    if (!isHubError(error, 'unavailable')) throw error
    return { dueAt: new Date(at.getTime() + SOON_MS) }
  }
}

async function release(
  { pool, clock }: NotifySubscriberDeps,
  held: ClaimedSubscription,
  dueAt: Date | null,
): Promise<void> {
  await releaseClaim(pool, held, { dueAt, at: clock() })
}

/** Whether the subscriber has answered and may be told more. */
async function shakeHands({ deps, send }: Job, held: ClaimedSubscription): Promise<boolean> {
  const { pool, clock, log } = deps
  if (!(await isPastFence(pool, held.id))) {
    await release(deps, held, new Date(clock().getTime() + SOON_MS))
    return false
  }
  const result = await attempt(deps, held, { send, text: attemptText(deps, held, 'handshake') })
  const at = clock()
  if (result.accepted) {
    await noteSuccess(pool, held, at)
    if (held.phase !== 'handshake') return true
    const next = { phase: 'running', status: 'active', error: null, at } as const
    const isRunning = await settleStanding(pool, held, next)
    if (!isRunning) await release(deps, held, at)
    return isRunning
  }
  log.info({ subscription: held.id, reason: result.reason }, 'A handshake failed')
  // Its client asks again, when somebody listens; a websocket that left is waited for.
  if (held.channel === 'rest-hook') {
    const error = `The handshake failed: ${result.reason}`
    await settleStanding(pool, held, { phase: 'stopped', status: 'error', error, at })
  }
  await release(deps, held, null)
  return false
}

async function tellWaiting(job: Job, first: ClaimedSubscription): Promise<void> {
  const { deps } = job
  const { pool, clock } = deps
  let held = first
  for (let turn = 0; turn < TURN; turn += 1) {
    const wakes = await renewClaim(pool, held, new Date(clock().getTime() + CLAIM_MS))
    if (wakes === undefined) return
    held = { ...held, wakes }
    const batch = await prepareBatch(pool, held, { ...job, at: clock() })
    if (batch === undefined) return
    if (batch.events.length > 0) {
      if (!(await tellBatch(job, held, batch))) return
      held = { ...held, sentAt: clock(), failures: 0, status: 'active', events: batch.last }
      continue
    }
    if (batch.isLast) return tellAlive(job, held)
  }
  await release(deps, held, clock())
}

async function tellBatch(job: Job, held: ClaimedSubscription, batch: Batch): Promise<boolean> {
  const { deps, send } = job
  if (!(await isLogged(deps, held, batch))) return false
  const told = { events: batch.last, list: batch.events }
  const text = attemptText(deps, held, 'event-notification', told)
  const result = await attempt(deps, held, { send, text })
  if (!result.accepted) {
    if (!result.mayHaveArrived) await withdrawBatch(deps.pool, held, batch)
    await fail(deps, held, result.reason)
    return false
  }
  await confirmBatch(deps.pool, held, { batch, at: deps.clock() })
  return recover(deps, held)
}

/** Whether the log has what is about to be disclosed; without it nothing leaves. */
async function isLogged(
  deps: NotifySubscriberDeps,
  held: ClaimedSubscription,
  batch: Batch,
): Promise<boolean> {
  if (held.content !== 'full-resource') return true
  try {
    await recordNotified(deps, held, batch.events)
    return true
  } catch (error) {
    deps.log.error({ subscription: held.id, err: error }, 'A notification could not be logged')
    await withdrawBatch(deps.pool, held, batch)
    await release(deps, held, new Date(deps.clock().getTime() + SOON_MS))
    return false
  }
}

/** Nothing waits: a heartbeat where its time has come, and rest. */
async function tellAlive({ deps, send }: Job, held: ClaimedSubscription): Promise<void> {
  const { clock, pool } = deps
  const next = nextHeartbeat(held)
  if (next === null || next > clock()) return release(deps, held, next)
  const result = await attempt(deps, held, { send, text: attemptText(deps, held, 'heartbeat') })
  if (!result.accepted) return fail(deps, held, result.reason)
  const at = clock()
  await noteSuccess(pool, held, at)
  if (await recover(deps, held)) await release(deps, held, nextHeartbeat({ ...held, sentAt: at }))
}

function nextHeartbeat({
  heartbeatSeconds,
  sentAt,
}: Pick<ClaimedSubscription, 'heartbeatSeconds' | 'sentAt'>): Date | null {
  if (heartbeatSeconds === null) return null
  return new Date((sentAt?.getTime() ?? 0) + heartbeatSeconds * 1_000)
}

async function fail(
  { pool, clock, chance, log }: NotifySubscriberDeps,
  held: ClaimedSubscription,
  reason: string,
): Promise<void> {
  const at = clock()
  // A websocket that left is no fault: what waits is told to the next one.
  if (held.channel === 'websocket') return releaseClaim(pool, held, { dueAt: null, at })
  const failures = held.failures + 1
  log.info({ subscription: held.id, failures, reason }, 'A notification was not accepted')
  const retryAt = new Date(at.getTime() + retryDelay(failures, chance()))
  await noteFailure(pool, held, { retryAt, at })
  if (failures < FAILURES_TO_ERROR || held.status === 'error') return
  const since = (held.failingSince ?? at).toISOString()
  const error = `Notifications have failed since ${since}, and are tried again: ${reason}`
  await settleStanding(pool, held, { phase: 'running', status: 'error', error, at })
}

/** Ends the error that failures made of it; false where the subscription was changed meanwhile. */
async function recover(deps: NotifySubscriberDeps, held: ClaimedSubscription): Promise<boolean> {
  if (held.status !== 'error') return true
  const next = { phase: 'running', status: 'active', error: null, at: deps.clock() } as const
  if (await settleStanding(deps.pool, held, next)) return true
  await release(deps, held, deps.clock())
  return false
}
