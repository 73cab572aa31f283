/** What is one patient's is found by indexes: a merge costs what the two persons have, not what the registry has. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type pg from 'pg'
import type { PatientId } from '../../src/kernel/ids.ts'
import type { Db } from '../../src/storage/db.ts'
import { findByIdentifiers, findByNameAndBirth } from '../../src/storage/find-candidates.ts'
import { followSurvivor, moveRows } from '../../src/storage/patient-merges.ts'
import { hasPatientRows, lockPatientRows } from '../../src/storage/patient-rows.ts'
import { createDatabase } from '../support/database.ts'

const { pool } = await createDatabase({ after })
const ONE = 'one' as PatientId

/** Runs `work` with sequential scans made dear, and returns the plan of each statement that it sent. */
async function plansOf(work: (db: Db) => Promise<unknown>): Promise<string> {
  const client = await pool.connect()
  const sent: { text: string; values: unknown[] }[] = []
  const spy = {
    query: (statement: string | pg.QueryConfig, values?: unknown[]) => {
      const config = typeof statement === 'string' ? { text: statement, values } : statement
      sent.push({ text: config.text, values: [...(config.values ?? [])] })
      return client.query({ text: config.text, values: [...(config.values ?? [])] })
    },
  }
  try {
    await client.query('set enable_seqscan = off')
    await client.query('begin')
    await work(spy as unknown as Db)
    const plans: string[] = []
    for (const { text, values } of sent) {
      const { rows } = await client.query({ text: `explain ${text}`, values })
      plans.push(...rows.map((row: Record<string, string>) => String(row['QUERY PLAN'])))
    }
    return plans.join('\n')
  } finally {
    await client.query('rollback')
    await client.query('reset enable_seqscan')
    client.release()
  }
}

async function drain(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _row of rows) continue
}

for (const [what, work] of [
  ['all that is a patient’s', (db: Db) => drain(lockPatientRows(db, ONE))],
  ['whether anything is a patient’s', (db: Db) => hasPatientRows(db, ONE)],
  [
    'who may be meant by an identifier',
    (db: Db) => findByIdentifiers(db, { identifiers: [{ system: 's', value: 'v' }] }, 50),
  ],
  [
    'who may be meant by name and birth date',
    (db: Db) => {
      const born = { from: new Date('1985-05-17'), until: new Date('1985-05-18') }
      return findByNameAndBirth(db, { names: ['family~lie'], born }, 50)
    },
  ],
  ['identifiers, grants and doubts that move', (db: Db) => move(db)],
  ['Patients that were replaced before', (db: Db) => followSurvivor(db, { from: ONE, to: ONE })],
] as const)
  test(`${what} is found by an index, in no partition that has none`, async () => {
    const plan = await plansOf(work)
    assert.doesNotMatch(plan, /Seq Scan on (?!access_change|patient_merge_move|json)/, plan)
    assert.doesNotMatch(plan, /resource_(?:directory|conformance|provenance)/, plan)
  })

async function move(db: Db): Promise<void> {
  const id = '00000000-0000-4000-8000-000000000000'
  await db.query(
    `insert into patient_merge (id, replaced, survivor, merged_at, merged_by, given)
     values ($1, 'one', 'two', now(), 'x', '{}')`,
    [id],
  )
  await moveRows(db, { id, replaced: ONE, survivor: 'two' as PatientId })
}
