/** Reading the audit log: one event for a caller, and whole for verification. Searches are those of any resource. */
import type { Compared } from '../wire/fhir/search-entries.ts'
import { arrayLiteral } from './array-literal.ts'
import { comparedText } from './compared-text.ts'
import type { Db } from './db.ts'
import { readVisibleResource } from './visible-resources.ts'
import type { Visibility } from './visibility-sql.ts'

/** Undefined where it is not there and where it is not theirs to see: one statement, one answer. */
export async function readAuditEvent(
  db: Db,
  id: string,
  visible: Visibility,
): Promise<{ readonly recorded: Date; readonly content: string } | undefined> {
  const found = await readVisibleResource(db, { type: 'AuditEvent', id }, visible)
  if (found?.content === undefined || found.content === null) return undefined
  return { recorded: found.lastUpdated, content: found.content }
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
  readonly refs: readonly string[]
}

const READ_LOG = `
select seq, id, recorded, content, leaf, patient, custodians, member, refs
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

// The hashes of the keys are compared where they are made.
const FIND_ALTERED = `
select e.seq
  from unnest($1::bigint[], $2::text[], $3::text[]) as told (seq, keys, compared)
  join audit_event e on e.seq = told.seq
 where array(select unnest(e.keys) order by 1) <> array(select unnest(search_keys(told.keys::text[])) order by 1)
    or e.compared is distinct from told.compared::jsonb`

/** What an event's text says it is found by. */
export interface ToldValues {
  readonly seq: number
  readonly keys: readonly string[]
  readonly compared: Compared
}

/** Sequence numbers of the events that are found by something else. */
export async function findAlteredValues(
  db: Db,
  told: readonly ToldValues[],
): Promise<ReadonlySet<number>> {
  const { rows } = await db.query<{ seq: number }>(FIND_ALTERED, [
    told.map(({ seq }) => seq),
    told.map(({ keys }) => arrayLiteral(keys)),
    told.map(({ compared }) => comparedText(compared)),
  ])
  return new Set(rows.map(({ seq }) => seq))
}
