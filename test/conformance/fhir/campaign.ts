/** A registry filled with generated rows, and questions put to it over HTTP whose answers the oracle knows. */
import type { TestContext } from 'node:test'
import type { Action } from '../../../src/domain/access/principal.ts'
import type { OrganizationId, PatientId } from '../../../src/kernel/ids.ts'
import { putResource } from '../../../src/storage/resources.ts'
import { makeAuditAppender } from '../../../src/storage/audit-events.ts'
import { searchValues } from '../../../src/wire/fhir/search-values.ts'
import { NO_FACTS } from '../../../src/domain/access/filter.ts'
import { auditSearchEntries } from '../../../src/wire/fhir/audit-columns.ts'
import {
  idsOf,
  startRegistry,
  type Answer,
  type Caller,
  type Registry,
} from '../../support/registry.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import { makeRows, MEMBERS } from './generate/rows.ts'
import type { Query } from './generate/queries.ts'
import type { Including } from './generate/links.ts'
import { findRows, included, type Inclusion, type Pair } from './oracle/search.ts'
import { viewOf, type Filter, type Row, type View } from './oracle/world.ts'

export interface Campaign {
  readonly registry: Registry
  readonly rows: readonly Row[]
  readonly random: Random
  readonly seed: number
}

/** SAMSYN_TEST_SEED brings a failure back. */
function chosenSeed(): number {
  return Number(process.env.SAMSYN_TEST_SEED ?? 20_260_601)
}

const ACTIONS: readonly Action[] = [
  'find',
  'read-report',
  'read-directory',
  'read-consent',
  'read-audit',
  'publish',
  'subscribe',
]

export function callerWith(filter: Filter): Caller {
  return {
    member: MEMBERS[0] as OrganizationId,
    actions: ACTIONS,
    filter: filter as Caller['filter'],
  }
}

export async function startCampaign(t: TestContext, each: number): Promise<Campaign> {
  const seed = chosenSeed()
  t.diagnostic(`SAMSYN_TEST_SEED=${seed}`)
  const registry = patient(await startRegistry(t))
  const rows = makeRows({ seed, base: registry.base, each })
  await atATime(
    8,
    rows.filter(({ type }) => type !== 'AuditEvent'),
    (row) => put(registry, row),
  )
  await putEvents(
    registry,
    rows.filter(({ type }) => type === 'AuditEvent'),
  )
  await registry.pool.query('analyze')
  return { registry, rows, seed, random: seededRandom(seed) }
}

/** While the oracle thinks, in this process, the server closes connections that `fetch` believes to be open. */
function patient(registry: Registry): Registry {
  return {
    ...registry,
    ask: (...asked) =>
      registry.ask(...asked).catch((error: unknown) => {
        if (!(error instanceof TypeError)) throw error
        return registry.ask(...asked)
      }),
  }
}

async function put(registry: Registry, row: Row): Promise<void> {
  const facts = {
    custodian: (row.custodian ?? null) as OrganizationId | null,
    patient: (row.patient ?? null) as PatientId | null,
  }
  const stored = {
    ...{ type: row.type, id: row.id, resource: row.resource, at: row.at },
    facts: { ...NO_FACTS, ...facts },
    quarantined: row.hidden === 'quarantined',
    search: searchValues(row.resource, registry.base),
  }
  await putResource(registry.pool, stored, { method: 'PUT' })
  if (row.hidden === 'deleted') await putResource(registry.pool, stored, { method: 'DELETE' })
}

/** The log is appended to; its rows know the members they concern. */
async function putEvents(registry: Registry, rows: readonly Row[]): Promise<void> {
  await makeAuditAppender(registry.pool)(
    rows.map(({ id, at, resource, patient, custodian }) => ({
      id,
      recorded: at,
      content: JSON.stringify(resource),
      patient: patient ?? null,
      custodians: [],
      member: custodian ?? null,
      ...auditSearchEntries(resource),
    })),
  )
}

/** Calls `work` for each, so many at a time. */
export async function atATime<One>(
  limit: number,
  all: readonly One[],
  work: (one: One, at: number) => Promise<void>,
): Promise<void> {
  const entries = all.entries()
  await Promise.all(
    Array.from({ length: limit }, async () => {
      for (const [at, one] of entries) await work(one, at)
    }),
  )
}

export interface Difference {
  readonly query: string
  readonly label: string
  readonly status: number
  readonly missing: readonly string[]
  readonly tooMany: readonly string[]
  readonly said?: string
}

/** Asks each query once, by GET or POST, and compares ids and total with the oracle's. */
export async function differences(
  campaign: Campaign,
  queries: readonly Query[],
  filter: Filter,
): Promise<readonly Difference[]> {
  const { registry, rows } = campaign
  const view = viewOf(rows, registry.base, { member: MEMBERS[0], filter })
  const found: Difference[] = []
  await atATime(4, queries, async (query, at) => {
    const answer = await ask(registry, callerWith(filter), query, at % 4 === 0)
    const difference = compare(view, query, answer)
    if (difference !== undefined) found.push(difference)
  })
  return found
}

const STRICT = { prefer: 'handling=strict' }
const ALL = ['_count', '500'] as const

function ask(
  { ask: send }: Registry,
  caller: Caller,
  { type, pairs }: Query,
  byPost: boolean,
): Promise<Answer> {
  const form = new URLSearchParams(
    [...pairs, ALL].map(([name, value]): [string, string] => [name, value]),
  )
  return byPost
    ? send(caller, `${type}/_search`, { method: 'POST', body: form, headers: STRICT })
    : send(caller, `${type}?${form.toString()}`, { headers: STRICT })
}

function compare(view: View, query: Query, answer: Answer): Difference | undefined {
  const expected = findRows(view, query.type, query.pairs).map(({ id }) => id)
  const got = answer.status === 200 ? idsOf(answer) : []
  const missing = expected.filter((id) => !got.includes(id))
  const tooMany = got.filter((id) => !expected.includes(id))
  const isRight =
    answer.status === 200 && got.length === expected.length && answer.body.total === got.length
  if (isRight && missing.length + tooMany.length === 0) return undefined
  return {
    query: textOf(query),
    label: query.label,
    status: answer.status,
    missing,
    tooMany,
    ...(answer.status !== 200 && { said: JSON.stringify(answer.body?.issue ?? answer.body) }),
  }
}

export function textOf({ type, pairs }: Query): string {
  return `${type}?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`
}

/** The same of what comes along. */
export async function inclusionDifferences(
  campaign: Campaign,
  asked: readonly Including[],
  filter: Filter,
): Promise<readonly Difference[]> {
  const { registry, rows } = campaign
  const view = viewOf(rows, registry.base, { member: MEMBERS[0], filter })
  const found: Difference[] = []
  await atATime(4, asked, async ({ query, inclusions }, at) => {
    const pairs = [...query.pairs, ...inclusions.map(pairOf)]
    const answer = await ask(registry, callerWith(filter), { ...query, pairs }, at % 4 === 0)
    const difference = compare(view, query, answer)
    const matches = findRows(view, query.type, query.pairs)
    const expected = [...included(view, matches, inclusions)]
    const got = namesAlong(answer)
    // An answer that says that it does not hold all need not.
    const missing = isIncomplete(answer) ? [] : expected.filter((name) => !got.includes(name))
    const tooMany = got.filter((name) => !expected.includes(name))
    const isOnce = new Set(got).size === got.length
    if (difference === undefined && isOnce && missing.length + tooMany.length === 0) return
    const text = textOf({ ...query, pairs })
    found.push({
      label: 'include',
      status: answer.status,
      ...difference,
      query: text,
      missing,
      tooMany,
    })
  })
  return found
}

function isIncomplete({ body }: Answer): boolean {
  const last = body?.entry?.at(-1)
  return last?.search?.mode === 'outcome' && last.resource.issue[0].code === 'incomplete'
}

function pairOf({ text, reverse, iterate }: Inclusion): Pair {
  return [`_${reverse ? 'revinclude' : 'include'}${iterate ? ':iterate' : ''}`, text]
}

function namesAlong({ body }: Answer): readonly string[] {
  const entries: readonly any[] = body?.entry ?? []
  return entries
    .filter(({ search }) => search?.mode === 'include')
    .map(({ resource }) => `${String(resource.resourceType)}/${String(resource.id)}`)
}
