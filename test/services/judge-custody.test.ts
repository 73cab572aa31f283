import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { OrganizationId, SourceId } from '../../src/kernel/ids.ts'
import { transaction } from '../../src/storage/db.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { createDatabase } from '../support/database.ts'
import { ctAttributes, newUid } from '../support/dicom.ts'
import { custodian, registerStudy } from '../support/register.ts'

const { pool } = await createDatabase({ after })
const [OSLO, BERGEN, TROMSO] = [custodian('oslo'), custodian('bergen'), custodian('tromsø')]
const AT = new Date('2026-01-02T03:04:05.000Z')

/** A study, and whoever registers these instances of it; at a source where there is one. */
function study() {
  const studyUid = newUid()
  return (by: OrganizationId, instances: readonly string[], source?: SourceId) =>
    transaction(pool, (db) =>
      registerStudy(db, {
        custodian: by,
        source,
        instances: instances.map((instanceUid) => ({
          header: toInstanceHeader(ctAttributes({ studyUid, instanceUid })),
        })),
        publishedBy: { member: by },
        at: AT,
      }),
    )
}

async function doubts(imagingStudy: string) {
  const { rows } = await pool.query<{ reason: string; candidate: string; resolved_by: string }>(
    'select reason, candidate, resolved_by from unclear_identity where imaging_study = $1',
    [imagingStudy],
  )
  return rows
}

async function addSource(by: OrganizationId): Promise<SourceId> {
  const id = `source-of-${by}` as SourceId
  await pool.query(
    `insert into source (id, custodian, kind, name, settings, created_at)
     values ($1, $2, 'dicomweb', 'PACS', '', now()) on conflict do nothing`,
    [id, by],
  )
  return id
}

test('another custodian’s copy that shares nothing with the first is quarantined and queued, with the first one’s patient', async () => {
  const register = study()
  const first = await register(OSLO, [newUid(), newUid()])
  const second = await register(BERGEN, [newUid()])
  assert.deepEqual([first.quarantined, second.quarantined], [false, true])
  assert.deepEqual(await doubts(second.imagingStudy), [
    {
      reason: 'study-of-another-custodian',
      candidate: 'patient-17858550084',
      resolved_by: null,
    },
  ])
  assert.deepEqual(await doubts(first.imagingStudy), [])
  // Nor does a second try queue it twice, or hide the first.
  assert.ok((await register(BERGEN, [newUid()])).quarantined)
  assert.equal((await doubts(second.imagingStudy)).length, 1)
  assert.ok(!(await register(OSLO, [newUid()])).quarantined)
})

test('a part of the first copy, all of it or more than all of it is a copy', async () => {
  for (const taken of [[0], [0, 1], [0, 1, 2], [1, 2]]) {
    const register = study()
    const all = [newUid(), newUid(), newUid()]
    await register(OSLO, all.slice(0, 2))
    const copy = all.filter((_, index) => taken.includes(index))
    assert.ok(!(await register(BERGEN, copy)).quarantined)
  }
})

test('a copy that arrives instance by instance comes out of doubt with the first shared one', async () => {
  const register = study()
  const [shared, late] = [newUid(), newUid()]
  await register(OSLO, [shared], await addSource(OSLO))
  const begun = await register(BERGEN, [late])
  assert.ok(begun.quarantined)
  const grown = await register(BERGEN, [shared])
  assert.ok(!grown.quarantined)
  assert.equal(grown.imagingStudy, begun.imagingStudy)
  assert.deepEqual(
    (await doubts(begun.imagingStudy)).map(({ resolved_by }) => resolved_by),
    ['instances-shared'],
  )
  const { rows } = await pool.query(
    `select quarantined, patient, content::jsonb->'numberOfInstances' as instances
     from resource where type = 'ImagingStudy' and id = $1`,
    [grown.imagingStudy],
  )
  assert.deepEqual(rows, [{ quarantined: false, patient: 'patient-17858550084', instances: 2 }])
})

test('the first copy catching up takes the second out of doubt at its next word', async () => {
  const register = study()
  const [early, late] = [newUid(), newUid()]
  await register(OSLO, [early])
  assert.ok((await register(BERGEN, [late])).quarantined)
  await register(OSLO, [late])
  assert.ok(!(await register(BERGEN, [newUid()])).quarantined)
})

test('a copy that was accepted stays so, whatever others publish and whatever leaves the first', async () => {
  const register = study()
  const shared = newUid()
  await register(OSLO, [shared])
  const second = await register(BERGEN, [shared])
  await pool.query('delete from instance where custodian = $1 and sop_instance_uid = $2', [
    OSLO,
    shared,
  ])
  await register(TROMSO, [newUid()])
  assert.ok(!(await register(BERGEN, [newUid()])).quarantined)
  assert.deepEqual(await doubts(second.imagingStudy), [])
})

test('a copy in doubt vouches for none, and what a person has settled is not doubted again', async () => {
  const register = study()
  const forged = newUid()
  await register(OSLO, [newUid()])
  const second = await register(BERGEN, [forged])
  assert.ok((await register(TROMSO, [forged])).quarantined)
  await pool.query(
    `update unclear_identity set resolved_at = now(), resolved_by = 'clerk' where imaging_study = $1`,
    [second.imagingStudy],
  )
  await pool.query(`update study set patient = 'patient-17858550084' where imaging_study = $1`, [
    second.imagingStudy,
  ])
  assert.ok(!(await register(BERGEN, [newUid()])).quarantined)
  assert.ok(!(await register(TROMSO, [forged])).quarantined)
})
