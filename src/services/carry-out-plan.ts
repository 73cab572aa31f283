/** Doing what a transaction asks for, in R4's order whatever the order of its entries (http, section 3.1.0.11.2). */
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import { lockCurrentRows, type CurrentRow } from '../storage/current-row.ts'
import type { Search } from '../wire/fhir/search.ts'
import { makeBundleBudget, type BundleBudget } from './bundle-budget.ts'
import { createStep } from './create-resource.ts'
import { deleteStep } from './delete-resource.ts'
import { expectedReports, type ExpectedReports } from './expected-reports.ts'
import { collecting, refuseProblems, type EntryProblem } from './entry-problems.ts'
import type { EntryResult } from './entry-result.ts'
import { notYours } from './find-target.ts'
import { matchCondition } from './match-condition.ts'
import { patchStep } from './patch-resource.ts'
import { answerRead } from './plan-read.ts'
import type { Plan, PlannedEntry, PlannedWrite } from './plan-transaction.ts'
import { resolveLinks, type Resolving } from './resolve-links.ts'
import { updateStep, withoutSendersId } from './update-resource.ts'
import type { WriteDeps } from './write-deps.ts'
import { readBack, type CreatedResource } from './write-resource.ts'
import type { InRequest } from './write-request.ts'

export interface CarriedOut {
  readonly principal: Principal
  readonly plan: Plan
}

/** In the order of the entries; throws with every problem, and the caller's transaction is then rolled back. */
export async function carryOutPlan(
  db: PoolClient,
  deps: WriteDeps & InRequest,
  { principal, plan }: CarriedOut,
): Promise<readonly EntryResult[]> {
  const found: EntryProblem[] = []
  const budget = makeBundleBudget(deps.clock)
  const matches = await matchAll(db, plan, { found, budget })
  found.push(...repeatedTargets(plan, matches))
  refuseProblems(found)
  const rows = await lockAll(db, plan, matches)
  const resolving = { principal, links: plan.links, names: namesOf(plan, matches), budget }
  const expected = expectedReports(plan.entries)
  const results = new Map<PlannedEntry, EntryResult>()
  for (const one of plan.entries.toSorted(byOrder)) {
    const result = await collecting(found, one.entry, () => {
      budget.require()
      return one.kind === 'read'
        ? answerRead(db, one)
        : write(db, deps, one, { resolving, expected, match: matches.get(one), rows })
    })
    if (result === undefined) continue
    budget.spend(result)
    results.set(one, result)
  }
  refuseProblems(found)
  return plan.entries.flatMap((one) => results.get(one) ?? [])
}

/** Ids of what conditions match: all of them are looked up before anything is written. */
type Matches = ReadonlyMap<PlannedEntry, string>

interface Matching {
  /** Grows by the faults of conditions. */
  readonly found: EntryProblem[]
  readonly budget: BundleBudget
}

async function matchAll(
  db: PoolClient,
  { entries }: Plan,
  { found, budget }: Matching,
): Promise<Matches> {
  const matches = new Map<PlannedEntry, string>()
  for (const one of entries.toSorted(byCondition)) {
    if (one.kind === 'read' || one.target === undefined) continue
    const { writer, access, target, entry } = one
    const resource = entry.method === 'DELETE' ? undefined : entry.resource
    const id =
      'id' in target
        ? target.id
        : await collecting(found, one.entry, () => {
            budget.require()
            return matchCondition(db, writer, { access, search: target.search, resource })
          })
    if (id !== undefined) matches.set(one, id)
  }
  return matches
}

/** Two transactions with the same conditions take their locks in one order. */
function byCondition(one: PlannedEntry, other: PlannedEntry): number {
  const [first, second] = [conditionText(one), conditionText(other)]
  return first === second ? 0 : first < second ? -1 : 1
}

/** Empty without a condition. */
function conditionText(one: PlannedEntry): string {
  const search = one.kind === 'read' ? undefined : conditionOf(one)
  return search === undefined ? '' : `${search.type}?${JSON.stringify(search.understood)}`
}

function conditionOf({ target }: PlannedWrite): Search | undefined {
  return target !== undefined && 'search' in target ? target.search : undefined
}

/** By `Type/id`; what is not the caller's is absent. */
type Rows = ReadonlyMap<string, CurrentRow>

async function lockAll(db: PoolClient, { entries }: Plan, matches: Matches): Promise<Rows> {
  const changed = entries.flatMap((one) => {
    const id = matches.get(one)
    if (one.kind === 'read' || one.method === 'POST' || id === undefined) return []
    return [{ type: one.type, id, access: one.access }]
  })
  const rows = new Map<string, CurrentRow>()
  for (const [{ filter }, names] of Map.groupBy(changed, ({ access }) => access)) {
    for (const row of await lockCurrentRows(db, names, filter))
      rows.set(`${row.type}/${row.id}`, row)
  }
  return rows
}

/** Each resource is written by one entry at most, however the entries name it. */
function repeatedTargets({ entries }: Plan, matches: Matches): readonly EntryProblem[] {
  const seen = new Set<string>()
  return entries.flatMap((one) => {
    if (one.kind === 'read') return []
    const id = matches.get(one)
    const names = [id === undefined ? '' : `${one.type}/${id}`, conditionText(one)].filter(
      (name) => name !== '',
    )
    const repeated = names.some((name) => seen.has(name))
    for (const name of names) seen.add(name)
    if (!repeated) return []
    const text = 'Another entry is about the same resource'
    return [{ location: `${one.entry.location}.request`, text, code: 'unprocessable' as const }]
  })
}

/** What references to an entry become: by its fullUrl, and by the condition that it is written under. */
function namesOf({ entries }: Plan, matches: Matches): ReadonlyMap<string, string> {
  return new Map(
    entries.flatMap((one) => {
      if (one.kind === 'read' || one.method === 'DELETE') return []
      const { entry, type } = one
      const name = `${type}/${matches.get(one) ?? one.id}`
      const query = one.method === 'POST' ? entry.ifNoneExist : entry.url.query
      const condition = query?.replace(/^[^?]*\?/, '')
      const names: [string, string][] = []
      if (entry.fullUrl !== undefined) names.push([entry.fullUrl, name])
      if (condition !== undefined) names.push([`${type}?${condition}`, name])
      return names
    }),
  )
}

const ORDER = { DELETE: 0, POST: 1, PUT: 3, PATCH: 3, GET: 4, HEAD: 4 } as const

/** A Binary comes after what it belongs to, whose access it takes on. */
function byOrder(one: PlannedEntry, other: PlannedEntry): number {
  return rankOf(one) - rankOf(other)
}

function rankOf({ entry: { method, url } }: PlannedEntry): number {
  return method === 'POST' && url.type === 'Binary' ? 2 : ORDER[method]
}

interface Settled {
  readonly resolving: Resolving
  readonly expected: ExpectedReports
  readonly match: string | undefined
  readonly rows: Rows
}

async function write(
  db: PoolClient,
  deps: WriteDeps & InRequest,
  planned: PlannedWrite,
  settled: Settled,
): Promise<EntryResult> {
  const { writer, access, entry, method, ifMatch, patch, id } = planned
  if (method === 'POST') return create(db, deps, planned, settled)
  const previous = rowOf(planned, settled)
  const search = conditionOf(planned)
  const step = { writer, access, ifMatch }
  switch (method) {
    case 'DELETE':
      return {
        kind: 'deleted',
        resource: await deleteStep(db, deps, { ...step, previous, search }),
      }
    case 'PUT': {
      const sent = await resolveLinks(db, entry, settled.resolving)
      const resource = search === undefined ? sent : withoutSendersId(writer, sent)
      return written(await updateStep(db, deps, { ...step, resource, previous, newId: id }))
    }
    case 'PATCH':
      if (previous === undefined) throw notYours(planned.type)
      return written(await patchStep(db, deps, { ...step, patch, previous }))
  }
}

/** Undefined where a condition matches none. */
function rowOf({ type }: PlannedWrite, { match, rows }: Settled): CurrentRow | undefined {
  if (match === undefined) return undefined
  const row = rows.get(`${type}/${match}`)
  if (row === undefined) throw notYours(type)
  return row
}

async function create(
  db: PoolClient,
  deps: WriteDeps & InRequest,
  { writer, access, type, entry, id }: PlannedWrite,
  { resolving, expected, match }: Settled,
): Promise<EntryResult> {
  if (match !== undefined) return written({ ...(await readBack(db, type, match)), created: false })
  const resource = await resolveLinks(db, entry, resolving)
  const reports = expected.get(entry.fullUrl ?? '')
  return written(await createStep(db, deps, { writer, access, resource, id, reports }))
}

function written(resource: CreatedResource): EntryResult {
  return { kind: 'written', resource }
}
