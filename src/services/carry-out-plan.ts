/** Doing what a transaction asks for, in R4's order whatever the order of its entries (http, section 3.1.0.11.2). */
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import { HubError } from '../kernel/errors.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { createStep } from './create-resource.ts'
import { deleteStep } from './delete-resource.ts'
import { collecting, refuseProblems, type EntryProblem } from './entry-problems.ts'
import type { EntryResult } from './entry-result.ts'
import { matchCondition } from './match-condition.ts'
import { patchStep } from './patch-resource.ts'
import { answerRead } from './plan-read.ts'
import type { Plan, PlannedEntry, PlannedWrite } from './plan-transaction.ts'
import { resolveLinks, type Resolving } from './resolve-links.ts'
import { createInstead, updateStep, withoutSendersId } from './update-resource.ts'
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
  const matches = await matchAll(db, plan, found)
  found.push(...repeatedTargets(plan, matches))
  refuseProblems(found)
  const resolving = { principal, links: plan.links, names: namesOf(plan, matches) }
  const results = new Map<PlannedEntry, EntryResult>()
  for (const one of plan.entries.toSorted(byOrder)) {
    const result = await collecting(found, one.entry, () =>
      one.kind === 'read'
        ? answerRead(db, one)
        : write(db, deps, one, { resolving, match: matches.get(one) }),
    )
    if (result !== undefined) results.set(one, result)
  }
  refuseProblems(found)
  return plan.entries.flatMap((one) => results.get(one) ?? [])
}

/** Ids of what conditions match: all of them are looked up before anything is written. */
type Matches = ReadonlyMap<PlannedEntry, string>

async function matchAll(
  db: PoolClient,
  { entries }: Plan,
  found: EntryProblem[],
): Promise<Matches> {
  const matches = new Map<PlannedEntry, string>()
  for (const one of entries) {
    if (one.kind === 'read' || one.target === undefined) continue
    const { writer, access, target, entry } = one
    const resource = entry.method === 'DELETE' ? undefined : entry.resource
    const id =
      'id' in target
        ? target.id
        : await collecting(found, one.entry, () =>
            matchCondition(db, writer, { access, search: target.search, resource }),
          )
    if (id !== undefined) matches.set(one, id)
  }
  return matches
}

/** Each resource is written by one entry at most, however the entries name it. */
function repeatedTargets({ entries }: Plan, matches: Matches): readonly EntryProblem[] {
  const seen = new Set<string>()
  return entries.flatMap((one) => {
    if (one.kind === 'read') return []
    const { type, target } = one
    const id = matches.get(one)
    const condition = target !== undefined && 'search' in target ? target.search.understood : []
    const names = [
      ...(id === undefined ? [] : [`${type}/${id}`]),
      ...(condition.length === 0 ? [] : [`${type}?${JSON.stringify(condition)}`]),
    ]
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
  readonly match: string | undefined
}

async function write(
  db: PoolClient,
  deps: WriteDeps & InRequest,
  planned: PlannedWrite,
  { resolving, match }: Settled,
): Promise<EntryResult> {
  const { writer, access, type, entry, method, ifMatch, patch, id } = planned
  const search =
    planned.target !== undefined && 'search' in planned.target ? planned.target.search : undefined
  const step = { writer, access, type, ifMatch }
  const target = match === undefined ? undefined : { id: match }
  const resource = (): Promise<JsonObject> => resolveLinks(db, entry, resolving)
  switch (method) {
    case 'DELETE':
      return {
        kind: 'deleted',
        resource: target && (await deleteStep(db, deps, { ...step, target, search })),
      }
    case 'POST':
      return written(
        match === undefined
          ? await createStep(db, deps, { ...step, resource: await resource(), id })
          : { ...(await readBack(db, type, match)), created: false },
      )
    case 'PUT': {
      const sent = await resource()
      const own = search === undefined ? sent : withoutSendersId(writer, sent)
      const update = { ...step, resource: own, newId: id }
      return written(
        target === undefined
          ? await createInstead(db, deps, update)
          : await updateStep(db, deps, { ...update, target }),
      )
    }
    case 'PATCH':
      return written(
        await patchStep(db, deps, { ...step, target: requireMatch(planned, match), patch }),
      )
  }
}

function requireMatch({ type }: PlannedWrite, id: string | undefined): { readonly id: string } {
  if (id === undefined) throw new HubError('not-found', `There is no such ${type} of yours`)
  return { id }
}

function written(resource: CreatedResource): EntryResult {
  return { kind: 'written', resource }
}
