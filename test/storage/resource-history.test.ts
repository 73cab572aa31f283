import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { PatientId } from '../../src/kernel/ids.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import { transaction } from '../../src/storage/db.ts'
import { readHistory, type HistoryQuery } from '../../src/storage/resource-history.ts'
import { readResource } from '../../src/storage/resources.ts'
import { readVisibleResource } from '../../src/storage/visible-resources.ts'
import type { Visibility } from '../../src/storage/visibility-sql.ts'
import { createDatabase } from '../support/database.ts'
import { putRow, searchOf, seeing } from '../support/rows.ts'
import { searchResources } from '../../src/storage/resource-search.ts'

const { pool } = await createDatabase({ after })

const SEEN = seeing('Observation')
const minute = (n: number): Date => new Date(Date.UTC(2026, 5, 1, 0, n))
const row = (id: string, at = minute(0), value = 'x') => ({
  ...{ type: 'Observation', id, patient: 'p', at, body: { value } },
  search: { keys: ['status|final'] },
})

async function history(over: Partial<HistoryQuery>, visibility: Visibility = SEEN) {
  const { entries } = await readHistory(
    pool,
    { type: 'Observation', count: 50, ...over },
    visibility,
  )
  return entries.map(({ id, version, method, content }) => ({
    ...{ id, version, method },
    isDeleted: content === null,
  }))
}

const precondition = (error: unknown): boolean => isHubError(error, 'precondition-failed')

describe('writing versions', () => {
  it('writes the next one only where the current one is that expected', async () => {
    assert.equal(await putRow(pool, row('match')), 1)
    assert.equal(await putRow(pool, row('match'), { method: 'PUT', ifMatch: 1 }), 2)
    await assert.rejects(putRow(pool, row('match'), { method: 'PUT', ifMatch: 1 }), precondition)
    await assert.rejects(putRow(pool, row('none'), { method: 'PUT', ifMatch: 1 }), precondition)
    const stored = await readResource(pool, 'Observation', 'match')
    assert.equal(stored?.version, 2)
    assert.equal(JSON.parse(stored.content ?? '').meta.versionId, '2')
    assert.deepEqual(await history({ id: 'match' }), [
      { id: 'match', version: 2, method: 'PUT', isDeleted: false },
      { id: 'match', version: 1, method: 'POST', isDeleted: false },
    ])
  })

  it('loses no update of fifty writers that all expect the version they read', async () => {
    await putRow(pool, row('busy'))
    const written = await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (;;) {
          const ifMatch = (await readResource(pool, 'Observation', 'busy'))?.version
          try {
            return await putRow(pool, row('busy'), { method: 'PUT', ifMatch })
          } catch (error) {
            if (!precondition(error)) throw error
          }
        }
      }),
    )
    assert.deepEqual(
      written.toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, index) => index + 2),
    )
    assert.equal((await history({ id: 'busy', count: 100 })).length, 51)
  })

  it('keeps every version of writers that expect none, the first insertion among them', async () => {
    const versions = await Promise.all(
      Array.from({ length: 20 }, () => putRow(pool, row('rush'), { method: 'PUT' })),
    )
    assert.equal(new Set(versions).size, 20)
    const kept = await history({ id: 'rush', count: 100 })
    assert.deepEqual(
      kept.map(({ version }) => version),
      Array.from({ length: 20 }, (_, index) => 20 - index),
    )
  })

  it('creates where nothing is there, and only one of those who try at once', async () => {
    const tries = Array.from({ length: 10 }, () =>
      putRow(pool, row('once'), { method: 'PUT', ifAbsent: true }).catch((error: unknown) =>
        precondition(error) ? 'refused' : error,
      ),
    )
    const outcomes = await Promise.all(tries)
    assert.deepEqual(outcomes.toSorted(), [1, ...Array.from({ length: 9 }, () => 'refused')])
  })

  it('rewrites a version in place where it is to be kept', async () => {
    await putRow(pool, row('growing'))
    const kept = await putRow(pool, row('growing', minute(1), 'more'), {
      method: 'PUT',
      keepVersion: true,
    })
    assert.equal(kept, 1)
    assert.deepEqual(await history({ id: 'growing' }), [
      { id: 'growing', version: 1, method: 'POST', isDeleted: false },
    ])
  })

  it('leaves a tombstone that no search finds and an update brings back', async () => {
    await putRow(pool, row('gone'))
    assert.equal(await putRow(pool, row('gone'), { method: 'DELETE', ifMatch: 1 }), 2)
    const name = { type: 'Observation', id: 'gone' }
    const tombstone = await readVisibleResource(pool, name, SEEN)
    assert.deepEqual([tombstone?.version, tombstone?.content], [2, null])
    const search = searchOf('Observation', { conditions: [{ kind: 'id', anyOf: ['gone'] }] })
    assert.deepEqual((await searchResources(pool, { search, visibility: SEEN })).matches, [])
    assert.equal(await putRow(pool, row('gone'), { method: 'PUT', ifAbsent: true }), 3)
    const again = await readVisibleResource(pool, name, SEEN)
    assert.equal(typeof again?.content, 'string')
    assert.deepEqual(await history({ id: 'gone' }), [
      { id: 'gone', version: 3, method: 'PUT', isDeleted: false },
      { id: 'gone', version: 2, method: 'DELETE', isDeleted: true },
      { id: 'gone', version: 1, method: 'POST', isDeleted: false },
    ])
  })

  it('keeps nothing of a transaction that is rolled back', async () => {
    await putRow(pool, row('undone'))
    const failure = transaction(pool, async (db) => {
      await putRow(db, row('undone'), { method: 'PATCH' })
      throw new Error('enough')
    })
    await assert.rejects(failure, /enough/)
    assert.equal((await history({ id: 'undone' })).length, 1)
  })
})

describe('reading versions', () => {
  it('reads an earlier one as it was, and none that never was', async () => {
    await putRow(pool, row('read', minute(0), 'first'))
    await putRow(pool, row('read', minute(1), 'second'), { method: 'PATCH' })
    const at = async (version: number) =>
      readVisibleResource(pool, { type: 'Observation', id: 'read', version }, SEEN)
    assert.equal(JSON.parse((await at(1))?.content ?? '').value, 'first')
    assert.equal(JSON.parse((await at(2))?.content ?? '').value, 'second')
    assert.equal(await at(3), undefined)
    assert.equal(await at(99_999_999_999), undefined)
    const nothing: Visibility = new Map([['Observation', { kind: 'nothing' }]])
    const hidden = { type: 'Observation', id: 'read', version: 1 }
    assert.equal(await readVisibleResource(pool, hidden, nothing), undefined)
  })

  it('tells what was current since a time, and at one', async () => {
    for (const n of [10, 20, 30])
      await putRow(pool, { ...row('time', minute(n)), patient: 'time' }, { method: 'PUT' })
    const versions = async (over: Partial<HistoryQuery>): Promise<number[]> =>
      (await history({ id: 'time', ...over })).map(({ version }) => version)
    assert.deepEqual(await versions({ since: minute(20) }), [3, 2])
    assert.deepEqual(await versions({ at: { from: minute(15), until: minute(16) } }), [1])
    assert.deepEqual(await versions({ at: { from: minute(15), until: minute(25) } }), [2, 1])
    assert.deepEqual(await versions({ at: { from: minute(1), until: minute(2) } }), [])
    assert.deepEqual(await versions({ at: { from: minute(40), until: minute(41) } }), [3])
  })

  it('pages through a type newest first, among what may be seen alone', async () => {
    const visibility: Visibility = new Map([
      ['Observation', { kind: 'patient', is: 'paged' as PatientId }],
    ])
    for (const id of ['a', 'b', 'c', 'd'])
      for (const n of [1, 1, 2])
        await putRow(pool, { ...row(id, minute(n)), patient: id === 'd' ? 'other' : 'paged' })
    const seen: string[] = []
    let after: HistoryQuery['after']
    do {
      const query = { type: 'Observation', count: 2, after }
      const page = await readHistory(pool, query, visibility)
      seen.push(...page.entries.map(({ id, version }) => `${id}${version}`))
      after = page.next
    } while (after !== undefined)
    assert.deepEqual(seen, ['c3', 'b3', 'a3', 'c2', 'c1', 'b2', 'b1', 'a2', 'a1'])
  })
})
