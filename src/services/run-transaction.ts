/** A transaction Bundle: all of it is done or nothing, and problems are reported with their entries. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Principal } from '../domain/access/principal.ts'
import type { AuditRecord } from '../domain/audit/event.ts'
import { isHubError } from '../kernel/errors.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { maskQuery } from '../wire/fhir/national-id-in-query.ts'
import { readTransaction } from '../wire/fhir/read-transaction.ts'
import type { TransactionEntry } from '../wire/fhir/read-transaction.ts'
import type { Search } from '../wire/fhir/search.ts'
import { accessRecord } from './access-record.ts'
import { carryOutPlan } from './carry-out-plan.ts'
import type { Sight } from './decide-sight.ts'
import { MOST_PROBLEMS, refuseProblems, within, type EntryProblem } from './entry-problems.ts'
import type { EntryResult } from './entry-result.ts'
import { loggedTransaction } from './logged-transaction.ts'
import { entityOfRead } from './plan-read.ts'
import { planTransaction, type Plan, type PlanDeps, type PlannedEntry } from './plan-transaction.ts'
import type { RequestContext } from './record-audit.ts'
import { despiteRaces, doneRecord, entityOf, type WriteDeps } from './write-deps.ts'

/**
 * In the order of the entries. Throws `forbidden` and its kin before anything is validated, and with every
 * problem `unprocessable`, or `precondition-failed`, `not-found`, `gone`, `conflict` where it is nothing else.
 */
export type RunTransaction = (
  principal: Principal,
  bundle: JsonObject,
  context: RequestContext,
) => Promise<readonly EntryResult[]>

export function makeRunTransaction(deps: PlanDeps): RunTransaction {
  return async (principal, bundle, context) => {
    const { entries, problems } = readTransaction(bundle, deps.base)
    const found: EntryProblem[] = problems.map(({ location, text }) => ({
      ...{ location, text },
      code: 'unprocessable',
    }))
    const plan = await planTransaction(deps, { principal, entries, found }, context)
    if (plan.entries.length > 0) await judgeAll(deps, { bundle, plan, found })
    refuseProblems(found)
    if (plan.entries.length === 0) return []
    return loggingFailure(deps, plan, context, () =>
      despiteRaces(() =>
        loggedTransaction(deps, async (db) => {
          const result = await carryOutPlan(db, { ...deps, context }, { principal, plan })
          return { result, record: recordOf(plan.entries, { result, at: deps.clock() }, context) }
        }),
      ),
    )
  }
}

/** Why nothing was stored tells what was found: whoever asks so is seen, and whom the references ask for. */
async function loggingFailure<Result>(
  deps: PlanDeps,
  plan: Plan,
  context: RequestContext,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const access = accessOf(plan.entries)
    if (isHubError(error) && access !== undefined) {
      const queries = [...plan.links.values()].map(({ search }) => textOfSearch(search))
      const entities = ['POST Bundle', ...queries].map(
        (query) => ({ kind: 'query', query }) as const,
      )
      const missed = { outcome: '4', reason: error.code, entities } as const
      const act = { act: 'read', at: deps.clock(), ...missed } as const
      await deps.recordAudit(accessRecord(access, act, context))
    }
    throw error
  }
}

function textOfSearch({ type, understood }: Search): string {
  return `${type}?${maskQuery(understood)}`
}

interface Judging {
  readonly bundle: JsonObject
  readonly plan: Plan
  readonly found: EntryProblem[]
}

/** Entry by entry, so that other requests go on between two of them. */
async function judgeAll(deps: WriteDeps, { bundle, plan, found }: Judging): Promise<void> {
  const code = 'unprocessable' as const
  const envelope = await deps.validate(envelopeOf(bundle))
  found.push(...envelope.map((problem) => ({ ...problem, code })))
  for (const { entry } of plan.entries) {
    if (found.length >= MOST_PROBLEMS) return
    if (!isJudged(entry)) continue
    await nextTurn()
    const problems = await deps.validate(entry.resource)
    found.push(...within(entry, problems).map((problem) => ({ ...problem, code })))
  }
}

function isJudged(
  entry: TransactionEntry,
): entry is TransactionEntry & { readonly resource: JsonObject } {
  return (entry.method === 'POST' || entry.method === 'PUT') && entry.resource !== undefined
}

/** The Bundle and its entries without the resources, which answer for themselves. */
function envelopeOf(bundle: JsonObject): JsonObject {
  if (!Array.isArray(bundle.entry)) return bundle
  const entry = bundle.entry.map((one: unknown) => (isJsonObject(one) ? withoutResource(one) : one))
  return { ...bundle, entry }
}

function withoutResource({ resource: _resource, ...rest }: JsonObject): JsonObject {
  return rest
}

interface DonePlan {
  readonly result: readonly EntryResult[]
  readonly at: Date
}

/** One event for all of it: what was written, and what was asked. */
function recordOf(
  planned: readonly PlannedEntry[],
  { result, at }: DonePlan,
  context: RequestContext,
): AuditRecord {
  const entities = planned.flatMap((one, index) => {
    if (one.kind === 'read') return [entityOfRead(one.read)]
    const done = result[index]
    const written = done?.kind === 'written' || done?.kind === 'deleted' ? done.resource : undefined
    return written === undefined ? [] : [entityOf(one.access, one.type, written.id)]
  })
  const access = accessOf(planned)
  if (access === undefined) throw new TypeError('A plan has an entry')
  return doneRecord({ access, act: actOf(planned, result), entities, at }, context)
}

function accessOf([first]: readonly PlannedEntry[]): Sight['access'] | undefined {
  return first?.kind === 'read' ? first.sight.access : first?.access
}

function actOf(
  planned: readonly PlannedEntry[],
  results: readonly EntryResult[],
): AuditRecord['act'] {
  if (results.some((one) => one.kind === 'written' && one.resource.created)) return 'create'
  const methods = new Set(planned.map(({ entry }) => entry.method))
  if (methods.has('PUT') || methods.has('PATCH')) return 'update'
  return methods.has('DELETE') ? 'delete' : 'read'
}
