/** The audit log in PostgreSQL: appended to under the lock of its head, never updated. */
import type { Pool } from 'pg'
import { appendLeaves, leafHash, type Tree } from '../domain/audit/merkle.ts'
import type { Compared } from '../wire/fhir/search-entries.ts'
import { arrayLiteral } from './array-literal.ts'
import { comparedText } from './compared-text.ts'
import { transaction, type Db } from './db.ts'
import { hashedKeys } from './hashed-keys.ts'

export interface NewAuditEvent {
  readonly id: string
  readonly recorded: Date
  /** The AuditEvent as JSON text: the bytes the leaf hash covers. */
  readonly content: string
  readonly patient: string | null
  readonly custodians: readonly string[]
  readonly member: string | null
  /** What it is found by (wire/fhir/search-entries.ts). */
  readonly keys: readonly string[]
  readonly refs: readonly string[]
  readonly compared: Compared
}

// A dead node must not hold up the others' log for longer than a request waits.
const BEGIN_APPEND = `set local statement_timeout = '5s'`

const LOCK_HEAD = `select size, frontier from audit_head for update`

// Texts and keys of all events travel as one each, in the form that the database keeps: nothing of them is parsed.
const INSERT_EVENTS = `
insert into audit_event (seq, id, recorded, content, leaf, patient, custodians, member, keys, refs,
  compared)
select $1::bigint + ordinality - 1, id, recorded,
       convert_from(substr($4::bytea, content_end - content_bytes + 1, content_bytes), 'UTF8'),
       substr($7::bytea, ordinality::int * 32 - 31, 32), patient, custodians::text[], member,
       ($11::bigint[])[key_end - key_count + 1 : key_end], refs::text[], compared::jsonb
  from unnest($2::uuid[], $3::timestamptz[], $5::int[], $6::int[], $8::text[], $9::text[], $10::text[], $12::int[],
              $13::int[], $14::text[], $15::text[])
       with ordinality as e (id, recorded, content_end, content_bytes, patient, custodians, member, key_end, key_count,
         refs, compared, ordinality)`

// The same for a head that is known already: one round trip, and nothing at all where another process
// has appended meanwhile (its row lock makes this wait for it, and then see its head).
const APPEND_AFTER = `
with head as (
  update audit_head set size = $16, frontier = $17
   where size = $1::bigint and frontier = $18::bytea[]
  returning size
)
${INSERT_EVENTS}
 where exists (select from head)`

const UPDATE_HEAD = `update audit_head set size = $1, frontier = $2`

interface HeadRow {
  readonly size: number
  readonly frontier: Buffer[]
}

/**
 * Appends the events in order, in one transaction: all are in the log when it resolves, and none when it
 * rejects (save for a connection lost at the commit itself). Returns the tree they made.
 */
function appendAuditEvents(pool: Pool, events: readonly NewAuditEvent[]): Promise<Tree> {
  const leaves = events.map((event) => leafHash(event.content))
  return transaction(pool, async (db) => {
    await db.query(BEGIN_APPEND)
    const tree = toTree((await db.query<HeadRow>(LOCK_HEAD)).rows)
    const next = appendLeaves(tree, leaves)
    await insertEvents(db, { first: tree.size, events, leaves })
    await db.query({
      name: 'update-audit-head',
      text: UPDATE_HEAD,
      values: [next.size, next.frontier],
    })
    return next
  })
}

/**
 * `appendAuditEvents` for one caller at a time that appends again and again: it remembers the tree it
 * made, and asks for the head only where another process has changed it.
 */
export function makeAuditAppender(pool: Pool): (events: readonly NewAuditEvent[]) => Promise<Tree> {
  let known: Tree | undefined
  return async (events) => {
    const before = known
    // After a failure nobody knows whether the commit took place.
    known = undefined
    const after = before && (await appendAfter(pool, before, events))
    known = after ?? (await appendAuditEvents(pool, events))
    return known
  }
}

async function appendAfter(
  db: Db,
  tree: Tree,
  events: readonly NewAuditEvent[],
): Promise<Tree | undefined> {
  const leaves = events.map((event) => leafHash(event.content))
  const next = appendLeaves(tree, leaves)
  const { rowCount } = await db.query({
    name: 'append-audit-events',
    text: APPEND_AFTER,
    values: [
      ...insertValues({ first: tree.size, events, leaves }),
      next.size,
      next.frontier,
      tree.frontier,
    ],
  })
  return rowCount === events.length ? next : undefined
}

interface Insertion {
  readonly first: number
  readonly events: readonly NewAuditEvent[]
  readonly leaves: readonly Buffer[]
}

async function insertEvents(db: Db, { first, events, leaves }: Insertion): Promise<void> {
  const values = insertValues({ first, events, leaves })
  await db.query({ name: 'insert-audit-events', text: INSERT_EVENTS, values })
}

function insertValues({ first, events, leaves }: Insertion): unknown[] {
  const contents = events.map(({ content }) => Buffer.from(content))
  const contentBytes = contents.map(({ length }) => length)
  const keyCounts = events.map(({ keys }) => keys.length)
  return [
    first,
    events.map(({ id }) => id),
    events.map(({ recorded }) => recorded.toISOString()),
    Buffer.concat(contents),
    endsOf(contentBytes),
    contentBytes,
    Buffer.concat(leaves),
    events.map(({ patient }) => patient),
    // unnest would flatten arrays of arrays: each travels as its own literal.
    events.map(({ custodians }) => arrayLiteral(custodians)),
    events.map(({ member }) => member),
    hashedKeys(events.flatMap(({ keys }) => keys)),
    endsOf(keyCounts),
    keyCounts,
    events.map(({ refs }) => arrayLiteral(refs)),
    events.map(({ compared }) => comparedText(compared)),
  ]
}

/** Where each ends when they stand one behind the other. */
function endsOf(lengths: readonly number[]): readonly number[] {
  let end = 0
  return lengths.map((length) => (end += length))
}

const READ_HEAD = `select size, frontier from audit_head`

/** Size and frontier of the log as committed. */
export async function readAuditHead(db: Db): Promise<Tree> {
  return toTree((await db.query<HeadRow>(READ_HEAD)).rows)
}

function toTree([head]: readonly HeadRow[]): Tree {
  if (head === undefined) throw new Error('audit_head has lost its row')
  return head
}

/** 'saau': any constant that nothing else locks. */
const LOCK_ANCHOR = `select pg_advisory_xact_lock(1935761781)`

/** Runs `work` while no other process of the installation anchors the log. */
export function withAnchorLock<Result>(
  pool: Pool,
  work: (head: Tree) => Promise<Result>,
): Promise<Result> {
  return transaction(pool, async (db) => {
    await db.query(LOCK_ANCHOR)
    return work(await readAuditHead(db))
  })
}

const ADD_OBJECTS = `
insert into disclosure_object (disclosure, sop_instance_uid, at)
select * from unnest($1::uuid[], $2::text[], $3::timestamptz[])`

export interface DisclosedObject {
  readonly disclosure: string
  readonly instance: string
  readonly at: Date
}

export async function addDisclosedObjects(
  db: Db,
  objects: readonly DisclosedObject[],
): Promise<void> {
  await db.query({
    name: 'add-disclosed-objects',
    text: ADD_OBJECTS,
    values: [
      objects.map(({ disclosure }) => disclosure),
      objects.map(({ instance }) => instance),
      objects.map(({ at }) => at),
    ],
  })
}

const READ_OBJECTS = `
select disclosure, array_agg(distinct sop_instance_uid) as instances
  from disclosure_object
 where disclosure = any ($1::uuid[])
 group by disclosure`

/** Distinct SOP Instance UIDs of each disclosure, by its id. */
export async function readDisclosedObjects(
  db: Db,
  disclosures: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await db.query<{ disclosure: string; instances: string[] }>(READ_OBJECTS, [
    disclosures,
  ])
  return new Map(rows.map(({ disclosure, instances }) => [disclosure, instances]))
}
