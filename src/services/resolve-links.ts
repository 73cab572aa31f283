/** What the references of a transaction's resources become, once it is known what each entry is about. */
import type { PoolClient } from 'pg'
import type { Principal } from '../domain/access/principal.ts'
import { HubError } from '../kernel/errors.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { conditionalReferences, entryNames, replaceLinks } from '../wire/fhir/bundle-references.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import type { EnumerateValueSet } from '../wire/fhir/parse-name.ts'
import type { TransactionEntry } from '../wire/fhir/read-transaction.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { BundleBudget } from './bundle-budget.ts'
import type { DecideSight, Sight } from './decide-sight.ts'
import { readCondition } from './read-condition.ts'
import type { RequestContext } from './record-audit.ts'
import { findPage, typesAlong } from './search-resources.ts'
import { requireServed } from './require-served.ts'

/** A conditional reference that is yet to be looked up, for a caller whose sight has been decided on. */
export interface PlannedLink {
  readonly search: Search
  readonly sight: Sight
}

/** By `Type?query`. */
export type PlannedLinks = ReadonlyMap<string, PlannedLink>

export interface LinkDeps {
  readonly decideSight: DecideSight
  readonly base: string
  readonly enumerate: EnumerateValueSet
}

/** Of a transaction; no more than one beyond it is planned. */
export const MOST_LINKS = 500

interface Linking {
  readonly principal: Principal
  readonly entry: TransactionEntry
  /** Grows by the entry's own. */
  readonly links: Map<string, PlannedLink>
}

/** Throws what parsing and the decision throw. */
export async function planLinks(
  { decideSight, base }: LinkDeps,
  { principal, entry, links }: Linking,
  context: RequestContext,
): Promise<void> {
  if (entry.resource === undefined || entry.method === 'PATCH') return
  for (const reference of conditionalReferences(entry.resource)) {
    if (links.size > MOST_LINKS) return
    if (links.has(reference)) continue
    const [type = ''] = reference.split('?')
    requireServed(type, 'search-type')
    const search = readCondition(base, type, reference)
    const wanted = { type, along: typesAlong(search), query: `${type}?…` }
    links.set(reference, { search, sight: await decideSight(principal, wanted, context) })
  }
}

export interface Resolving {
  readonly principal: Principal
  readonly links: PlannedLinks
  /** `Type/id` by fullUrl, and by the condition of an entry that has one. */
  readonly names: ReadonlyMap<string, string>
  /** Of the Bundle as a whole. */
  readonly budget: Pick<BundleBudget, 'require'>
}

/** The entry's resource with every reference resolved; throws `precondition-failed` where one is none. */
export async function resolveLinks(
  db: PoolClient,
  { fullUrl, resource = {} }: Pick<TransactionEntry, 'fullUrl' | 'resource'>,
  { principal, links, names, budget }: Resolving,
): Promise<JsonObject> {
  const found = new Map<string, string>()
  for (const reference of conditionalReferences(resource)) {
    const planned = links.get(reference)
    budget.require()
    const known = names.get(reference) ?? (planned && (await lookUp(db, principal, planned)))
    if (known !== undefined) found.set(reference, known)
  }
  const nameOf = entryNames(names, fullUrl)
  return replaceLinks(
    resource,
    (link, element) =>
      nameOf(link, element) ?? (element === 'reference' ? found.get(link) : undefined),
  )
}

async function lookUp(
  db: PoolClient,
  principal: Principal,
  { search, sight }: PlannedLink,
): Promise<string> {
  const patient = await patientByIdentifier(db, principal, search)
  if (patient !== undefined) return `Patient/${patient}`
  const few = { ...search, count: 2, sort: [], include: [], revinclude: [] }
  const { matches } = await findPage(db, { principal, search: few, sight })
  const [match, ...others] = matches
  if (match !== undefined && others.length === 0) return `${match.type}/${match.id}`
  const text = match === undefined ? 'nothing' : 'several resources'
  throw new HubError('precondition-failed', `A conditional reference matches ${text}`)
}

/** Whoever may name a patient by an identifier in `subject` may do so in a condition. */
async function patientByIdentifier(
  db: PoolClient,
  { member }: Principal,
  { type, understood }: Search,
): Promise<string | undefined> {
  const [pair, ...more] = understood
  if (type !== 'Patient' || pair?.[0] !== 'identifier' || more.length > 0) return undefined
  const [system = '', value, ...rest] = pair[1].split('|')
  if (system === '' || value === undefined || rest.length > 0) return undefined
  return findPatient(db, { system, value }, member)
}
