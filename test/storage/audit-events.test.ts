import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pool } from 'pg'
import { EMPTY_TREE, appendLeaves, leafHash } from '../../src/domain/audit/merkle.ts'
import {
  makeAuditAppender,
  readAuditHead,
  type NewAuditEvent,
} from '../../src/storage/audit-events.ts'
import { createDatabase } from '../support/database.ts'

const event = (n: number): NewAuditEvent => ({
  id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  recorded: new Date('2026-03-01T08:00:00Z'),
  content: `{"n":${String(n)}}`,
  patient: null,
  custodians: [],
  member: null,
  keys: [],
  refs: [],
  compared: {},
})

async function assertWholeLog(pool: Pool, size: number): Promise<void> {
  const { rows } = await pool.query('select seq, content, leaf from audit_event order by seq')
  assert.deepEqual(
    rows.map(({ seq }) => seq),
    Array.from({ length: size }, (_, n) => n),
  )
  assert.ok(rows.every(({ content, leaf }) => leafHash(content).equals(leaf)))
  const tree = appendLeaves(
    EMPTY_TREE,
    rows.map(({ leaf }) => leaf),
  )
  assert.deepEqual(await readAuditHead(pool), tree)
}

describe('appending to the audit log', () => {
  it('gives every event its place when many append at once', async (t) => {
    const { pool } = await createDatabase(t)
    const batches = Array.from({ length: 12 }, (_, n) => [event(2 * n), event(2 * n + 1)])
    await Promise.all(batches.map((batch) => makeAuditAppender(pool)(batch)))
    await assertWholeLog(pool, 24)
  })

  it('keeps one tree when processes that remember their head take turns', async (t) => {
    const { pool } = await createDatabase(t)
    const appenders = Array.from({ length: 3 }, () => makeAuditAppender(pool))
    for (let n = 0; n < 9; n++) {
      const append = appenders[Math.floor(n / 2) % 3]
      const tree = await append?.([event(n)])
      assert.equal(tree?.size, n + 1)
    }
    await assertWholeLog(pool, 9)
  })

  it('keeps one tree when they append at the same time', async (t) => {
    const { pool } = await createDatabase(t)
    const appenders = Array.from({ length: 4 }, () => makeAuditAppender(pool))
    await Promise.all(
      appenders.map(async (append, which) => {
        for (let n = 0; n < 10; n++)
          await append([event(which * 20 + 2 * n), event(which * 20 + 2 * n + 1)])
      }),
    )
    await assertWholeLog(pool, 80)
  })

  it('goes on rightly after an append that failed', async (t) => {
    const { pool } = await createDatabase(t)
    const append = makeAuditAppender(pool)
    await append([event(0)])
    await assert.rejects(append([event(1), event(1)]))
    await append([event(2)])
    await append([event(3)])
    await assertWholeLog(pool, 4 - 1)
  })
})
