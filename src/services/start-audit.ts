/** The audit log of one process: group commit, checkpoints and disclosures put together. */
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'
import type { AuditRecord } from '../domain/audit/event.ts'
import type { Tree } from '../domain/audit/merkle.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import { openAuditAnchor } from '../storage/audit-anchor.ts'
import {
  addDisclosedObjects,
  makeAuditAppender,
  withAnchorLock,
  type NewAuditEvent,
} from '../storage/audit-events.ts'
import type { CheckpointKey } from '../wire/audit/checkpoint.ts'
import {
  auditColumns,
  auditSearchEntries,
  entriesOfPart,
  type PartEntries,
} from '../wire/fhir/audit-columns.ts'
import { auditEvent, type HubName } from '../wire/fhir/audit-event.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { startAnchorAudit, type AnchorAudit } from './anchor-audit.ts'
import { makeObjectRows } from './disclosed-objects.ts'
import { makeGroupCommits, type GroupCommits } from './group-commits.ts'
import { makeDisclosures, type WatchAccess } from './open-disclosure.ts'
import type { OpenDisclosure, RecordAudit } from './record-audit.ts'

export interface AuditDeps {
  readonly pool: Pool
  /** SAMSYN_AUDIT_ANCHOR; made where it is not there. */
  readonly anchorFile: string
  readonly key: CheckpointKey
  readonly hub: HubName
  /** `LiveDisclosures.open`: the signal that access has ended. */
  readonly watch: WatchAccess
  readonly clock: Clock
  readonly log: Log
  /** Seconds after its last stream before a disclosure is closed; 5 where absent. */
  readonly lingerSeconds?: number | undefined
}

export interface Audit {
  readonly record: RecordAudit
  readonly openDisclosure: OpenDisclosure
  /** Ends disclosures, commits what waits, anchors the log. Close listeners and jobs first. */
  close(): Promise<void>
}

const LIMITS = { batch: 500, queue: 20_000, bytes: 64 * 1024 * 1024 }

/** Throws `conflict` where the log is not the one its anchor speaks of (tampered with, or another database). */
export async function startAudit(deps: AuditDeps): Promise<Audit> {
  const { pool, clock, log } = deps
  const anchor = await openAuditAnchor(deps.anchorFile)
  const withLock = (work: (head: Tree) => Promise<void>): Promise<void> =>
    withAnchorLock(pool, work)
  const anchoring = await startAnchorAudit({ ...deps, anchor, withLock }).catch(
    async (error: unknown) => {
      await anchor.close()
      throw error
    },
  )
  const append = makeAuditAppender(pool)
  const commits = makeGroupCommits<NewAuditEvent>({
    limits: LIMITS,
    sizeOf: ({ content }) => content.length,
    commit: async (events) => {
      await append(events)
      anchoring.grown()
    },
  })
  const record = makeRecord(deps.hub, anchoring, commits)
  const rows = makeObjectRows({
    clock,
    log,
    write: (objects) => addDisclosedObjects(pool, objects),
  })
  const lingerMs = (deps.lingerSeconds ?? 5) * 1000
  const disclosures = makeDisclosures({ record, rows, watch: deps.watch, clock, log, lingerMs })
  return {
    record,
    openDisclosure: disclosures.open,
    async close() {
      await disclosures.close()
      await commits.close()
      await anchoring.close()
      await anchor.close()
    },
  }
}

function makeRecord(
  hub: HubName,
  anchoring: AnchorAudit,
  commits: GroupCommits<NewAuditEvent>,
): RecordAudit {
  const toEvent = makeToEvent(hub)
  return async (record) => {
    anchoring.requireProtection()
    await commits.add(toEvent(record))
  }
}

function makeToEvent(hub: HubName): (record: AuditRecord) => NewAuditEvent {
  const entriesOfCall = rememberEntries()
  return (record) => {
    const event = auditEvent(record, randomUUID(), hub)
    const content = JSON.stringify(event)
    return { content, ...auditColumns(event), ...auditSearchEntries(event, entriesOfCall) }
  }
}

/** Callers that asked lately: who asks once asks again. */
const REMEMBERED = 2_000

function rememberEntries(): (call: JsonObject) => PartEntries {
  const known = new LRUCache<string, PartEntries>({ max: REMEMBERED })
  return (call) => {
    const key = JSON.stringify(call)
    const found = known.get(key) ?? entriesOfPart(call)
    known.set(key, found)
    return found
  }
}
