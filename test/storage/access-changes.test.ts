import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Pool } from 'pg'
import {
  announceChanges,
  readChangesSince,
  readLastChange,
  sweepChanges,
} from '../../src/storage/access-changes.ts'
import { transaction } from '../../src/storage/db.ts'
import { createDatabase } from '../support/database.ts'

const NOW = new Date('2026-01-03T12:00:00Z')
const OLD = new Date('2026-01-02T11:59:59Z')

/** A journal of four changes; all but the third are older than a day. */
async function journal(t: TestContext): Promise<Pool> {
  const { pool } = await createDatabase(t)
  const changes = ['1', '2', '3', '4'].map((key) => ({ kind: 'grant', key }) as const)
  await transaction(pool, (db) => announceChanges(db, changes))
  await pool.query(
    `update access_change set at = case key when '3' then $1::timestamptz else $2 end`,
    [NOW, OLD],
  )
  return pool
}

const keysSince = async (pool: Pool, seq: number): Promise<readonly string[]> =>
  (await readChangesSince(pool, seq)).changes.map(({ key }) => key)

test('changes older than a day are swept, but for the newest, where new nodes begin', async (t) => {
  const pool = await journal(t)
  const last = await readLastChange(pool)
  assert.equal(await sweepChanges(pool, NOW), 2)
  assert.deepEqual(await keysSince(pool, 0), ['3', '4'])
  assert.equal(await readLastChange(pool), last)
})

test('who has seen all that was swept is told the rest as whole', async (t) => {
  const pool = await journal(t)
  await sweepChanges(pool, NOW)
  const { changes, isWhole } = await readChangesSince(pool, 3)
  assert.deepEqual([changes.map(({ key }) => key), isWhole], [['4'], true])
})

test('who may have missed what was swept is told so', async (t) => {
  const pool = await journal(t)
  assert.equal((await readChangesSince(pool, 0)).isWhole, true)
  await sweepChanges(pool, NOW)
  for (const seen of [0, 1]) assert.equal((await readChangesSince(pool, seen)).isWhole, false)
})
