/**
 * Disclosures: one event before the first byte of a study under one grant on one channel, its objects as
 * rows within a second, and one event that closes it some seconds after its last stream, so that five
 * hundred requests for single instances are one disclosure (access.md section 5).
 */
import { randomUUID } from 'node:crypto'
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { AuditOutcome, AuditRecord } from '../domain/audit/event.ts'
import type { Clock } from '../kernel/clock.ts'
import type { InstanceUid } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { Access } from './authorize.ts'
import type { ObjectRows } from './disclosed-objects.ts'
import {
  closingRecord,
  openingRecord,
  worseOutcome,
  type DisclosureRequest,
} from './disclosure-records.ts'
import type { Disclosure, OpenDisclosure, RecordAudit } from './record-audit.ts'

/** Watches that access lasts while bytes flow (`LiveDisclosures.open`). */
export type WatchAccess = (
  access: Access,
  facts: ObjectFacts,
) => { readonly signal: AbortSignal; close(): void }

interface DisclosureDeps {
  readonly record: RecordAudit
  readonly rows: ObjectRows
  readonly watch: WatchAccess
  readonly clock: Clock
  readonly log: Log
  /** How long after its last stream a disclosure waits for the next one. */
  readonly lingerMs: number
}

export interface Disclosures {
  readonly open: OpenDisclosure
  /** Closes every disclosure, those with streams still open as aborted. */
  close(): Promise<void>
}

/** One kept open by request after request ends all the same, so that the log says what happened. */
const LONGEST_MS = 3_600_000
const SWEEP_MS = 500

interface OpenState {
  readonly key: string
  readonly id: string
  readonly opening: AuditRecord
  readonly opened: Promise<void>
  readonly startedAt: number
  readonly objects: Set<InstanceUid>
  streams: number
  lastUse: number
  bytes: number
  outcome: AuditOutcome
  objectsKnown: boolean
}

export function makeDisclosures(deps: DisclosureDeps): Disclosures {
  /** Those that a new stream may join, and all that have no closing event yet. */
  const joinable = new Map<string, OpenState>()
  const unclosed = new Set<OpenState>()
  const sweeper = makeSweeper(() => sweep(isIdle))

  function stateOf(request: DisclosureRequest): OpenState {
    const key = keyOf(request)
    const found = joinable.get(key)
    const now = deps.clock()
    if (found !== undefined && now.getTime() - found.startedAt < LONGEST_MS) return found
    const state = begin(key, request, { record: deps.record, now })
    joinable.set(key, state)
    unclosed.add(state)
    // Nothing was handed out under an event that is not in the log.
    state.opened.catch(() => {
      unjoin(state)
      unclosed.delete(state)
    })
    return state
  }

  function unjoin(state: OpenState): void {
    if (joinable.get(state.key) === state) joinable.delete(state.key)
  }

  const isIdle = (state: OpenState): boolean =>
    state.streams === 0 && deps.clock().getTime() - state.lastUse >= deps.lingerMs

  /** Rows first, then the closing event that counts them. Resolves to whether there is more to sweep. */
  async function sweep(isDue: (state: OpenState) => boolean): Promise<boolean> {
    const due = [...unclosed].filter(isDue)
    due.forEach(unjoin)
    if (await deps.rows.flush()) await Promise.all(due.map(end))
    return unclosed.size > 0
  }

  async function end(state: OpenState): Promise<void> {
    const at = deps.clock()
    const seconds = (state.lastUse - state.startedAt) / 1000
    try {
      await deps.record(closingRecord(state.opening, { ...state, seconds }, at))
      unclosed.delete(state)
    } catch (error) {
      // Tried again at the next sweep; until then it reads as the whole study.
      deps.log.error({ err: error, disclosure: state.id }, 'A disclosure could not be closed')
    }
  }

  return {
    async open(access, study, context) {
      const state = stateOf({ access, study, context })
      state.streams += 1
      sweeper.wake()
      try {
        await state.opened
        return makeStream(state, deps.watch(access, study.facts), deps)
      } catch (error) {
        leave(state, deps.clock())
        throw error
      }
    },
    async close() {
      await sweeper.stop()
      for (const state of unclosed) if (state.streams > 0) abort(state, deps.clock())
      await sweep(() => true)
    },
  }
}

const keyOf = ({ access, study, context }: DisclosureRequest): string =>
  `${access.grant?.id ?? access.principal.client} ${study.imagingStudy} ${context.channel}`

function begin(
  key: string,
  request: DisclosureRequest,
  { record, now }: { readonly record: RecordAudit; readonly now: Date },
): OpenState {
  const id = randomUUID()
  const opening = openingRecord(id, request, now)
  const startedAt = now.getTime()
  const counts = { streams: 0, lastUse: startedAt, bytes: 0, objectsKnown: true }
  const objects = new Set<InstanceUid>()
  return { key, id, opening, opened: record(opening), startedAt, objects, outcome: '0', ...counts }
}

const STREAM_OUTCOMES = { completed: '0', aborted: '4', failed: '8' } as const

function makeStream(
  state: OpenState,
  watch: ReturnType<WatchAccess>,
  { rows, clock }: Pick<DisclosureDeps, 'rows' | 'clock'>,
): Disclosure {
  let ended = false
  return {
    signal: watch.signal,
    add(instance, bytes) {
      state.bytes += bytes
      if (state.objects.has(instance)) return
      state.objects.add(instance)
      if (!rows.note(state.id, instance)) state.objectsKnown = false
    },
    async close(outcome) {
      if (ended) return
      ended = true
      watch.close()
      state.outcome = worseOutcome(state.outcome, STREAM_OUTCOMES[outcome])
      leave(state, clock())
    },
  }
}

function leave(state: OpenState, now: Date): void {
  state.streams -= 1
  state.lastUse = now.getTime()
}

function abort(state: OpenState, now: Date): void {
  state.outcome = worseOutcome(state.outcome, STREAM_OUTCOMES.aborted)
  state.lastUse = now.getTime()
}

/** Runs `sweep` again and again while it says that there is more, one run at a time. */
function makeSweeper(sweep: () => Promise<boolean>): { wake(): void; stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let stopped = false

  function wake(): void {
    if (timer !== undefined || running !== undefined || stopped) return
    timer = setTimeout(() => {
      timer = undefined
      running = run()
    }, SWEEP_MS).unref()
  }

  async function run(): Promise<void> {
    const more = await sweep().catch(() => true)
    running = undefined
    if (more) wake()
  }

  return {
    wake,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
