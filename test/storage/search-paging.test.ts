import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { isHubError } from '../../src/kernel/errors.ts'
import { transaction } from '../../src/storage/db.ts'
import { searchResources, type Position } from '../../src/storage/resource-search.ts'
import type { Condition, Search, SortKey } from '../../src/wire/fhir/search.ts'
import { createDatabase } from '../support/database.ts'
import { momentOf, putRow, searchOf, seeing, type TestRow } from '../support/rows.ts'

const { pool } = await createDatabase({ after })

const VISIBILITY = seeing('Observation')

interface Known {
  readonly id: string
  readonly date: number | null
  readonly text: string | null
  readonly number: number | null
  readonly status: string | null
  readonly updated: number
}

const hour = (n: number): string => new Date(Date.UTC(2026, 0, 1, n)).toISOString()

/** Few different values, so that there are ties, and rows without any. */
const known = (index: number): Known => ({
  id: `row-${String(index).padStart(3, '0')}`,
  date: index % 5 === 0 ? null : index % 4,
  text: index % 7 === 0 ? null : (['b', 'a', 'å', 'ab'][index % 4] ?? null),
  number: index % 3 === 0 ? null : ([2, 10, -1][index % 3] ?? null),
  status: index % 11 === 0 ? null : (['final', 'draft'][index % 2] ?? null),
  updated: index % 6,
})

function rowOf({ id, date, text, number, status, updated }: Known): TestRow {
  return {
    type: 'Observation',
    id,
    patient: 'one',
    at: new Date(hour(updated)),
    body: status === null ? {} : { code: { coding: [{ code: status }] } },
    search: {
      keys: ['all'],
      compared: {
        ...(text !== null && { s: { name: [text] } }),
        ...(number !== null && { n: { factor: [{ low: String(number), high: String(number) }] } }),
      },
      ...(date !== null && { date: momentOf(hour(date)) }),
    },
  }
}

const ROWS = Array.from({ length: 60 }, (_, index) => known(index))

interface Sorting {
  readonly by: SortKey['by']
  readonly value: (row: Known) => string | number | null
}

const SORTINGS: readonly Sorting[] = [
  { by: { in: 'clinical-date' }, value: ({ date }) => date },
  { by: { in: 'last-updated' }, value: ({ updated }) => updated },
  { by: { in: 'compared-value', letter: 's', code: 'name' }, value: ({ text }) => text },
  { by: { in: 'compared-value', letter: 'n', code: 'factor' }, value: ({ number }) => number },
  { by: { in: 'content', paths: ['none', 'code.coding.code'] }, value: ({ status }) => status },
  { by: { in: 'id' }, value: ({ id }) => id },
]

const ONE_PATIENT: Condition = { kind: 'patient', anyOf: ['one'] }
const ALL: Condition = { kind: 'keys', anyOf: ['all'] }

async function pages(search: Search, between?: () => Promise<unknown>): Promise<string[]> {
  const found: string[] = []
  let position: Position | undefined
  do {
    const page = await searchResources(pool, { search, visibility: VISIBILITY, after: position })
    assert.ok(page.matches.length <= search.count)
    found.push(...page.matches.map(({ id }) => id))
    position = page.next
    await between?.()
  } while (position !== undefined)
  return found
}

type Ordered = Sorting & { readonly descending: boolean }

/** Rows without a value come last, whichever way the order runs; ties go by id. */
function compare(one: Known, other: Known, keys: readonly Ordered[]): number {
  for (const { value, descending } of keys) {
    const [a, b] = [value(one), value(other)]
    if (a === b) continue
    if (a === null) return 1
    if (b === null) return -1
    return (a < b ? -1 : 1) * (descending ? -1 : 1)
  }
  const last = keys.at(-1)
  const runsDown = last?.descending === true && last.by.in === 'last-updated'
  return (one.id < other.id ? -1 : 1) * (runsDown ? -1 : 1)
}

describe('paging through a search', () => {
  before(async () => {
    for (const row of ROWS) await putRow(pool, rowOf(row))
  })

  it('gives every row once and in order, for any keys, page sizes and both ways to be found', async () => {
    const key = fc.record({ at: fc.nat(SORTINGS.length - 1), descending: fc.boolean() })
    const keys = fc.uniqueArray(key, { selector: ({ at }) => at, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(
        keys,
        fc.integer({ min: 1, max: 70 }),
        fc.constantFrom(ONE_PATIENT, ALL),
        async (chosen, count, condition) => {
          const ordered = chosen.flatMap(({ at, descending }) =>
            SORTINGS.slice(at, at + 1).map((sorting) => ({ ...sorting, descending })),
          )
          const sort = ordered.map(({ by, descending }) => ({ by, descending }))
          const search = searchOf('Observation', { conditions: [condition], sort, count })
          const expected = ROWS.toSorted((a, b) => compare(a, b, ordered)).map(({ id }) => id)
          assert.deepEqual(await pages(search), expected)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('neither repeats nor loses a row that stays, while others are written and deleted', async () => {
    const sort = fc.constantFrom<readonly SortKey[]>(
      [],
      [{ by: { in: 'clinical-date' }, descending: true }],
      [{ by: { in: 'clinical-date' }, descending: false }],
      [{ by: { in: 'compared-value', letter: 's', code: 'name' }, descending: false }],
    )
    let written = 0
    await fc.assert(
      fc.asyncProperty(
        sort,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(ONE_PATIENT, ALL),
        async (keys, count, condition) => {
          const last = written + 80
          const disturb = async (): Promise<void> => {
            // Who writes before the reader for ever keeps it reading for ever.
            if (written >= last) return
            const id = `other-${String((written += 1))}`
            await putRow(pool, { ...rowOf(known(written)), id })
            const old = `other-${String(written - 3)}`
            if (written > 3)
              await putRow(pool, { ...rowOf(known(written)), id: old }, { method: 'DELETE' })
          }
          const search = searchOf('Observation', { conditions: [condition], sort: keys, count })
          const found = await pages(search, () => Promise.all([disturb(), disturb()]))
          assert.equal(new Set(found).size, found.length)
          const staying = found.filter((id) => id.startsWith('row-'))
          assert.deepEqual(
            staying.toSorted(),
            ROWS.map(({ id }) => id),
          )
        },
      ),
      { numRuns: 20 },
    )
  })

  it('counts exactly, near enough, or not at all', async () => {
    const count = async (over: Partial<Search>) => {
      const search = searchOf('Observation', { conditions: [ALL], count: 5, ...over })
      return (await searchResources(pool, { search, visibility: VISIBILITY })).total
    }
    const exact = await count({ total: 'accurate' })
    assert.equal(await count({ total: 'estimate' }), exact)
    assert.equal(await count({ countOnly: true }), exact)
    assert.equal(await count({}), undefined)
    assert.equal(await count({ count: 5000 }), exact)
  })

  it('gives up a search that takes too long, and says so', async () => {
    const text = { kind: 'text', code: 'all', match: 'contains', anyOf: ['x'] } as const
    const many: Condition = { kind: 'any', of: Array.from({ length: 400 }, () => text) }
    await transaction(pool, async (db) => {
      await db.query(`set local statement_timeout = '1ms'`)
      await assert.rejects(
        searchResources(db, {
          search: searchOf('Observation', { conditions: [many], countOnly: true }),
          visibility: VISIBILITY,
        }),
        (error) => isHubError(error, 'invalid') && error.reason === 'too-costly',
      )
      throw new Error('done')
    }).catch((error: unknown) => {
      if (!(error instanceof Error) || error.message !== 'done') throw error
    })
  })
})
