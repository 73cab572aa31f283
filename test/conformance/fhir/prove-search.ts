/**
 * The registry's search against an oracle that shares no code with it: every parameter by every prefix and modifier,
 * together, through chains, with what comes along, in order, page by page, and for callers who see only a part.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import {
  atATime,
  callerWith,
  differences,
  inclusionDifferences,
  startCampaign,
  textOf,
  type Campaign,
  type Difference,
} from './campaign.ts'
import { inclusionQuery, linkedQuery } from './generate/links.ts'
import { pickBy, queriesOf, type Query } from './generate/queries.ts'
import { MEMBERS } from './generate/rows.ts'
import { parametersOf, TYPES } from './oracle/definitions.ts'
import { misplaced } from './oracle/order.ts'
import { findRows } from './oracle/search.ts'
import { viewOf, type Filter, type Row, type View } from './oracle/world.ts'

export interface Extent {
  /** Rows of each type. */
  readonly each: number
  /** Questions for each form of each parameter. */
  readonly rounds: number
  /** Of each other kind. */
  readonly others: number
}

const EVERYTHING: Filter = { kind: 'everything' }
/** Own material and the directory; one patient; all but one member's. */
const PARTS: Readonly<Record<string, Filter>> = {
  'a member': {
    kind: 'or',
    of: [{ kind: 'custodian', in: [MEMBERS[0]] }, { kind: 'no-custodian' }],
  },
  'the holder of a grant for one patient': { kind: 'patient', is: 'patient-3' },
  'someone whom one member refuses': {
    kind: 'not',
    of: {
      kind: 'and',
      of: [
        { kind: 'custodian', in: [MEMBERS[1]] },
        { kind: 'not', of: { kind: 'patient', is: 'patient-4' } },
      ],
    },
  },
}

export async function proveSearch(t: TestContext, extent: Extent): Promise<void> {
  const campaign = await startCampaign(t, extent.each)
  await t.test('what the statement claims, and nothing else', () => proveClaims(campaign))
  await t.test('every parameter, by every prefix and modifier of its type', async (t) => {
    for (const type of TYPES) await report(t, campaign, plainQueries(campaign, type, extent.rounds))
  })
  await t.test('parameters together', (t) =>
    report(t, campaign, combinedQueries(campaign, extent.others)),
  )
  for (const depth of [1, 2, 3])
    await t.test(`chains and _has over ${depth} references`, (t) =>
      report(t, campaign, linkedQueries(campaign, depth, extent.others)),
    )
  await t.test('what comes along with the matches', (t) =>
    proveInclusions(t, campaign, extent.others),
  )
  await t.test('orders', (t) => proveOrders(t, campaign, extent.others / 4))
  await t.test('pages', (t) => provePages(t, campaign, extent.others / 8))
  await t.test('totals', (t) => proveTotals(t, campaign, extent.others / 4))
  for (const [who, filter] of Object.entries(PARTS))
    await t.test(`${who} is answered from what may be seen alone`, async (t) => {
      const queries = [
        ...combinedQueries(campaign, extent.others / 2),
        ...[1, 2, 3].flatMap((depth) => linkedQueries(campaign, depth, extent.others / 4)),
      ]
      await report(t, campaign, queries, filter)
      await proveInclusions(t, campaign, extent.others / 4, filter)
      await proveTotals(t, campaign, extent.others / 8, filter)
    })
}

/** The CapabilityStatement names these parameters of each type, and each inclusion it names is understood. */
async function proveClaims(campaign: Campaign): Promise<void> {
  const caller = callerWith(EVERYTHING)
  const { body } = await campaign.registry.ask(caller, 'metadata')
  const claims: readonly any[] = body.rest[0].resource
  assert.deepEqual(claims.map(({ type }) => type).toSorted(), TYPES.toSorted())
  const refused: string[] = []
  for (const { type, searchParam, searchInclude = [], searchRevInclude = [] } of claims) {
    const named = searchParam.map((one: any) => `${String(one.name)} ${String(one.type)}`)
    const known = parametersOf(type).map((one) => `${one.code} ${one.type}`)
    assert.deepEqual(named.toSorted(), known.toSorted(), type)
    const inclusions = [
      ...searchInclude.map((text: string) => `_include=${text}`),
      ...searchRevInclude.map((text: string) => `_revinclude=${text}`),
    ]
    await atATime(4, inclusions, async (inclusion) => {
      const query = `${String(type)}?_id=none&${inclusion}`
      const { status } = await campaign.registry.ask(caller, query, STRICT)
      if (status !== 200) refused.push(query)
    })
  }
  assert.deepEqual(refused, [])
}

/** Fails with every difference, one a line. */
async function report(
  t: TestContext,
  campaign: Campaign,
  queries: readonly Query[],
  filter = EVERYTHING,
): Promise<void> {
  tell(t, queries.length, await differences(campaign, queries, filter))
}

function tell(t: TestContext, asked: number, found: readonly Difference[]): void {
  t.diagnostic(`${asked} queries, ${found.length} differences`)
  assert.equal(found.length, 0, `\n${found.slice(0, 40).map(lineOf).join('\n')}\n`)
}

function lineOf({ query, label, status, missing, tooMany, said = '' }: Difference): string {
  return `${query}  [${label}] ${status} missing ${few(missing)}, too many ${few(tooMany)} ${said}`
}

function few(ids: readonly string[]): string {
  return ids.length <= 8 ? `[${ids.join(' ')}]` : `[${ids.slice(0, 8).join(' ')} … ${ids.length}]`
}

function wholeView({ rows, registry }: Campaign, filter = EVERYTHING): View {
  return viewOf(rows, registry.base, { member: MEMBERS[0], filter })
}

function rowsToAsk({ rows }: Campaign, type: string): readonly Row[] {
  return rows.filter((row) => row.type === type && row.hidden === undefined)
}

function plainQueries(campaign: Campaign, type: string, rounds: number): readonly Query[] {
  const making = { pick: pickBy(campaign.random), base: campaign.registry.base, rounds }
  const queries = queriesOf(type, rowsToAsk(campaign, type), making)
  const asked = new Set(queries.map(({ pairs }) => pairs[0]?.[0].split(':')[0]))
  const unasked = parametersOf(type).filter(({ code }) => !asked.has(code))
  assert.deepEqual(unasked, [], `${type}: not asked`)
  return queries
}

/** Two to four conditions, each of which one row at least meets. */
function combinedQueries(campaign: Campaign, count: number): readonly Query[] {
  const pick = pickBy(campaign.random)
  const all = new Map(TYPES.map((type) => [type, plainQueries(campaign, type, 1)]))
  return many(count, () => {
    const type = pick(TYPES) ?? ''
    const some = Array.from({ length: 2 + Math.floor(campaign.random() * 3) }, () =>
      pick(all.get(type) ?? []),
    )
    const pairs = some.flatMap((one) => one?.pairs ?? [])
    return { type, pairs, label: 'together' }
  })
}

function linkedQueries(campaign: Campaign, depth: number, count: number): readonly Query[] {
  const view = wholeView(campaign)
  return many(count, () => linkedQuery({ view, random: campaign.random }, depth))
}

/** So many, however often it takes more than one try. */
function many<Made>(count: number, make: () => Made | undefined): readonly Made[] {
  const made: Made[] = []
  for (let tries = 0; made.length < count && tries < count * 50; tries++) {
    const one = make()
    if (one !== undefined) made.push(one)
  }
  return made
}

async function proveInclusions(
  t: TestContext,
  campaign: Campaign,
  count: number,
  filter = EVERYTHING,
): Promise<void> {
  const view = wholeView(campaign, filter)
  const queries = many(count, () => inclusionQuery({ view, random: campaign.random }))
  tell(t, queries.length, await inclusionDifferences(campaign, queries, filter))
}

const SORTABLE = new Set(['date', 'string', 'token', 'number', 'quantity', 'uri'])

function sortOf(campaign: Campaign, type: string): string {
  const pick = pickBy(campaign.random)
  const codes = parametersOf(type).filter(
    (one) => SORTABLE.has(one.type) && !CONDITIONAL.test(one.expression),
  )
  const keys = Array.from(
    { length: 1 + Math.floor(campaign.random() * 3) },
    () => pick(codes)?.code,
  )
  return keys.map((code) => `${pick(['', '-']) ?? ''}${String(code)}`).join(',')
}

/** The registry orders by elements of the resource, and such a parameter picks among them. */
const CONDITIONAL = /where\(|exists\(|extension\(/

async function proveOrders(t: TestContext, campaign: Campaign, count: number): Promise<void> {
  const wrong: string[] = []
  const pick = pickBy(campaign.random)
  const view = wholeView(campaign)
  const asked = many(count, () => {
    const type = pick(TYPES) ?? ''
    return { type, sort: sortOf(campaign, type) }
  })
  await atATime(4, asked, async ({ type, sort }) => {
    const path = `${type}?_sort=${sort}&_count=500`
    const { status, body } = await campaign.registry.ask(callerWith(EVERYTHING), path, STRICT)
    const rows: Row[] = (body?.entry ?? []).flatMap(
      ({ resource }: any) => view.row(type, resource.id) ?? [],
    )
    const apart = misplaced(rows, sort).map(([one, next]) => `${one.id} before ${next.id}`)
    if (status !== 200 || rows.length !== view.rows.get(type)?.length || apart.length > 0)
      wrong.push(`${path} ${status} ${JSON.stringify(body?.issue ?? '')} ${few(apart)}`)
  })
  t.diagnostic(`${asked.length} orders, ${wrong.length} wrong`)
  assert.equal(wrong.length, 0, `\n${wrong.join('\n')}\n`)
}

const STRICT = { headers: { prefer: 'handling=strict' } }

/** All pages, one after another, are the one large answer. */
async function provePages(t: TestContext, campaign: Campaign, count: number): Promise<void> {
  const { registry, random } = campaign
  const pick = pickBy(random)
  const caller = callerWith(EVERYTHING)
  const queries = combinedQueries(campaign, count)
  await atATime(4, queries, async ({ type, pairs }) => {
    const [only] = pairs
    const asked = new URLSearchParams(only === undefined ? {} : [[...only]])
    if (random() < 0.8) asked.set('_sort', sortOf(campaign, type))
    const whole = idsInOrder(
      (await registry.ask(caller, `${type}?${asked.toString()}&_count=500`)).body,
    )
    const ids: string[] = []
    const size = pick([1, 3, 7]) ?? 3
    let next: string | undefined = `${type}?${asked.toString()}&_count=${size}`
    while (next !== undefined) {
      const { body, status }: Awaited<ReturnType<typeof registry.ask>> = await registry.ask(
        caller,
        next,
      )
      assert.equal(status, 200, next)
      assert.ok((body.entry ?? []).length <= size, `${next}: more than a page`)
      ids.push(...idsInOrder(body))
      next = body.link.find(({ relation }: { relation: string }) => relation === 'next')?.url
    }
    assert.deepEqual(ids, whole, `${type}?${asked.toString()}`)
  })
  t.diagnostic(`${count} answers read page by page`)
}

function idsInOrder(body: any): readonly string[] {
  return (body.entry ?? []).map(({ resource }: any) => resource.id)
}

async function proveTotals(
  t: TestContext,
  campaign: Campaign,
  count: number,
  filter = EVERYTHING,
): Promise<void> {
  const view = wholeView(campaign, filter)
  const queries = [...combinedQueries(campaign, count), ...linkedQueries(campaign, 1, count)]
  const found: Difference[] = []
  await atATime(4, queries, async ({ type, pairs, label }, at) => {
    const form = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value]))
    const [name, value, isAlone] = TOTALS[at % TOTALS.length] ?? TOTALS[0]
    form.append(name, value)
    if (name === '_total') form.append('_count', '2')
    const { status, body } = await campaign.registry.ask(
      callerWith(filter),
      `${type}?${form.toString()}`,
      STRICT,
    )
    const expected = findRows(view, type, pairs).length
    const entries = (body?.entry ?? []).length
    const isRight = status === 200 && body.total === expected && (!isAlone || entries === 0)
    if (isRight) return
    const query = `${textOf({ type, pairs, label })}&${name}=${value}`
    found.push({
      query,
      label,
      status,
      missing: [`total ${expected}`],
      tooMany: [String(body?.total)],
      said: JSON.stringify(body?.issue ?? ''),
    })
  })
  tell(t, queries.length, found)
}

/** Whether the answer is the number alone. */
const TOTALS = [
  ['_total', 'accurate', false],
  ['_count', '0', true],
  ['_summary', 'count', true],
] as const
