/** `samsyn audit verify`: the log in the database against the checkpoints outside it (access.md section 5). */
import type { KeyObject } from 'node:crypto'
import type { Pool } from 'pg'
import { readAnchorLines } from '../storage/audit-anchor.ts'
import { readAuditHead, readDisclosedObjects } from '../storage/audit-events.ts'
import { readQueued } from '../storage/break-glass-reviews.ts'
import { snapshot, type Db } from '../storage/db.ts'
import { findAlteredValues, readAuditLog } from '../storage/search-audit-events.ts'
import type { LoggedAuditEvent, ToldValues } from '../storage/search-audit-events.ts'
import { checkAnchor, type AnchorFinding } from '../wire/audit/check-anchor.ts'
import type { Checkpoint } from '../wire/audit/checkpoint.ts'
import { auditSearchEntries, brokenGlass, closedDisclosure } from '../wire/fhir/audit-columns.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { makeLogCheck, parseEvent, type BoundRows, type LogFinding } from './check-audit-log.ts'

export interface WindowFinding {
  readonly kind: 'anchor-overdue'
  readonly size: number
  readonly text: string
}

export type AuditFinding = AnchorFinding | LogFinding | WindowFinding

export interface AuditReport {
  readonly ok: boolean
  readonly events: number
  readonly checkpoints: number
  readonly unreadableLines: number
  /** The last checkpoint: nothing before it can have been altered unseen. */
  readonly anchored: { readonly size: number; readonly at: string } | undefined
  /** Events after the last checkpoint: whoever owns the database could still alter these. */
  readonly unprotected: {
    readonly events: number
    readonly from?: string | undefined
    readonly until?: string | undefined
  }
  /** The first of them, in the order found. */
  readonly findings: readonly AuditFinding[]
  readonly findingsInAll: number
}

interface VerifyDeps {
  readonly pool: Pool
  readonly anchorFile: string
  /** Public keys of checkpoints, by key id. */
  readonly publicKeys: ReadonlyMap<string, KeyObject>
}

const MAX_FINDINGS = 100
/** A checkpoint follows an event within a second; events further apart than this saw none written. */
const OVERDUE_MS = 10_000

/** Reads the whole log once, as of one moment. Throws where the anchor file cannot be read. */
export async function verifyAudit({
  pool,
  anchorFile,
  publicKeys,
}: VerifyDeps): Promise<AuditReport> {
  // The file before the log: every event a checkpoint speaks of was committed before it was written.
  const anchor = await checkAnchor(readAnchorLines(anchorFile), publicKeys)
  const last = anchor.checkpoints.at(-1)
  return snapshot(pool, async (db) => {
    const check = makeLogCheck(anchor.checkpoints)
    const window = makeWindow(last)
    for await (const events of readAuditLog(db, Number.MIN_SAFE_INTEGER)) {
      check.page(events, await rowsOf(db, events))
      events.forEach(window.add)
    }
    check.end(await readAuditHead(db))
    const findings = [...anchor.findings, ...check.findings, ...window.findings()]
    return {
      ok: findings.length === 0,
      events: check.count,
      checkpoints: anchor.checkpoints.length,
      unreadableLines: anchor.unreadable,
      anchored: last && { size: last.size, at: last.at },
      unprotected: window.summary(),
      findings: findings.slice(0, MAX_FINDINGS),
      findingsInAll: findings.length,
    }
  })
}

function toldValues({ seq, content }: LoggedAuditEvent): ToldValues {
  return { seq, ...auditSearchEntries(parseEvent(content)) }
}

/** Most events are bound to no row of another table: only those that may be are parsed for it. */
async function rowsOf(db: Db, events: readonly LoggedAuditEvent[]): Promise<BoundRows> {
  const holding = (text: string): readonly JsonObject[] =>
    events.flatMap(({ content }) => (content.includes(text) ? [parseEvent(content)] : []))
  const closed = holding('"digest"').flatMap((event) => closedDisclosure(event)?.id ?? [])
  const broken = holding('"break-glass"').flatMap((event) => brokenGlass(event)?.grant ?? [])
  return {
    objects: closed.length === 0 ? new Map() : await readDisclosedObjects(db, closed),
    reviews: broken.length === 0 ? new Map() : await readQueued(db, broken),
    altered: await findAlteredValues(db, events.map(toldValues)),
  }
}

interface Window {
  readonly add: (event: LoggedAuditEvent) => void
  readonly summary: () => AuditReport['unprotected']
  readonly findings: () => readonly WindowFinding[]
}

function makeWindow(last: Checkpoint | undefined): Window {
  const size = last?.size ?? 0
  let events = 0
  let from: Date | undefined
  let until: Date | undefined
  return {
    add(event) {
      if (event.seq < size) return
      events += 1
      if (from === undefined || event.recorded < from) from = event.recorded
      if (until === undefined || event.recorded > until) until = event.recorded
    },
    summary: () => ({ events, from: from?.toISOString(), until: until?.toISOString() }),
    findings() {
      if (from === undefined || until === undefined) return []
      if (until.getTime() - from.getTime() < OVERDUE_MS) return []
      const text = `No checkpoint was written from event ${size} on, or it was taken away`
      return [{ kind: 'anchor-overdue', size, text }]
    },
  }
}
