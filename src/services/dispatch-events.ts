/**
 * Handing out what was written to the subscriptions that asked for it. One node at a time does it, in one
 * transaction with forgetting what was captured: no event is handed out twice or not at all, whoever crashes.
 */
import { LRUCache } from 'lru-cache'
import type { Pool, PoolClient } from 'pg'
import type { Subscription } from '../domain/subscription/subscription.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import {
  forgetCaptured,
  handOut,
  lockDispatch,
  takeCaptured,
  type CapturedEvent,
  type HandedOut,
} from '../storage/captured-events.ts'
import { transaction } from '../storage/db.ts'
import { wakeSubscriptions } from '../storage/subscription-progress.ts'
import { findWatching } from '../storage/subscriptions.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import { readVisibleVersions, type VisibleVersion } from '../storage/visible-versions.ts'
import { isJsonObject } from '../wire/fhir/json.ts'
import { matchesCondition, type MatchedResource } from '../wire/fhir/match-conditions.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import type { Condition } from '../wire/fhir/search.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { readFilter } from '../wire/fhir/subscription-filters.ts'
import { MAX_BYTES } from './notification-batch.ts'
import { topicOf, type JudgeSubscriber } from './subscription-access.ts'

/** Resolves to how many events it took: 0 where there were none, or another node is at it. */
export type DispatchEvents = () => Promise<number>

export interface DispatchEventsDeps {
  readonly pool: Pool
  readonly judgeSubscriber: JudgeSubscriber
  readonly clock: Clock
  /** The FHIR base address. */
  readonly base: string
  readonly log: Log
}

const BATCH = 500
const MAX_FILTERS = 10_000

type Compile = (subscription: Subscription) => readonly Condition[]

/** Throws `unavailable` where access cannot be decided now: nothing is taken then. */
export function makeDispatchEvents(deps: DispatchEventsDeps): DispatchEvents {
  const compile = makeCompile(deps.base)
  return () =>
    transaction(deps.pool, async (db) => {
      if (!(await lockDispatch(db))) return 0
      const events = await takeCaptured(db, BATCH)
      if (events.length === 0) return 0
      const rows: HandedOut[] = []
      for (const [type, ofType] of Map.groupBy(events, (event) => event.type))
        rows.push(...(await findTakers(db, { type, events: ofType }, { ...deps, compile })))
      await handOut(db, inOrder(rows, events))
      await forgetCaptured(
        db,
        events.map(({ seq }) => seq),
      )
      const woken = [...new Set(rows.map(({ subscription }) => subscription))].sort()
      await wakeSubscriptions(db, woken, deps.clock())
      return events.length
    })
}

function makeCompile(base: string): Compile {
  const known = new LRUCache<string, readonly Condition[]>({ max: MAX_FILTERS })
  return (subscription) => {
    const topic = topicOf(subscription)
    const key = JSON.stringify([topic.code, subscription.filters])
    const conditions = known.get(key) ?? subscription.filters.flatMap(conditionsOf)
    known.set(key, conditions)
    return conditions

    function conditionsOf(query: string): readonly Condition[] {
      const reading = readFilter(query, topic, base)
      // What was understood once and is not any more matches nothing rather than everything.
      return reading.problem === undefined ? reading.conditions : [{ kind: 'never' }]
    }
  }
}

interface TypedEvents {
  readonly type: string
  readonly events: readonly CapturedEvent[]
}

type Taking = Pick<DispatchEventsDeps, 'judgeSubscriber' | 'log'> & { readonly compile: Compile }

async function findTakers(
  db: PoolClient,
  { type, events }: TypedEvents,
  deps: Taking,
): Promise<readonly HandedOut[]> {
  const patients = events.flatMap(({ patient }) => patient ?? [])
  const watching = await findWatching(db, type, [...new Set(patients)])
  const rows: HandedOut[] = []
  const read = makeReader(deps.log)
  // Those of one client with one scope see the same.
  for (const [, alike] of Map.groupBy(watching, sightKey)) {
    const [first] = alike
    const standing = first && (await deps.judgeSubscriber(first))
    if (standing === undefined || standing.ended) continue
    for await (const [event, version] of visibleOf(db, { type, events }, standing.visibility)) {
      const resource = read(event, version)
      if (resource === undefined) continue
      const takers = alike.filter((one) =>
        deps.compile(one).every((condition) => matchesCondition(condition, resource)),
      )
      rows.push(...takers.map(({ id }) => ({ subscription: id, event })))
    }
  }
  return rows
}

type Seen = readonly [CapturedEvent, VisibleVersion]

/** In order, and a few megabytes of texts at a time. */
async function* visibleOf(
  db: PoolClient,
  { type, events }: TypedEvents,
  visibility: Visibility,
): AsyncGenerator<Seen, void, undefined> {
  let rest = events
  while (rest.length > 0) {
    const wanted = { type, wanted: rest, maxBytes: MAX_BYTES }
    const seen = await readVisibleVersions(db, wanted, visibility)
    const unread = seen.findIndex((one) => one !== undefined && one.content === undefined)
    const done = unread < 0 ? rest.length : unread
    for (const [index, event] of rest.slice(0, done).entries()) {
      const version = seen[index]
      if (version !== undefined) yield [event, version]
    }
    rest = rest.slice(done)
  }
}

function sightKey({ client, actions }: Subscription): string {
  return JSON.stringify([client, [...actions].sort()])
}

type Reader = (...seen: Seen) => MatchedResource | undefined

/** Reads each version once, however many see it. */
function makeReader(log: Log): Reader {
  const known = new Map<CapturedEvent, MatchedResource | undefined>()
  return (event, version) => {
    if (!known.has(event)) known.set(event, matchedResource(event, version, log))
    return known.get(event)
  }
}

function matchedResource(
  { type, id }: CapturedEvent,
  { content, custodian, patient }: VisibleVersion,
  log: Log,
): MatchedResource | undefined {
  try {
    const resource = parseJsonText(content ?? '')
    if (isJsonObject(resource)) return { id, custodian, patient, search: searchValues(resource) }
  } catch {
    // One text that cannot be read must not hold up everyone else's events.
    log.error({ resource: `${type}/${id}` }, 'A resource could not be read for its subscribers')
  }
  return undefined
}

function inOrder(
  rows: readonly HandedOut[],
  events: readonly CapturedEvent[],
): readonly HandedOut[] {
  const places = new Map<unknown, number>(events.map((event, index) => [event, index]))
  const placeOf = ({ event }: HandedOut): number => places.get(event) ?? 0
  return rows.toSorted((one, other) => placeOf(one) - placeOf(other))
}
