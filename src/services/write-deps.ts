/** What every write over FHIR is made of: the permit, the judgement of the resource, the event that tells of it. */
import type { Pool, PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import type { AuditEntity, AuditRecord } from '../domain/audit/event.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError, isHubError, type Problem } from '../kernel/errors.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { isRace } from '../storage/transaction-errors.ts'
import { accessRecord } from './access-record.ts'
import type { Access, Authorize } from './authorize.ts'
import { loggedTransaction } from './logged-transaction.ts'
import { permit } from './permit.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'
import { writerOf, type ResourceWriter, type ResourceWriters } from './resource-writers.ts'

/** Every problem of a resource; large ones are judged in a worker. */
export type JudgeResource = (
  resource: JsonObject,
) => readonly Problem[] | Promise<readonly Problem[]>

export interface WriteDeps {
  readonly pool: Pool
  readonly authorize: Authorize
  readonly recordAudit: RecordAudit
  readonly validate: JudgeResource
  readonly writers: ResourceWriters
  readonly clock: Clock
  readonly newId: () => string
  /** The FHIR base address. */
  readonly base: string
}

export interface Asked {
  readonly principal: Principal
  readonly type: string
  /** The request as the log shows it, should it be refused. */
  readonly query: string
}

export interface Permitted {
  readonly writer: ResourceWriter
  readonly access: Access
}

/** The decision for a write; a refusal is audited. Throws `method-not-allowed` for a type that is not written so. */
export async function permitWrite(
  deps: WriteDeps,
  { principal, type, query }: Asked,
  context: RequestContext,
): Promise<Permitted> {
  const writer = writerOf(deps.writers, type)
  const access = await permit(deps, { principal, action: writer.action, query }, context)
  return { writer, access }
}

/** Throws `unprocessable` with every problem. */
export async function requireValid(
  { validate }: Pick<WriteDeps, 'validate'>,
  resource: JsonObject,
): Promise<void> {
  const problems = await validate(resource)
  if (problems.length > 0)
    throw new HubError('unprocessable', `The ${String(resource.resourceType)} is not valid`, {
      problems,
    })
}

export interface Done {
  readonly access: Pick<Access, 'principal' | 'grant'>
  readonly act: AuditRecord['act']
  /** What it touched. */
  readonly entities: readonly AuditEntity[]
  readonly at: Date
}

/** One event for one request, however many resources it wrote. */
export function doneRecord(
  { access, act, entities, at }: Done,
  context: RequestContext,
): AuditRecord {
  return accessRecord(access, { act, at, outcome: '0', entities }, context)
}

export function entityOf(access: Access, type: string, id: string): AuditEntity {
  return { kind: 'resource', reference: `${type}/${id}`, custodian: access.principal.member }
}

/** A write of one resource for a caller that may. */
export interface Carrying<Result> {
  readonly access: Access
  /** The request as the log shows it where there is nothing to be written. */
  readonly query: string
  readonly work: (db: PoolClient) => Promise<Result>
  /** What was done, for the log. */
  readonly tell: (result: Result) => Pick<Done, 'act' | 'entities'>
}

/** Does the work with its event, again where a race was lost. What does not come about is seen too. */
export async function carryOut<Result>(
  deps: WriteDeps,
  { access, query, work, tell }: Carrying<Result>,
  context: RequestContext,
): Promise<Result> {
  try {
    return await despiteRaces(() =>
      loggedTransaction(deps, async (db) => {
        const result = await work(db)
        const done = { access, ...tell(result), at: deps.clock() }
        return { result, record: doneRecord(done, context) }
      }),
    )
  } catch (error) {
    if (isHubError(error)) {
      const missed = {
        outcome: '4',
        reason: error.code,
        entities: [{ kind: 'query', query }],
      } as const
      const act = { act: 'read', at: deps.clock(), ...missed } as const
      await deps.recordAudit(accessRecord(access, act, context))
    }
    throw error
  }
}

const MOST_TRIES = 3

/** Again where another transaction was at the same rows, and won. */
export async function despiteRaces<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isRace(error)) throw error
      if (tries === MOST_TRIES)
        throw new HubError('conflict', 'Others write the same resources; send it again', {
          cause: error,
        })
    }
  }
}
