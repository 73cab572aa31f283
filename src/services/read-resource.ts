/** Reading one resource, current or as it was: decide, read among what may be seen, audit. */
import type { Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { Db } from '../storage/db.ts'
import { readAuditEvent } from '../storage/search-audit-events.ts'
import { readVisibleResource } from '../storage/visible-resources.ts'
import type { ResourceName, VisibleResource } from '../storage/visible-resources.ts'
import { accessRecord } from './access-record.ts'
import { auditVisibility } from './audit-visibility.ts'
import type { DecideSight, Sight } from './decide-sight.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'
import type { AuditEntity } from '../domain/audit/event.ts'

export type { ResourceName }

export interface ReadResult {
  readonly version: number
  readonly lastUpdated: Date
  /** JSON text as served. */
  readonly content: string
}

/** Throws `not-found` where there is none or none to see, `gone` for a deleted one that might have been seen. */
export type ReadResource = (
  principal: Principal,
  name: ResourceName,
  context: RequestContext,
) => Promise<ReadResult>

export interface ReadResourceDeps {
  readonly db: Db
  readonly decideSight: DecideSight
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

export function makeReadResource(deps: ReadResourceDeps): ReadResource {
  return async (principal, name, context) => {
    const reference = `${name.type}/${name.id}`
    const sight = await deps.decideSight(principal, { type: name.type, query: reference }, context)
    const found = await findResource(deps.db, { principal, name, sight })
    const entity = entityOf(reference, found)
    const act = { act: 'read', at: deps.clock(), entities: [entity] } as const
    const outcome = typeof found?.content === 'string' ? READ : NOTHING_READ
    await deps.recordAudit(accessRecord(sight.access, { ...act, ...outcome }, context))
    return requireThere(name.type, found)
  }
}

/** Throws `not-found` or `gone` for what is not there, or not to see. */
export function requireThere(type: string, found: FoundResource | undefined): ReadResult {
  if (found === undefined) throw new HubError('not-found', `No such ${type}`)
  const { version, lastUpdated, content } = found
  if (content === null) throw new HubError('gone', `This ${type} was deleted`)
  return { version, lastUpdated, content }
}

const READ = { outcome: '0' } as const
const NOTHING_READ = { outcome: '4', reason: 'not-found' } as const

export type FoundResource = Pick<VisibleResource, 'version' | 'lastUpdated' | 'content'>

export interface Question {
  readonly principal: Principal
  readonly name: ResourceName
  readonly sight: Sight
}

/** For a caller whose sight has been decided on; nobody is told yet, and the log neither. */
export async function findResource(
  db: Db,
  { principal, name, sight }: Question,
): Promise<FoundResource | undefined> {
  if (name.type !== 'AuditEvent') return readVisibleResource(db, name, sight.visibility)
  const event = await readAuditEvent(db, name.id, auditVisibility(sight, principal))
  // The log is never rewritten: each event has one version.
  if (event === undefined || (name.version ?? 1) !== 1) return undefined
  return { version: 1, lastUpdated: event.recorded, content: event.content }
}

function entityOf(reference: string, found: FoundResource | undefined): AuditEntity {
  if (found === undefined) return { kind: 'query', query: reference }
  return { kind: 'resource', reference }
}
