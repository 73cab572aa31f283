import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parseInstanceUid, parseSeriesUid, parseStudyUid } from '../../src/domain/imaging/uid.ts'
import { makeFindCopies } from '../../src/services/recent-copies.ts'
import { transaction } from '../../src/storage/db.ts'
import type { Asker } from '../../src/storage/study-copies.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { createDatabase } from '../support/database.ts'
import { ctAttributes, newUid } from '../support/dicom.ts'
import { custodian, registerStudy } from '../support/register.ts'

const { pool } = await createDatabase({ after })
const OSLO = custodian('oslo')
const EVERYTHING: Asker = { member: OSLO, filter: { kind: 'everything' } }

/** A study with so many instances, and a clock and a count of statements for whoever asks for them. */
async function world(count: number) {
  const study = parseStudyUid(newUid())
  const series = parseSeriesUid(newUid())
  const add = async () => {
    const instance = parseInstanceUid(newUid())
    const header = toInstanceHeader(
      ctAttributes({ studyUid: study, seriesUid: series, instanceUid: instance }),
    )
    await transaction(pool, (db) =>
      registerStudy(db, {
        custodian: OSLO,
        instances: [{ header }],
        publishedBy: { member: OSLO },
        at: new Date(),
      }),
    )
    return { study, series, instance }
  }
  const scopes = []
  for (let index = 0; index < count; index += 1) scopes.push(await add())
  const state = { now: 1_000_000, statements: 0 }
  const db: Pick<typeof pool, 'query'> = Object.create(pool, {
    query: {
      value: async (text: string) => {
        state.statements += 1
        return pool.query(text)
      },
    },
  })
  const find = makeFindCopies({ db, clock: () => new Date(state.now) })
  return { scopes, add, state, find }
}

test('instances asked for one by one cost two statements, however many they are', async () => {
  const { scopes, find, state } = await world(6)
  for (const scope of scopes) {
    const [copy] = await find(scope, EVERYTHING)
    assert.deepEqual(
      copy?.instances.map(({ instance }) => instance),
      [scope.instance],
    )
  }
  assert.equal(state.statements, 2)
})

test('another filter is another question', async () => {
  const { scopes, find } = await world(3)
  const [scope] = scopes
  assert.ok(scope)
  for (let round = 0; round < 3; round += 1) {
    assert.equal((await find(scope, EVERYTHING)).length, 1)
    assert.equal((await find(scope, { ...EVERYTHING, filter: { kind: 'nothing' } })).length, 0)
    const other = { kind: 'custodian', in: [custodian('x')] } as const
    assert.equal((await find(scope, { ...EVERYTHING, filter: other })).length, 0)
  }
})

test('what arrives meanwhile is found, and another series of the study is not', async () => {
  const { scopes, find, add } = await world(2)
  for (const scope of scopes) await find(scope, EVERYTHING)
  const late = await add()
  assert.equal((await find(late, EVERYTHING)).length, 1)
  assert.deepEqual(await find({ ...late, series: parseSeriesUid(newUid()) }, EVERYTHING), [])
})

test('a change is felt within a second', async () => {
  const { scopes, find, state } = await world(2)
  for (const scope of scopes) await find(scope, EVERYTHING)
  const [scope] = scopes
  assert.ok(scope)
  await pool.query(`update resource set quarantined = true where $1 = any(study_uids)`, [
    scope.study,
  ])
  state.now += 1_000
  assert.deepEqual(await find(scope, EVERYTHING), [])
})
