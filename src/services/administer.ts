/** What an operator does and looks at: logged before it commits or is told, or it does not happen. */
import type { Pool, PoolClient } from 'pg'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId } from '../kernel/ids.ts'
import { lockAdministration } from '../storage/administration-lock.ts'
import { transaction } from '../storage/db.ts'
import { isUniqueViolation } from '../storage/transaction-errors.ts'
import type { Operator } from './administration.ts'
import type { RecordAudit } from './record-audit.ts'

export interface AdministerDeps {
  readonly pool: Pool
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

/** What was done, for the log. */
export interface Act {
  /** Machine code, as `client-added`. */
  readonly verb: string
  readonly member: OrganizationId
  /** The client or source, where it was not the member itself. */
  readonly subject?: string | undefined
}

export interface Done<Result> {
  readonly act: Act
  readonly result: Result
}

/** Runs `work` in a transaction, logs its act, commits. Throws `conflict` where an id or number is taken. */
export async function administer<Result>(
  deps: AdministerDeps,
  by: Operator,
  work: (db: PoolClient, at: Date) => Promise<Done<Result>>,
): Promise<Result> {
  const at = deps.clock()
  try {
    return await transaction(deps.pool, async (db) => {
      await lockAdministration(db)
      const { act, result } = await work(db, at)
      await log(deps.recordAudit, act, { by, at })
      return result
    })
  } catch (error) {
    throw isUniqueViolation(error)
      ? new HubError('conflict', 'The id or number is already in use', { cause: error })
      : error
  }
}

/** What an operator looks at; `subject` names the one thing, where it was not a list. */
export interface Look {
  /** Machine code, as `clients-listed`. */
  readonly verb: string
  readonly subject?: string | undefined
}

/** Logs the look, then looks: lists hold keys' owners and the addresses of sources. */
export async function lookAt<Result>(
  { recordAudit, clock }: Pick<AdministerDeps, 'recordAudit' | 'clock'>,
  by: Operator,
  { verb, subject = '' }: Look,
  look: () => Promise<Result>,
): Promise<Result> {
  await recordAudit({
    act: 'read',
    at: clock(),
    outcome: '0',
    reason: verb,
    ...by.context,
    principal: by.principal,
    entities: subject === '' ? [] : [{ kind: 'query', query: subject }],
  })
  return look()
}

async function log(
  recordAudit: RecordAudit,
  { verb, member, subject }: Act,
  { by, at }: { readonly by: Operator; readonly at: Date },
): Promise<void> {
  await recordAudit({
    act: 'administration',
    at,
    outcome: '0',
    reason: verb,
    ...by.context,
    principal: by.principal,
    entities: [
      { kind: 'resource', reference: `Organization/${member}` },
      ...(subject === undefined ? [] : [{ kind: 'query', query: subject } as const]),
    ],
  })
}
