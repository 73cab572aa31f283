/** Reading the audit log: for those whose material or requests it tells of, and whole for verification. */
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from './db.ts'

/** Whose eyes: an event is seen by the custodians it touched, the member that asked, and its patient. */
export type AuditVisibility =
  | { readonly kind: 'everything' }
  | { readonly kind: 'organizations'; readonly ids: readonly OrganizationId[] }
  | { readonly kind: 'patient'; readonly id: PatientId }

export interface AuditQuery {
  readonly visible: AuditVisibility
  readonly ids?: readonly string[] | undefined
  readonly patients?: readonly string[] | undefined
  /** At or after. */
  readonly from?: Date | undefined
  /** Before. */
  readonly until?: Date | undefined
  /** Search entries as `wire/fhir/search-values.ts` writes them: one of each list is required. */
  readonly tokens?: readonly (readonly string[])[] | undefined
  readonly refs?: readonly (readonly string[])[] | undefined
  readonly order?: 'newest-first' | 'oldest-first' | undefined
  readonly limit: number
  /** The last event of the page before. */
  readonly after?: { readonly recorded: Date; readonly seq: number } | undefined
}

export interface FoundAuditEvent {
  readonly id: string
  readonly seq: number
  readonly recorded: Date
  readonly content: string
}

/** One page of the events that `visible` covers. */
export async function searchAuditEvents(
  db: Db,
  query: AuditQuery,
): Promise<readonly FoundAuditEvent[]> {
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const [direction, past] = query.order === 'oldest-first' ? ['asc', '>'] : ['desc', '<']
  const where = conditions(query, bind)
  if (query.after !== undefined) {
    where.push(`(recorded, seq) ${past} (${bind(query.after.recorded)}, ${bind(query.after.seq)})`)
  }
  const { rows } = await db.query<FoundAuditEvent>(
    `select id, seq, recorded, content
       from audit_event
      where ${where.join(' and ')}
      order by recorded ${direction}, seq ${direction}
      limit ${bind(query.limit)}`,
    values,
  )
  return rows
}

/** How many events the query finds, its page aside. */
export async function countAuditEvents(db: Db, query: AuditQuery): Promise<number> {
  const values: unknown[] = []
  const where = conditions(query, (value) => `$${values.push(value)}`)
  const { rows } = await db.query<{ count: number }>(
    `select count(*) from audit_event where ${where.join(' and ')}`,
    values,
  )
  return rows[0]?.count ?? 0
}

/** What is no UUID names no event, and must not reach a cast that would fail. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function conditions(query: AuditQuery, bind: (value: unknown) => string): string[] {
  const where = [visibleTo(query.visible, bind)]
  if (query.ids !== undefined) {
    where.push(`id = any (${bind(query.ids.filter((id) => UUID.test(id)))}::uuid[])`)
  }
  if (query.patients !== undefined) where.push(`patient = any (${bind(query.patients)})`)
  if (query.from !== undefined) where.push(`recorded >= ${bind(query.from)}`)
  if (query.until !== undefined) where.push(`recorded < ${bind(query.until)}`)
  for (const entries of query.tokens ?? []) where.push(`tokens && ${bind(entries)}`)
  for (const entries of query.refs ?? []) where.push(`refs && ${bind(entries)}`)
  return where
}

function visibleTo(visible: AuditVisibility, bind: (value: unknown) => string): string {
  switch (visible.kind) {
    case 'everything':
      return 'true'
    case 'patient':
      return `patient = ${bind(visible.id)}`
    case 'organizations': {
      const ids = bind(visible.ids)
      return `(member = any (${ids}) or custodians && ${ids})`
    }
  }
}

/** Undefined where it is not there and where it is not theirs to see: one statement, one answer. */
export async function readAuditEvent(
  db: Db,
  id: string,
  visible: AuditVisibility,
): Promise<FoundAuditEvent | undefined> {
  const [found] = await searchAuditEvents(db, { visible, ids: [id], limit: 1 })
  return found
}

export interface LoggedAuditEvent {
  readonly seq: number
  readonly id: string
  readonly recorded: Date
  readonly content: string
  readonly leaf: Buffer
  readonly patient: string | null
  readonly custodians: readonly string[]
  readonly member: string | null
  readonly tokens: readonly string[]
  readonly refs: readonly string[]
}

const READ_LOG = `
select seq, id, recorded, content, leaf, patient, custodians, member, tokens, refs
  from audit_event
 where seq >= $1
 order by seq
 limit $2`

/** All events from the sequence number `from` on, in pages of at most `page`. */
export async function* readAuditLog(
  db: Db,
  from: number,
  page = 500,
): AsyncGenerator<readonly LoggedAuditEvent[]> {
  let next = from
  for (;;) {
    const { rows } = await db.query<LoggedAuditEvent>(READ_LOG, [next, page])
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows
    next = last.seq + 1
  }
}
