import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { OrganizationId, PatientId } from '../../src/kernel/ids.ts'
import { makeAuditAppender, type NewAuditEvent } from '../../src/storage/audit-events.ts'
import {
  countAuditEvents,
  readAuditEvent,
  readAuditLog,
  searchAuditEvents,
  type AuditQuery,
} from '../../src/storage/search-audit-events.ts'
import { createDatabase } from '../support/database.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 8, minute))
const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const event = (n: number, over: Partial<NewAuditEvent> = {}): NewAuditEvent => ({
  id: idOf(n),
  recorded: at(n),
  content: `{"id":"${idOf(n)}"}`,
  patient: 'patient-1',
  custodians: ['south', 'east'],
  member: 'north',
  tokens: ['type|rest', 'a "quoted", {odd} \\ token'],
  refs: ['entity|ImagingStudy/1'],
  ...over,
})

const database = await createDatabase({ after })

const everything = { kind: 'everything' } as const
const organizations = (...ids: string[]) =>
  ({ kind: 'organizations', ids: ids as OrganizationId[] }) as const

describe('searching the audit log', () => {
  before(async () => {
    await makeAuditAppender(database.pool)([
      event(0),
      event(1, { recorded: at(0), patient: 'patient-2', custodians: [], refs: [] }),
      event(2, { member: 'west', custodians: [] }),
      event(3, { patient: null, member: null, custodians: [], tokens: ['type|other'] }),
    ])
  })

  const find = async (over: Partial<AuditQuery>): Promise<number[]> => {
    const query = { visible: everything, limit: 10, ...over }
    const found = await searchAuditEvents(database.pool, query)
    assert.equal(await countAuditEvents(database.pool, query), found.length)
    return found.map(({ seq }) => seq)
  }

  it('gives the newest first, or the oldest', async () => {
    assert.deepEqual(await find({}), [3, 2, 1, 0])
    assert.deepEqual(await find({ order: 'oldest-first' }), [0, 1, 2, 3])
  })

  it('shows an organisation what it asked and what touched its material, and no more', async () => {
    assert.deepEqual(await find({ visible: organizations('north') }), [1, 0])
    assert.deepEqual(await find({ visible: organizations('east') }), [0])
    assert.deepEqual(await find({ visible: organizations('west', 'south') }), [2, 0])
    assert.deepEqual(await find({ visible: organizations() }), [])
  })

  it('shows a patient what concerns that patient', async () => {
    const visible = { kind: 'patient', id: 'patient-2' as PatientId } as const
    assert.deepEqual(await find({ visible }), [1])
  })

  it('finds by patient, time, entries, and id, all of them together', async () => {
    assert.deepEqual(await find({ patients: ['patient-1'] }), [2, 0])
    assert.deepEqual(await find({ from: at(2), until: at(3) }), [2])
    assert.deepEqual(await find({ tokens: [['type|other', 'type|none']] }), [3])
    assert.deepEqual(
      await find({ tokens: [['a "quoted", {odd} \\ token'], ['type|rest']] }),
      [2, 1, 0],
    )
    assert.deepEqual(await find({ refs: [['entity|ImagingStudy/1']], until: at(1) }), [0])
    assert.deepEqual(await find({ ids: [idOf(2), 'no uuid'] }), [2])
    assert.deepEqual(await find({ ids: [idOf(2)], patients: ['patient-2'] }), [])
  })

  it('pages without loss between events of one instant', async () => {
    const pages: number[] = []
    let after: AuditQuery['after']
    for (;;) {
      const [found] = await searchAuditEvents(database.pool, {
        visible: everything,
        limit: 1,
        after,
      })
      if (found === undefined) break
      pages.push(found.seq)
      after = found
    }
    assert.deepEqual(pages, [3, 2, 1, 0])
  })

  it('reads one event, where it may be seen', async () => {
    const { pool } = database
    const found = await readAuditEvent(pool, idOf(0), organizations('east'))
    assert.equal(found?.content, `{"id":"${idOf(0)}"}`)
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
