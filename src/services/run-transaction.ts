/** A transaction Bundle: all of it is stored or nothing, and problems are reported with their entries. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import { HubError, isHubError, type Problem } from '../kernel/errors.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { readTransaction, resolveReferences } from '../wire/fhir/read-transaction.ts'
import type { TransactionEntry } from '../wire/fhir/read-transaction.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { Access } from './authorize.ts'
import { authorizeWrite, createdRecord, type CreateResourceDeps } from './create-resource.ts'
import { loggedTransaction } from './logged-transaction.ts'
import type { RequestContext } from './record-audit.ts'
import { writerOf, type ResourceWriter } from './resource-writers.ts'
import { findExisting, withoutIdentity, writeResource } from './write-resource.ts'
import type { CreatedResource } from './write-resource.ts'

export interface TransactionRequest {
  readonly bundle: JsonObject
  /** Parses the query of an entry's `ifNoneExist`; throws `invalid`. */
  readonly parseCondition: (type: string, query: string) => Search
}

/** In the order of the entries. Throws `forbidden` and its kin before anything is validated, `unprocessable` with the problems. */
export type RunTransaction = (
  principal: Principal,
  request: TransactionRequest,
  context: RequestContext,
) => Promise<readonly CreatedResource[]>

interface Planned {
  readonly entry: TransactionEntry
  readonly writer: ResourceWriter
  readonly access: Access
  readonly condition: Search | undefined
  /** The id it gets if it is created. */
  readonly id: string
}

export function makeRunTransaction(deps: CreateResourceDeps): RunTransaction {
  return async (principal, request, context) => {
    const { entries, problems } = readTransaction(request.bundle)
    const found = [...problems]
    // Before the work of validating: only a caller that may write is worth it.
    const accesses = await authorizeAll(deps, { principal, entries, found }, context)
    const [access] = accesses.values()
    if (access === undefined) {
      refuse(found)
      return []
    }
    await validateAll(deps, { ...request, entries, accesses, found })
    const plan = planAll(deps, { request, entries, accesses, found })
    refuse(found)
    return loggedTransaction(deps, async (db) => {
      const created = await writeAll(deps, db, plan)
      return {
        result: created,
        record: createdRecord({ access, created, at: deps.clock() }, context),
      }
    })
  }
}

interface Collecting {
  readonly entries: readonly TransactionEntry[]
  /** Grows by the problems of entries that cannot be written. */
  readonly found: Problem[]
}

/** Of each type that is created here, one decision; the first refusal ends the request. */
type Accesses = ReadonlyMap<string, Access>

async function authorizeAll(
  deps: CreateResourceDeps,
  { principal, entries, found }: Collecting & { readonly principal: Principal },
  context: RequestContext,
): Promise<Accesses> {
  const accesses = new Map<string, Access>()
  for (const entry of entries) {
    await collecting(found, entry, async () => {
      const type = typeOf(entry)
      const { action } = writerOf(type)
      if (accesses.has(type)) return
      accesses.set(type, await authorizeWrite(deps, { principal, action, type }, context))
    })
  }
  return accesses
}

const typeOf = ({ resource }: TransactionEntry): string => String(resource.resourceType)

interface Judging extends Collecting {
  readonly bundle: JsonObject
  readonly accesses: Accesses
}

/** A sender mends a hundred faults at a time; a longer list would cost others more than it helps. */
const MAX_PROBLEMS = 100

/** Entry by entry, so that other requests go on between two of them. */
async function validateAll(
  { validate }: CreateResourceDeps,
  { bundle, entries, accesses, found }: Judging,
): Promise<void> {
  found.push(...validate(envelopeOf(bundle)))
  for (const entry of entries) {
    if (found.length >= MAX_PROBLEMS) return
    if (!accesses.has(typeOf(entry))) continue
    await nextTurn()
    found.push(...within(entry, validate(entry.resource)))
  }
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

function within({ location, resource }: TransactionEntry, problems: readonly Problem[]): Problem[] {
  const type = String(resource.resourceType)
  return problems.map((problem) => ({
    location: problem.location.startsWith(type)
      ? `${location}.resource${problem.location.slice(type.length)}`
      : location,
    text: problem.text,
  }))
}

interface Planning extends Collecting {
  readonly request: TransactionRequest
  readonly accesses: Accesses
}

function planAll(
  deps: CreateResourceDeps,
  { request, entries, accesses, found }: Planning,
): readonly Planned[] {
  const planned: Planned[] = []
  for (const entry of entries) {
    const type = typeOf(entry)
    const access = accesses.get(type)
    if (access === undefined) continue
    try {
      const { ifNoneExist } = entry
      const condition =
        ifNoneExist === undefined ? undefined : request.parseCondition(type, ifNoneExist)
      planned.push({ entry, writer: writerOf(type), access, condition, id: deps.newId() })
    } catch (error) {
      found.push(...faultsOf(entry, error))
    }
  }
  return planned
}

/** Faults of an entry are noted under it; what ends the request as a whole goes on up. */
async function collecting(
  found: Problem[],
  entry: TransactionEntry,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    found.push(...faultsOf(entry, error))
  }
}

function faultsOf(entry: TransactionEntry, error: unknown): readonly Problem[] {
  if (!isHubError(error) || !ENTRY_FAULTS.has(error.code)) throw error
  if (error.problems.length > 0) return within(entry, error.problems)
  return [{ location: entry.location, text: error.message }]
}

const ENTRY_FAULTS: ReadonlySet<string> = new Set([
  'invalid',
  'unprocessable',
  'method-not-allowed',
  'precondition-failed',
])

function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return
  throw new HubError('unprocessable', 'Nothing of this Bundle was stored', {
    problems: problems.slice(0, MAX_PROBLEMS),
  })
}

async function writeAll(
  deps: CreateResourceDeps,
  db: PoolClient,
  plan: readonly Planned[],
): Promise<readonly CreatedResource[]> {
  const found: Problem[] = []
  const existing = new Map<Planned, CreatedResource>()
  for (const planned of plan) {
    await collecting(found, planned.entry, async () => {
      const one = await findExisting(db, planned.access, planned.condition)
      if (one !== undefined) existing.set(planned, one)
    })
  }
  const names = namesOf(plan, existing)
  const created: CreatedResource[] = []
  for (const planned of plan) {
    await collecting(found, planned.entry, async () => {
      created.push(existing.get(planned) ?? (await writeOne(deps, db, planned, names)))
    })
  }
  refuse(found)
  return created
}

function namesOf(
  plan: readonly Planned[],
  existing: ReadonlyMap<Planned, CreatedResource>,
): ReadonlyMap<string, string> {
  return new Map(
    plan.flatMap((planned) => {
      const { fullUrl, resource } = planned.entry
      const id = existing.get(planned)?.id ?? planned.id
      return fullUrl === undefined ? [] : [[fullUrl, `${String(resource.resourceType)}/${id}`]]
    }),
  )
}

function writeOne(
  deps: CreateResourceDeps,
  db: PoolClient,
  { entry, writer, access, id }: Planned,
  names: ReadonlyMap<string, string>,
): Promise<CreatedResource> {
  return writeResource(db, writer, {
    access,
    resource: withoutIdentity(resolveReferences(entry.resource, names)),
    id,
    provenanceId: deps.newId(),
    at: deps.clock(),
    base: deps.base,
  })
}
