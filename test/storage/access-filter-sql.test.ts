import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { compile } from '../../src/domain/access/compile.ts'
import { decide } from '../../src/domain/access/decide.ts'
import { matches } from '../../src/domain/access/match-filter.ts'
import type { AccessFilter, ObjectFacts } from '../../src/domain/access/filter.ts'
import { accessFilterSql } from '../../src/storage/access-filter-sql.ts'
import { putResource } from '../../src/storage/resources.ts'
import { accessFilter, objectFacts, PATIENTS } from '../support/access-arbitraries.ts'
import { facts, request } from '../support/access-world-arbitraries.ts'
import { createDatabase } from '../support/database.ts'

const AT = new Date('2026-06-01T00:00:00Z')
const NO_SEARCH = { keys: [], refs: [], compared: {} }

const { pool } = await createDatabase({ after })

async function insert(id: string, facts: ObjectFacts): Promise<void> {
  const resource = { resourceType: 'ImagingStudy', id }
  const row = { type: 'ImagingStudy', id, resource, facts, quarantined: false, search: NO_SEARCH }
  await putResource(pool, { ...row, at: AT }, { method: 'POST' })
}

async function select(filter: AccessFilter): Promise<string[]> {
  const parameters: unknown[] = ['ImagingStudy']
  const where = accessFilterSql(filter, 'r', parameters)
  const text = `select id, (${where}) is null as unknown from resource r where type = $1 and ${where}`
  const { rows } = await pool.query<{ id: string; unknown: boolean }>(text, parameters)
  assert.ok(rows.every((row) => !row.unknown))
  return rows.map((row) => row.id).sort()
}

describe('accessFilterSql', () => {
  const objects = new Map<string, ObjectFacts>()

  before(async () => {
    const sample = fc.sample(objectFacts, { numRuns: 150, seed: 7 })
    for (const [index, facts] of sample.entries()) {
      const id = String(index).padStart(3, '0')
      objects.set(id, facts)
      await insert(id, facts)
    }
  })

  it('selects the rows that matches lets through, for any filter', async () => {
    await fc.assert(
      fc.asyncProperty(accessFilter, async (filter) => {
        const expected = [...objects].filter(([, facts]) => matches(filter, facts))
        assert.deepEqual(
          await select(filter),
          expected.map(([id]) => id),
        )
      }),
      { numRuns: 400 },
    )
  })

  it('selects what the decision permits, for anyone asking in any world', async () => {
    await fc.assert(
      fc.asyncProperty(request, facts, async (asked, known) => {
        const expected = [...objects].filter(
          ([, resource]) => decide({ ...asked, resource }, known).effect === 'permit',
        )
        assert.deepEqual(
          await select(compile(asked, known).filter),
          expected.map(([id]) => id),
        )
      }),
      { numRuns: 400 },
    )
  })

  it('is never null: a filter and its negation share the rows out between them', async () => {
    await fc.assert(
      fc.asyncProperty(accessFilter, async (filter) => {
        const inside = await select(filter)
        const outside = await select({ kind: 'not', of: filter })
        assert.deepEqual([...inside, ...outside].sort(), [...objects.keys()])
      }),
      { numRuns: 100 },
    )
  })

  it('numbers its parameters after those the statement already has', () => {
    const parameters: unknown[] = ['ImagingStudy', 20]
    const [patient] = PATIENTS
    assert.ok(patient !== undefined)
    assert.match(accessFilterSql({ kind: 'patient', is: patient }, 'r', parameters), /\$3/)
    assert.deepEqual(parameters, ['ImagingStudy', 20, patient])
  })

  it('lets the planner find the index of the timeline on patient', async () => {
    const [patient] = PATIENTS
    assert.ok(patient !== undefined)
    const parameters: unknown[] = []
    const where = accessFilterSql({ kind: 'patient', is: patient }, 'r', parameters)
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
      `explain select id from resource_imaging_study r where ${where} order by date_from desc nulls last, id`,
      parameters,
    )
    assert.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /Index Cond: .*patient/)
  })
})
