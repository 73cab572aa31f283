/** A FHIR search of AuditEvent as a question to the audit log, which is a table of its own. */
import { HubError } from '../kernel/errors.ts'
import type { Db } from '../storage/db.ts'
import type { FoundPage, Position } from '../storage/resource-search.ts'
import { countAuditEvents, searchAuditEvents } from '../storage/search-audit-events.ts'
import type {
  AuditQuery,
  AuditVisibility,
  FoundAuditEvent,
} from '../storage/search-audit-events.ts'
import type { Condition, DateTest, Search } from '../wire/fhir/search.ts'

export interface AuditLogSearch {
  readonly search: Search
  readonly after?: Position | undefined
  readonly visible: AuditVisibility
}

/** Throws `invalid` for a search the log does not answer. */
export async function searchAuditLog(
  db: Db,
  { search, after, visible }: AuditLogSearch,
): Promise<FoundPage> {
  const query: AuditQuery = {
    visible,
    order: orderOf(search),
    limit: search.count + 1,
    after: positionOf(after),
    ...questionsOf(search.conditions),
  }
  if (search.countOnly)
    return { matches: [], included: [], total: await countAuditEvents(db, query) }
  const found = await searchAuditEvents(db, query)
  const page = found.slice(0, search.count)
  const whole = found.length === page.length
  return {
    matches: page.map(({ id, content }) => ({ type: 'AuditEvent', id, content })),
    included: [],
    next: whole ? undefined : nextOf(page.at(-1)),
    total: await totalOf(db, {
      search,
      query,
      known: whole && after === undefined ? page.length : undefined,
    }),
  }
}

interface Total {
  readonly search: Search
  readonly query: AuditQuery
  readonly known: number | undefined
}

async function totalOf(db: Db, { search, query, known }: Total): Promise<number | undefined> {
  return known === undefined && search.total ? countAuditEvents(db, query) : known
}

function nextOf(last: FoundAuditEvent | undefined): Position | undefined {
  return last && [last.recorded.toISOString(), String(last.seq)]
}

function positionOf(after: Position | undefined): AuditQuery['after'] {
  const [recorded, seq] = after ?? []
  if (typeof recorded !== 'string' || typeof seq !== 'string') return undefined
  return { recorded: new Date(recorded), seq: Number(seq) }
}

function orderOf({ sort }: Search): AuditQuery['order'] {
  const [first, ...more] = sort
  if (first === undefined) return 'newest-first'
  if (first.by.in === 'id' || more.length > 0) throw notAnswered('_sort')
  return first.descending ? 'newest-first' : 'oldest-first'
}

type Questions = Pick<AuditQuery, 'ids' | 'patients' | 'from' | 'until' | 'tokens' | 'refs'>

function questionsOf(conditions: readonly Condition[]): Questions {
  const intervals = conditions.flatMap((one) =>
    one.kind === 'date' ? [pointInterval(one.anyOf)] : [],
  )
  return {
    ids: intersection(conditions, 'id'),
    patients: intersection(conditions, 'patient'),
    from: latest(intervals.map(({ from }) => from)),
    until: earliest(intervals.map(({ until }) => until)),
    tokens: conditions.flatMap((one) => (one.kind === 'token' ? [one.anyOf] : [])),
    refs: conditions.flatMap((one) => (one.kind === 'reference' ? [one.anyOf] : [])),
    ...refuseOthers(conditions),
  }
}

function intersection(
  conditions: readonly Condition[],
  kind: 'id' | 'patient',
): readonly string[] | undefined {
  const lists = conditions.flatMap((one) => (one.kind === kind ? [one.anyOf] : []))
  const [first, ...others] = lists
  return first?.filter((value) => others.every((list) => list.includes(value)))
}

interface Interval {
  readonly from?: Date | undefined
  readonly until?: Date | undefined
}

/** An event is a point in time, so each prefix asks for one interval. */
function pointInterval(tests: readonly DateTest[]): Interval {
  const [test, ...others] = tests
  if (test === undefined || others.length > 0) throw notAnswered('date')
  const { prefix, value } = test
  switch (prefix) {
    case 'eq':
    case 'ap':
      return value
    case 'ge':
      return { from: value.from }
    case 'gt':
    case 'sa':
      return { from: value.until }
    case 'le':
      return { until: value.until }
    case 'lt':
    case 'eb':
      return { until: value.from }
    case 'ne':
      throw notAnswered('date')
  }
}

function latest(times: readonly (Date | undefined)[]): Date | undefined {
  return byTime(times).at(-1)
}

function earliest(times: readonly (Date | undefined)[]): Date | undefined {
  return byTime(times).at(0)
}

function byTime(times: readonly (Date | undefined)[]): readonly Date[] {
  const known = times.filter((time) => time !== undefined)
  return known.toSorted((one, other) => one.getTime() - other.getTime())
}

const ANSWERED = new Set(['id', 'patient', 'token', 'reference', 'date'])

function refuseOthers(conditions: readonly Condition[]): Record<string, never> {
  const other = conditions.find(({ kind }) => !ANSWERED.has(kind))
  if (other !== undefined) throw notAnswered(other.kind)
  return {}
}

function notAnswered(location: string): HubError {
  return new HubError('invalid', 'The audit log does not answer this search', {
    problems: [{ location, text: 'Not answered in this form on AuditEvent' }],
  })
}
