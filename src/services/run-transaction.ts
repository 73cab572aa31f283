/** A transaction Bundle: all of it is stored or nothing, and every problem is reported with its entry. */
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import { HubError, isHubError, type Problem } from '../kernel/errors.ts'
import { transaction } from '../storage/db.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { readTransaction, resolveReferences } from '../wire/fhir/read-transaction.ts'
import type { TransactionEntry } from '../wire/fhir/read-transaction.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { Access } from './authorize.ts'
import { auditCreated, authorizeWrite, type CreateResourceDeps } from './create-resource.ts'
import type { RequestContext } from './record-audit.ts'
import { writerOf, type ResourceWriter } from './resource-writers.ts'
import { findExisting, withoutIdentity, writeResource } from './write-resource.ts'
import type { CreatedResource } from './write-resource.ts'

export interface TransactionRequest {
  readonly bundle: JsonObject
  /** Parses the query of an entry's `ifNoneExist`; throws `invalid`. */
  readonly parseCondition: (type: string, query: string) => Search
}

/** In the order of the entries. Throws `unprocessable` with the problems of all entries, `forbidden`, … */
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
    const found = [...problems, ...validationProblems(deps, request.bundle, entries)]
    const plan = await planAll(deps, { principal, entries, request, found }, context)
    refuse(found)
    const created = await transaction(deps.pool, (db) => writeAll(deps, db, plan))
    const [first] = plan
    if (first !== undefined) {
      await auditCreated(deps, { access: first.access, created }, context)
    }
    return created
  }
}

function validationProblems(
  { validate }: CreateResourceDeps,
  bundle: JsonObject,
  entries: readonly TransactionEntry[],
): readonly Problem[] {
  return [
    ...validate(envelopeOf(bundle)),
    ...entries.flatMap((entry) => within(entry, validate(entry.resource))),
  ]
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

interface Planning {
  readonly principal: Principal
  readonly entries: readonly TransactionEntry[]
  readonly request: TransactionRequest
  /** Grows by the problems of entries that cannot be planned. */
  readonly found: Problem[]
}

async function planAll(
  deps: CreateResourceDeps,
  { principal, entries, request, found }: Planning,
  context: RequestContext,
): Promise<readonly Planned[]> {
  const planned: Planned[] = []
  for (const entry of entries) {
    await collecting(found, entry, async () => {
      const type = String(entry.resource.resourceType)
      const writer = writerOf(type)
      const asked = { principal, action: writer.action, type }
      const access = await authorizeWrite(deps, asked, context)
      const condition =
        entry.ifNoneExist === undefined
          ? undefined
          : request.parseCondition(type, entry.ifNoneExist)
      planned.push({ entry, writer, access, condition, id: deps.newId() })
    })
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
    if (!isHubError(error) || !ENTRY_FAULTS.has(error.code)) throw error
    const problems =
      error.problems.length > 0
        ? within(entry, error.problems)
        : [{ location: entry.location, text: error.message }]
    found.push(...problems)
  }
}

const ENTRY_FAULTS: ReadonlySet<string> = new Set([
  'invalid',
  'unprocessable',
  'method-not-allowed',
  'precondition-failed',
])

function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return
  throw new HubError('unprocessable', 'Nothing of this Bundle was stored', { problems })
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
