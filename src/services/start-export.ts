/** Beginning a bulk export: decided on, bounded, audited, and left to the queue (Bulk Data Access 2.0, "Kick-off"). */
import type { Pool, PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import { HubError } from '../kernel/errors.ts'
import type { ClientId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import { countExports, insertExport } from '../storage/exports.ts'
import { scheduleExport } from '../storage/jobs.ts'
import { lockKey } from '../storage/lock-key.ts'
import { readVisibleResource } from '../storage/visible-resources.ts'
import type { ExportQuestion } from '../wire/fhir/export-request.ts'
import { accessRecord } from './access-record.ts'
import type { Access } from './authorize.ts'
import type { DecideSight } from './decide-sight.ts'
import { visibilityOf } from './export-access.ts'
import { exportedTypes } from './export-types.ts'
import { loggedTransaction } from './logged-transaction.ts'
import { loggingRefusal, permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'
import { sealExport, type ExportScope } from './sealed-export.ts'

export interface ExportRequest extends ExportScope {
  readonly question: ExportQuestion
  /** The address that asked, for the manifest. */
  readonly url: string
  /** The same as the log shows it: identifiers masked. */
  readonly query: string
}

/**
 * Resolves to the export's id. Throws what the decision throws for `export` and for each type that is named,
 * `not-found` for a Group that is not the caller's to see, and `too-many-requests` where it has enough exports.
 */
export type StartExport = (
  principal: Principal,
  request: ExportRequest,
  context: RequestContext,
) => Promise<string>

export interface StartExportDeps extends PermitDeps {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly decideSight: DecideSight
  readonly newId: () => string
}

/** How long files are kept. */
const LIFE_MS = 24 * 60 * 60 * 1000
/** Of one client: under way, and in all. */
const MOST_RUNNING = 3
const MOST_KEPT = 30
const RETRY_AFTER = 60

export function makeStartExport(deps: StartExportDeps): StartExport {
  return async (principal, request, context) => {
    const { query } = request
    const access = await permit(deps, { principal, action: 'export', query }, context)
    const types = await decideTypes(deps, { principal, request, context })
    await loggingRefusal(deps, { principal, query }, context, () =>
      requireGroup(deps, access, request),
    )
    return begin(deps, { access, request, types, context })
  }
}

interface Deciding {
  readonly principal: Principal
  readonly request: ExportRequest
  readonly context: RequestContext
}

/** What is named has to be permitted; where nothing is named, it is whatever is permitted. */
async function decideTypes(
  { decideSight, authorize }: StartExportDeps,
  { principal, request, context }: Deciding,
): Promise<readonly string[]> {
  const { question, query, level } = request
  for (const type of question.types) await decideSight(principal, { type, query }, context)
  const visibility = await visibilityOf(authorize, principal)
  const wanted = new Set(question.types)
  return exportedTypes(level).filter(
    (type) => (wanted.size === 0 || wanted.has(type)) && visibility.has(type),
  )
}

/** A Group is its own member's: whoever may export reads it for that. */
async function requireGroup(
  { pool }: StartExportDeps,
  { filter }: Access,
  { level, group }: ExportRequest,
): Promise<void> {
  if (level !== 'group') return
  const name = { type: 'Group', id: group ?? '' }
  const found = await readVisibleResource(pool, name, new Map([['Group', filter]]))
  if (typeof found?.content !== 'string') throw new HubError('not-found', 'No such Group')
}

interface Beginning {
  readonly access: Access
  readonly request: ExportRequest
  readonly types: readonly string[]
  readonly context: RequestContext
}

function begin(
  deps: StartExportDeps,
  { access, request, types, context }: Beginning,
): Promise<string> {
  const { principal } = access
  const { level, group, url, query } = request
  const { types: _types, ignored: _ignored, ...question } = request.question
  return loggedTransaction(deps, async (db) => {
    const at = deps.clock()
    await requireShare(db, principal.client, at)
    const id = deps.newId()
    await insertExport(db, {
      ...{ id, types, requestedAt: at, expiresAt: new Date(at.getTime() + LIFE_MS) },
      ...{ client: principal.client, member: principal.member, grant: principal.grant },
      actions: [...principal.actions],
      asked: sealExport(deps.sealer, id, { ...question, level, group, url }),
    })
    await scheduleExport(db, id, at)
    const entities = [{ kind: 'query', query }] as const
    const act = { act: 'export', at, outcome: '0', entities } as const
    return { result: id, record: accessRecord(access, act, context) }
  })
}

/** Counted one at a time, so that requests at once are not all the last. */
async function requireShare(db: PoolClient, client: ClientId, at: Date): Promise<void> {
  await lockKey(db, `exports/${client}`)
  const { kept, running } = await countExports(db, client, at)
  if (running >= MOST_RUNNING || kept >= MOST_KEPT)
    throw new HubError(
      'too-many-requests',
      `A client has at most ${MOST_RUNNING} exports under way, and ${MOST_KEPT} in all: delete those that are done with`,
      { retryAfter: RETRY_AFTER },
    )
}
