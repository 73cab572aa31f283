import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AccessFilter } from '../../src/domain/access/filter.ts'
import type { OrganizationId, PatientId } from '../../src/kernel/ids.ts'
import { makeAuditAppender, type NewAuditEvent } from '../../src/storage/audit-events.ts'
import { searchResources, type Position } from '../../src/storage/resource-search.ts'
import { readAuditEvent, readAuditLog } from '../../src/storage/search-audit-events.ts'
import type { Visibility } from '../../src/storage/visibility-sql.ts'
import type { Condition, DateTest, Search } from '../../src/wire/fhir/search.ts'
import { createDatabase } from '../support/database.ts'
import { putRow, searchOf } from '../support/rows.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 8, minute))
const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const event = (n: number, over: Partial<NewAuditEvent> = {}): NewAuditEvent => ({
  id: idOf(n),
  recorded: at(n),
  content: `{"id":"${idOf(n)}"}`,
  patient: 'patient-1',
  custodians: ['south', 'east'],
  member: 'north',
  keys: ['type|rest', 'agent-name', 'a "quoted", {odd} \\ key', 'entity|ImagingStudy/1'],
  refs: ['entity|ImagingStudy/1'],
  compared: { s: { 'agent-name': ['kari "å" nordmann'] } },
  ...over,
})

const database = await createDatabase({ after })

const seenBy = (filter: AccessFilter): Visibility => new Map([['AuditEvent', filter]])
const everything = seenBy({ kind: 'everything' })
const organizations = (...ids: string[]): Visibility =>
  seenBy({ kind: 'custodian', in: ids as OrganizationId[] })

async function find(
  conditions: readonly Condition[],
  visibility = everything,
  over: Partial<Search> = {},
): Promise<number[]> {
  const search = searchOf('AuditEvent', { conditions, ...over })
  const { matches } = await searchResources(database.pool, { search, visibility })
  const counted = { search: { ...search, countOnly: true }, visibility }
  assert.equal((await searchResources(database.pool, counted)).total, matches.length)
  return matches.map(({ id }) => Number(id.slice(-2)))
}

const recorded = (prefix: DateTest['prefix'], from: number, until: number): Condition => ({
  kind: 'date',
  place: { in: 'clinical-date' },
  anyOf: [{ prefix, value: { from: at(from), until: at(until) } }],
})

describe('searching the audit log', () => {
  before(async () => {
    await makeAuditAppender(database.pool)([
      event(0),
      event(1, { recorded: at(0), patient: 'patient-2', custodians: [], refs: [], keys: [] }),
      event(2, { member: 'west', custodians: [] }),
      event(3, { patient: null, member: null, custodians: [], keys: ['type|other'], compared: {} }),
    ])
  })

  it('gives the newest first, or the oldest', async () => {
    assert.deepEqual(await find([]), [3, 2, 1, 0])
    const sort = [{ by: { in: 'clinical-date' }, descending: false }] as const
    assert.deepEqual(await find([], everything, { sort }), [0, 1, 2, 3])
  })

  it('shows an organisation what it asked and what touched its material, and no more', async () => {
    assert.deepEqual(await find([], organizations('north')), [1, 0])
    assert.deepEqual(await find([], organizations('east')), [0])
    assert.deepEqual(await find([], organizations('west', 'south')), [2, 0])
    assert.deepEqual(await find([], organizations()), [])
    const others = seenBy({
      kind: 'not',
      of: { kind: 'custodian', in: ['north' as OrganizationId] },
    })
    assert.deepEqual(await find([], others), [3, 2])
  })

  it('shows a patient what concerns that patient', async () => {
    const patient = 'patient-2' as PatientId
    assert.deepEqual(await find([], seenBy({ kind: 'patient', is: patient })), [1])
  })

  it('finds by patient, time, keys, text and id, all of them together', async () => {
    const keys = (...anyOf: string[]): Condition => ({ kind: 'keys', anyOf })
    const patient = (...anyOf: string[]): Condition => ({ kind: 'patient', anyOf })
    assert.deepEqual(await find([patient('patient-1')]), [2, 0])
    assert.deepEqual(await find([recorded('eq', 2, 3)]), [2])
    assert.deepEqual(await find([recorded('ne', 0, 2)]), [3, 2])
    assert.deepEqual(await find([keys('type|other', 'type|none')]), [3])
    assert.deepEqual(await find([keys('a "quoted", {odd} \\ key'), keys('type|rest')]), [2, 0])
    assert.deepEqual(await find([keys('entity|ImagingStudy/1'), recorded('lt', 1, 2)]), [0])
    const name: Condition = { kind: 'text', code: 'agent-name', match: 'contains', anyOf: ['"å"'] }
    assert.deepEqual(await find([{ kind: 'not', of: name }]), [3, 1])
    assert.deepEqual(await find([{ kind: 'id', anyOf: [idOf(2), 'no uuid'] }]), [2])
    assert.deepEqual(await find([{ kind: 'id', anyOf: [idOf(2)] }, patient('patient-2')]), [])
  })

  it('leads to what an event is about, and from there to the event', async () => {
    await putRow(database.pool, { type: 'ImagingStudy', id: '1', patient: 'patient-1' })
    const visibility: Visibility = new Map([
      ...everything,
      ['ImagingStudy', { kind: 'everything' }],
    ])
    const inclusion = {
      ...{ type: 'AuditEvent', link: { code: 'entity' }, targets: ['ImagingStudy'] },
      iterate: false,
    }
    const search = searchOf('AuditEvent', { include: [inclusion] })
    const { included } = await searchResources(database.pool, { search, visibility })
    assert.deepEqual(
      included.map(({ type, id }) => `${type}/${id}`),
      ['ImagingStudy/1'],
    )
    const back = searchOf('ImagingStudy', { revinclude: [inclusion] })
    const events = await searchResources(database.pool, { search: back, visibility })
    assert.deepEqual(
      events.included.map(({ id }) => id),
      [idOf(0), idOf(2)],
    )
    const of: Condition = { kind: 'has', source: 'AuditEvent', link: inclusion.link, of: [] }
    const told = searchOf('ImagingStudy', { conditions: [of] })
    assert.equal(
      (await searchResources(database.pool, { search: told, visibility })).matches.length,
      1,
    )
  })

  it('pages without loss between events of one instant', async () => {
    const pages: string[] = []
    let after: Position | undefined
    do {
      const search = searchOf('AuditEvent', { count: 1 })
      const page = await searchResources(database.pool, { search, visibility: everything, after })
      pages.push(...page.matches.map(({ id }) => id))
      after = page.next
    } while (after !== undefined)
    assert.deepEqual(pages, [3, 2, 1, 0].map(idOf))
  })

  it('reads one event, where it may be seen', async () => {
    const { pool } = database
    const found = await readAuditEvent(pool, idOf(0), organizations('east'))
    assert.equal(found?.content, `{"id":"${idOf(0)}"}`)
    assert.deepEqual(found.recorded, at(0))
    assert.equal(await readAuditEvent(pool, idOf(0), organizations('west')), undefined)
    assert.equal(await readAuditEvent(pool, 'no uuid', everything), undefined)
  })

  it('streams the whole log in order, page by page', async () => {
    const pages: number[][] = []
    for await (const page of readAuditLog(database.pool, 1, 2))
      pages.push(page.map(({ seq }) => seq))
    assert.deepEqual(pages, [[1, 2], [3]])
  })
})
