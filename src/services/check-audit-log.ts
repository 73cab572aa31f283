/**
 * Replays the audit log against its checkpoints: event by event what was changed, removed, inserted or
 * moved, and where the log as a whole is another one than was signed for.
 */
import { objectsDigest } from '../domain/audit/disclosure.ts'
import { EMPTY_TREE, appendLeaves, leafHash, rootOf, type Tree } from '../domain/audit/merkle.ts'
import type { QueuedGlass } from '../storage/break-glass-reviews.ts'
import type { LoggedAuditEvent } from '../storage/search-audit-events.ts'
import type { Checkpoint } from '../wire/audit/checkpoint.ts'
import {
  auditColumns,
  auditSearchEntries,
  brokenGlass,
  closedDisclosure,
} from '../wire/fhir/audit-columns.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'

export interface LogFinding {
  readonly kind:
    | 'event-changed'
    | 'event-missing'
    | 'event-out-of-place'
    | 'columns-changed'
    | 'objects-changed'
    | 'review-changed'
    | 'root-mismatch'
    | 'log-truncated'
    | 'head-changed'
  /** Sequence number of the first event concerned. */
  readonly seq: number
  readonly text: string
}

export interface LogCheck {
  /** Takes the next page, with the rows that its events speak of. */
  page(events: readonly LoggedAuditEvent[], rows: BoundRows): void
  /** After the last page. */
  end(head: Tree): void
  readonly findings: readonly LogFinding[]
  readonly count: number
}

/** Rows outside the log that its events prove. */
export interface BoundRows {
  /** Of each closed disclosure, the objects it has rows for. */
  readonly objects: ReadonlyMap<string, readonly string[]>
  /** Of each broken glass, its row in the queue of reviews, by grant. */
  readonly reviews: ReadonlyMap<string, QueuedGlass>
  /** Events that are found by other values than their texts say, by sequence number. */
  readonly altered: ReadonlySet<number>
}

/** `checkpoints` are rightly signed ones. */
export function makeLogCheck(checkpoints: readonly Checkpoint[]): LogCheck {
  const due = checkpoints.toSorted((a, b) => a.size - b.size)
  const findings: LogFinding[] = []
  let tree = EMPTY_TREE
  let expected = 0
  let count = 0
  let lastGood = 0
  let rootsHold = true

  function placed({ seq }: LoggedAuditEvent): boolean {
    if (seq < 0) {
      findings.push({ kind: 'event-out-of-place', seq, text: `Event ${seq} lies before the log` })
      return false
    }
    if (seq > expected) {
      const text = `Events ${expected} to ${seq - 1} are not in the log`
      findings.push({ kind: 'event-missing', seq: expected, text })
    }
    expected = seq + 1
    return true
  }

  function compareRoots(): void {
    while (due[0] !== undefined && due[0].size <= tree.size) {
      const { size, root, at } = due[0]
      due.shift()
      if (size < tree.size || !rootsHold) continue
      if (rootOf(tree).toString('hex') === root) lastGood = size
      else {
        rootsHold = false
        const text = `Events ${lastGood} to ${size - 1} are not those signed for at ${at}`
        findings.push({ kind: 'root-mismatch', seq: lastGood, text })
      }
    }
  }

  return {
    findings,
    get count() {
      return count
    },
    page(events, rows) {
      for (const event of events) {
        count += 1
        if (!placed(event)) continue
        findings.push(...checkEvent(event, rows))
        // The stored leaf: a changed text is found by itself, and the roots after it still speak.
        tree = appendLeaves(tree, [event.leaf])
        compareRoots()
      }
    },
    end(head) {
      const last = due.at(-1)
      if (last !== undefined && last.size > tree.size) {
        const text = `The log ends after ${tree.size} events; ${last.size} were signed for at ${last.at}`
        findings.push({ kind: 'log-truncated', seq: tree.size, text })
      }
      if (head.size !== tree.size || !rootOf(head).equals(rootOf(tree))) {
        const text = `The head of the log is not that of its ${tree.size} events`
        findings.push({ kind: 'head-changed', seq: Math.min(head.size, tree.size), text })
      }
    },
  }
}

function checkEvent(event: LoggedAuditEvent, rows: BoundRows): readonly LogFinding[] {
  const { seq } = event
  if (!leafHash(event.content).equals(event.leaf)) {
    return [{ kind: 'event-changed', seq, text: `The text of event ${seq} was changed` }]
  }
  const resource = parseEvent(event.content)
  const findings: LogFinding[] = []
  if (rows.altered.has(seq) || !hasOwnColumns(event, resource)) {
    const text = `The columns of event ${seq} do not say what its text says`
    findings.push({ kind: 'columns-changed', seq, text })
  }
  const closed = closedDisclosure(resource)
  if (closed !== undefined && objectsDigest(rows.objects.get(closed.id) ?? []) !== closed.digest) {
    const text = `The objects of the disclosure that event ${seq} closes were changed`
    findings.push({ kind: 'objects-changed', seq, text })
  }
  if (!isQueued(event, resource, rows)) {
    const text = `The review of the emergency access of event ${seq} was changed or removed`
    findings.push({ kind: 'review-changed', seq, text })
  }
  return findings
}

/** The row was there before its events, one for each custodian; where none was overridden there is none. */
function isQueued(
  { recorded }: LoggedAuditEvent,
  resource: JsonObject,
  { reviews }: BoundRows,
): boolean {
  const broken = brokenGlass(resource)
  if (broken === undefined || broken.custodians.length === 0) return true
  const row = reviews.get(broken.grant)
  return (
    row?.raisedAt.getTime() === recorded.getTime() &&
    broken.custodians.every((custodian) => row.custodians.includes(custodian))
  )
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted())
}

export function parseEvent(content: string): JsonObject {
  try {
    const resource: unknown = JSON.parse(content)
    return isJsonObject(resource) ? resource : {}
  } catch {
    return {}
  }
}

function hasOwnColumns(event: LoggedAuditEvent, resource: JsonObject): boolean {
  const columns = auditColumns(resource)
  const { refs } = auditSearchEntries(resource)
  return (
    columns.id === event.id &&
    columns.recorded.getTime() === event.recorded.getTime() &&
    columns.patient === event.patient &&
    columns.member === event.member &&
    isSame(columns.custodians, event.custodians) &&
    isSame(refs, event.refs)
  )
}
