/** A batch Bundle: each entry on its own, as if it had come alone (R4 http, section 3.1.0.11). */
import type { Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import { patchDocument } from '../wire/fhir/bundle-references.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { parseJson } from '../wire/fhir/parse-json.ts'
import type { EnumerateValueSet } from '../wire/fhir/parse-name.ts'
import { readTransaction, type TransactionEntry } from '../wire/fhir/read-transaction.ts'
import { readVersionMatch } from '../wire/fhir/version-match.ts'
import { makeBundleBudget } from './bundle-budget.ts'
import type { CreateResource } from './create-resource.ts'
import type { DeleteResource } from './delete-resource.ts'
import type { EntryResult } from './entry-result.ts'
import type { WriteTarget } from './find-target.ts'
import type { PatchResource } from './patch-resource.ts'
import { readEntry } from './plan-read.ts'
import { readCondition } from './read-condition.ts'
import type { ReadHistory } from './read-history.ts'
import type { ReadResource } from './read-resource.ts'
import type { RecordConsent } from './record-consent.ts'
import type { RequestContext } from './record-audit.ts'
import type { ReplaceConsent } from './replace-consent.ts'
import { requireConditional, requireServed } from './require-served.ts'
import type { SearchResources } from './search-resources.ts'
import type { UpdateResource } from './update-resource.ts'
import type { CreatedResource } from './write-resource.ts'

export interface RunBatchDeps {
  readonly createResource: CreateResource
  readonly updateResource: UpdateResource
  readonly patchResource: PatchResource
  readonly deleteResource: DeleteResource
  readonly readResource: ReadResource
  readonly readHistory: ReadHistory
  readonly searchResources: SearchResources
  readonly recordConsent: RecordConsent
  readonly replaceConsent: ReplaceConsent
  readonly clock: Clock
  /** The FHIR base address. */
  readonly base: string
  readonly enumerate: EnumerateValueSet
}

/** In the order of the entries: what came of it, or why nothing did, as where the Bundle's budget is spent. Throws `unprocessable` for too many. */
export type RunBatch = (
  principal: Principal,
  bundle: JsonObject,
  context: RequestContext,
) => Promise<readonly EntryResult[]>

export function makeRunBatch(deps: RunBatchDeps): RunBatch {
  return async (principal, bundle, context) => {
    const { entries, problems } = readTransaction(bundle, deps.base)
    const results = new Map<number, EntryResult>()
    for (const { index, ...problem } of problems) {
      const error = new HubError('unprocessable', 'The entry cannot be done', {
        problems: [problem],
      })
      results.set(index, { kind: 'failed', error })
    }
    const budget = makeBundleBudget(deps.clock)
    for (const entry of entries) {
      if (results.has(entry.index)) continue
      const result = await attempt(async () => {
        budget.require()
        return answer(deps, { principal, entry }, context)
      })
      budget.spend(result)
      results.set(entry.index, result)
    }
    return [...results].toSorted(([one], [other]) => one - other).map(([, result]) => result)
  }
}

async function attempt(work: () => Promise<EntryResult>): Promise<EntryResult> {
  try {
    return await work()
  } catch (error) {
    if (!isHubError(error)) throw error
    return { kind: 'failed', error }
  }
}

interface Entry {
  readonly principal: Principal
  readonly entry: TransactionEntry
}

function answer(deps: RunBatchDeps, one: Entry, context: RequestContext): Promise<EntryResult> {
  switch (one.entry.method) {
    case 'POST':
      return create(deps, one, context)
    case 'PUT':
      return update(deps, one, context)
    case 'PATCH':
      return patch(deps, one, context)
    case 'DELETE':
      return remove(deps, one, context)
    case 'GET':
    case 'HEAD':
      return read(deps, one, context)
  }
}

async function create(
  { createResource, recordConsent, base }: RunBatchDeps,
  { principal, entry: { url, resource = {}, ifNoneExist: query } }: Entry,
  context: RequestContext,
): Promise<EntryResult> {
  const { type } = url
  requireServed(type, 'create')
  if (type === 'Consent') return written(await recordConsent(principal, resource, context))
  const ifNoneExist = query === undefined ? undefined : readCondition(base, type, query)
  return written(await createResource(principal, { resource, ifNoneExist }, context))
}

async function update(
  deps: RunBatchDeps,
  { principal, entry }: Entry,
  context: RequestContext,
): Promise<EntryResult> {
  const { url, resource = {} } = entry
  const ifMatch = readVersionMatch(entry.ifMatch)
  const target = targetOf(deps, entry, 'update')
  if (url.type === 'Consent' && 'id' in target) {
    const request = { id: target.id, consent: resource, ifMatch }
    return written(await deps.replaceConsent(principal, request, context))
  }
  return written(await deps.updateResource(principal, { resource, target, ifMatch }, context))
}

async function patch(
  deps: RunBatchDeps,
  { principal, entry }: Entry,
  context: RequestContext,
): Promise<EntryResult> {
  const { type } = entry.url
  const target = targetOf(deps, entry, 'patch')
  const document = patchDocument(entry.resource)
  if (document === undefined)
    throw new HubError('unprocessable', 'A patch is a Binary with the bytes of a JSON Patch')
  const request = { type, target, patch: parseJson(document) }
  const ifMatch = readVersionMatch(entry.ifMatch)
  return written(await deps.patchResource(principal, { ...request, ifMatch }, context))
}

async function remove(
  deps: RunBatchDeps,
  { principal, entry }: Entry,
  context: RequestContext,
): Promise<EntryResult> {
  const { type } = entry.url
  const target = targetOf(deps, entry, 'delete')
  const ifMatch = readVersionMatch(entry.ifMatch)
  const resource = await deps.deleteResource(principal, { type, target, ifMatch }, context)
  return { kind: 'deleted', resource }
}

async function read(
  deps: RunBatchDeps,
  { principal, entry }: Entry,
  context: RequestContext,
): Promise<EntryResult> {
  const asked = readEntry(entry, deps)
  if (asked.what === 'history') {
    const { request } = asked
    return { kind: 'history', request, page: await deps.readHistory(principal, request, context) }
  }
  if (asked.what === 'search') {
    const { search, query } = asked
    const request = { search, query, hidden: true }
    return { kind: 'found', search, page: await deps.searchResources(principal, request, context) }
  }
  const resource = await deps.readResource(principal, asked.name, context)
  return { kind: 'read', resource, ifNoneMatch: entry.ifNoneMatch }
}

function targetOf(
  { base }: RunBatchDeps,
  { url: { type, id, query } }: TransactionEntry,
  interaction: 'update' | 'patch' | 'delete',
): WriteTarget {
  requireServed(type, interaction)
  if (id !== undefined) return { id }
  requireConditional(type, interaction)
  return { search: readCondition(base, type, query ?? '') }
}

function written(resource: CreatedResource): EntryResult {
  return { kind: 'written', resource }
}
