/** The journal of changes that can narrow access: nodes follow it to be no more than seconds behind. */
import type { PoolClient } from 'pg'
import type { Db } from './db.ts'

export type ChangeKind = 'member' | 'client' | 'agreement' | 'grant' | 'token' | 'patient' | 'copy'

export interface JournalledChange {
  readonly kind: ChangeKind
  readonly key: string
}

/** One custodian's copy of a study, which is no longer anyone's to see. */
export function copyEnded(custodian: string, studyUid: string): JournalledChange {
  return { kind: 'copy', key: `${custodian}/${studyUid}` }
}

/** Announced at commit on this channel, without payload: whoever hears it reads the journal. */
export const CHANGE_CHANNEL = 'access_change'

// Held to the end of the transaction, so that changes commit in the order of their numbers: a reader
// that has seen number 7 will never be shown a number 6 afterwards.
const LOCK = `select pg_advisory_xact_lock(hashtextextended('samsyn.access_change', 0))`

const ANNOUNCE = `
with written as (
  insert into access_change (kind, key)
  select kind, key from unnest($1::text[], $2::text[]) as change (kind, key)
)
select pg_notify('access_change', '')`

/** Call last in the transaction that makes the change: every other announcement waits for its end. */
export async function announceChanges(
  db: PoolClient,
  changes: readonly JournalledChange[],
): Promise<void> {
  if (changes.length === 0) return
  await db.query(LOCK)
  await db.query(ANNOUNCE, [changes.map(({ kind }) => kind), changes.map(({ key }) => key)])
}

const LAST = `select coalesce(max(seq), 0) as seq from access_change`

/** The number of the newest change; 0 where there is none. */
export async function readLastChange(db: Db): Promise<number> {
  const { rows } = await db.query<{ seq: number | string }>(LAST)
  return Number(rows[0]?.seq ?? 0)
}

// With the one that was seen last, which only a sweep can have taken.
const SINCE = `select seq, kind, key from access_change where seq >= $1 order by seq`

export interface NumberedChange extends JournalledChange {
  readonly seq: number
}

export interface NewChanges {
  readonly changes: readonly NumberedChange[]
  /** False where some may have been swept: whoever reads was away for longer than they are kept. */
  readonly isWhole: boolean
}

interface ChangeRow {
  readonly seq: number | string
  readonly kind: ChangeKind
  readonly key: string
}

export async function readChangesSince(db: Db, seq: number): Promise<NewChanges> {
  const { rows } = await db.query<ChangeRow>({
    name: 'access-changes-since',
    text: SINCE,
    values: [seq],
  })
  const found = rows.map((row) => ({ seq: Number(row.seq), kind: row.kind, key: row.key }))
  const [first] = found
  return {
    changes: found.filter((change) => change.seq > seq),
    isWhole: first === undefined || first.seq <= Math.max(seq, 1),
  }
}

/** Milliseconds that a change is kept for nodes that are away. */
const KEPT = 24 * 60 * 60 * 1000

// The newest stays: its number is where a new node begins.
const SWEEP = `
  delete from access_change
  where at < $1 and seq < (select max(seq) from access_change)`

/** Forgets what every node has long taken up; resolves to how many. */
export async function sweepChanges(db: Db, at: Date): Promise<number> {
  const { rowCount } = await db.query(SWEEP, [new Date(at.getTime() - KEPT)])
  return rowCount ?? 0
}
