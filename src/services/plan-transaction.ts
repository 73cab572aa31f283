/** What each entry of a transaction is to do, for a caller that may: decided and parsed before anything is written. */
import type { Principal } from '../domain/access/principal.ts'
import { HubError } from '../kernel/errors.ts'
import { parseJson } from '../wire/fhir/parse-json.ts'
import { patchDocument } from '../wire/fhir/bundle-references.ts'
import type { TransactionEntry } from '../wire/fhir/read-transaction.ts'
import type { Search } from '../wire/fhir/search.ts'
import { readVersionMatch, type VersionMatch } from '../wire/fhir/version-match.ts'
import type { Access } from './authorize.ts'
import { collecting, type EntryProblem } from './entry-problems.ts'
import type { WriteTarget } from './find-target.ts'
import { planRead, type PlannedRead } from './plan-read.ts'
import { readCondition } from './read-condition.ts'
import type { RequestContext } from './record-audit.ts'
import { requireConditional, requireServed } from './require-served.ts'
import {
  MOST_LINKS,
  planLinks,
  type LinkDeps,
  type PlannedLink,
  type PlannedLinks,
} from './resolve-links.ts'
import { writerOf, type ResourceWriter } from './resource-writers.ts'
import { permitWrite, type WriteDeps } from './write-deps.ts'

export interface PlannedWrite {
  readonly kind: 'write'
  readonly entry: TransactionEntry
  readonly writer: ResourceWriter
  readonly access: Access
  readonly type: string
  readonly method: 'DELETE' | 'POST' | 'PUT' | 'PATCH'
  /** What it writes to; for a create, what it need not write where something matches. */
  readonly target: WriteTarget | undefined
  readonly ifMatch: VersionMatch | undefined
  readonly patch: unknown
  /** The id of what it creates. */
  readonly id: string
}

export type PlannedEntry = PlannedWrite | PlannedRead

export interface Plan {
  readonly entries: readonly PlannedEntry[]
  readonly links: PlannedLinks
}

export interface PlanRequest {
  readonly principal: Principal
  readonly entries: readonly TransactionEntry[]
  /** Grows by the problems of entries that cannot be done. */
  readonly found: EntryProblem[]
}

export interface PlanDeps extends WriteDeps, LinkDeps {}

/** The first refusal of a decision ends the request; every fault of an entry is noted. */
export async function planTransaction(
  deps: PlanDeps,
  { principal, entries, found }: PlanRequest,
  context: RequestContext,
): Promise<Plan> {
  const permits = new Map<string, Access>()
  const links = new Map<string, PlannedLink>()
  const planned: PlannedEntry[] = []
  for (const entry of entries) {
    const one = await collecting(found, entry, async () => {
      const isRead = entry.method === 'GET' || entry.method === 'HEAD'
      const step = isRead
        ? await planRead(deps, { principal, entry }, context)
        : planWrite(deps, entry, await permitOnce(deps, { principal, entry, permits }, context))
      await planLinks(deps, { principal, entry, links }, context)
      return step
    })
    if (one !== undefined) planned.push(one)
    requireBounded(planned, links)
  }
  return { entries: planned, links }
}

/** All are asked while the rows that others want are held. */
const MOST_SEARCHES = 50

function requireBounded(planned: readonly PlannedEntry[], links: PlannedLinks): void {
  const searches = planned.filter((one) => one.kind === 'read' && one.read.what !== 'resource')
  if (searches.length <= MOST_SEARCHES && links.size <= MOST_LINKS) return
  const text =
    `A transaction has at most ${MOST_SEARCHES} searches and ${MOST_LINKS} conditional references: ` +
    'send searches as a batch, and refer to entries by their fullUrl'
  throw new HubError('unprocessable', 'The transaction asks for too much', {
    problems: [{ location: 'Bundle.entry', text }],
  })
}

interface Permitting {
  readonly principal: Principal
  readonly entry: TransactionEntry
  readonly permits: Map<string, Access>
}

const INTERACTIONS = { DELETE: 'delete', POST: 'create', PUT: 'update', PATCH: 'patch' } as const

/** One decision for each action: before the work of validating, for only a caller that may write is worth it. */
async function permitOnce(
  deps: WriteDeps,
  { principal, entry, permits }: Permitting,
  context: RequestContext,
): Promise<Access> {
  const { method, url } = entry
  const { type } = url
  const { action } = writerOf(deps.writers, type)
  const interaction = INTERACTIONS[writeMethod(method)]
  if (url.query === undefined) requireServed(type, interaction)
  else requireConditional(type, interaction)
  const known = permits.get(action)
  if (known !== undefined) return known
  const { access } = await permitWrite(
    deps,
    { principal, type, query: `${method} ${type}` },
    context,
  )
  permits.set(action, access)
  return access
}

function writeMethod(method: TransactionEntry['method']): keyof typeof INTERACTIONS {
  if (method === 'GET' || method === 'HEAD') throw new TypeError('A read is no write')
  return method
}

function planWrite(
  { writers, base, newId }: WriteDeps,
  entry: TransactionEntry,
  access: Access,
): PlannedWrite {
  const { url, ifMatch } = entry
  const { type, id } = url
  const writer = writerOf(writers, type)
  const condition = conditionOf(entry, base)
  const byId = id === undefined ? undefined : { id }
  return {
    kind: 'write',
    entry,
    writer,
    access,
    type,
    method: writeMethod(entry.method),
    target: condition === undefined ? byId : { search: condition },
    ifMatch: readVersionMatch(ifMatch),
    patch: entry.method === 'PATCH' ? readPatch(entry) : undefined,
    id: (entry.resource && writer.idOf?.(entry.resource)) ?? newId(),
  }
}

function conditionOf(
  { url: { type, query }, method, ifNoneExist }: TransactionEntry,
  base: string,
): Search | undefined {
  const condition = method === 'POST' ? ifNoneExist : query
  return condition === undefined ? undefined : readCondition(base, type, condition)
}

function readPatch({ resource, location }: TransactionEntry): unknown {
  const document = patchDocument(resource)
  if (document !== undefined) return parseJson(document)
  throw new HubError('unprocessable', `${location} holds no JSON Patch: a Binary of its bytes`)
}
