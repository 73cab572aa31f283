import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { InstanceHeader } from '../../src/domain/imaging/study.ts'
import type { IndexedInstance } from '../../src/services/register-study.ts'
import { makeSettleStudy } from '../../src/services/settle-study.ts'
import { transaction } from '../../src/storage/db.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { createDatabase } from '../support/database.ts'
import { ctAttributes, newUid, type CtOptions } from '../support/dicom.ts'
import { custodian, registerStudy, sealer } from '../support/register.ts'

const { pool } = await createDatabase({ after })
const OSLO = custodian('oslo')
const BERGEN = custodian('bergen')
const AT = new Date('2026-01-02T03:04:05.000Z')

const header = (options: CtOptions): InstanceHeader => toInstanceHeader(ctAttributes(options))

function register(
  headers: readonly InstanceHeader[],
  { by = OSLO, at = AT }: { by?: typeof OSLO; at?: Date } = {},
) {
  const instances: IndexedInstance[] = headers.map((one) => ({ header: one }))
  return transaction(pool, (db) =>
    registerStudy(db, {
      custodian: by,
      instances,
      publishedBy: { member: by, client: 'pacs' },
      at,
    }),
  )
}

async function resource(id: string, type = 'ImagingStudy') {
  const { rows } = await pool.query('select * from resource where type = $1 and id = $2', [
    type,
    id,
  ])
  const [row] = rows
  assert.ok(row)
  return { row, content: JSON.parse(row.content) }
}

async function count(sql: string, ...values: readonly unknown[]): Promise<number> {
  const { rows } = await pool.query(sql, [...values])
  return Number(rows[0].count)
}

test('a study becomes one ImagingStudy down to its series, with facts for policy', async () => {
  const studyUid = newUid()
  const [one, two] = [newUid(), newUid()]
  const study = await register([
    header({ studyUid, seriesUid: one }),
    header({ studyUid, seriesUid: one, instanceNumber: 2 }),
    header({ studyUid, seriesUid: two, modality: 'SR', bodyPart: '' }),
  ])
  assert.deepEqual(
    { ...study, imagingStudy: '' },
    {
      imagingStudy: '',
      created: true,
      quarantined: false,
    },
  )
  const { row, content } = await resource(study.imagingStudy)
  assert.equal(content.started, '2025-03-14T10:15:00+01:00')
  assert.equal(content.subject.reference, 'Patient/patient-17858550084')
  assert.equal(content.numberOfSeries, 2)
  assert.equal(content.numberOfInstances, 3)
  assert.equal(content.meta.source, 'Organization/oslo')
  assert.equal(content.endpoint[0].reference, 'Endpoint/oslo-wado-rs')
  assert.deepEqual(content.identifier, [
    { system: 'urn:dicom:uid', value: `urn:oid:${studyUid}` },
    {
      type: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'ACSN' }],
      },
      value: 'ACC1',
    },
  ])
  assert.ok(content.series.every((series: object) => !('instance' in series)))
  assert.deepEqual(row.modalities, ['CT', 'SR'])
  assert.deepEqual(row.body_regions, ['CHEST'])
  assert.deepEqual(row.study_uids, [studyUid])
  assert.equal(row.started.toISOString(), '2025-03-14T09:15:00.000Z')
  assert.equal(row.patient, 'patient-17858550084')
  const { rows } = await pool.query(
    `select id from resource where type = 'ImagingStudy' and keys @> array[search_key('modality|CT')]`,
  )
  assert.ok(rows.some(({ id }) => id === row.id))
})

test('a growing study is seen at once and keeps its version; a settled one gets a new one', async () => {
  const studyUid = newUid()
  const seriesUid = newUid()
  const settle = (at: Date) => makeSettleStudy({ pool, settleMs: 10_000, clock: () => at })
  const { imagingStudy } = await register([header({ studyUid, seriesUid })])
  const later = new Date(AT.getTime() + 5_000)
  await register([header({ studyUid, seriesUid })], { at: later })
  const grown = await resource(imagingStudy)
  assert.equal(grown.content.meta.versionId, '1')
  assert.equal(grown.content.numberOfInstances, 2)

  assert.equal(await settle(new Date(AT.getTime() + 11_000))(imagingStudy), false)
  assert.equal(await settle(new Date(AT.getTime() + 15_000))(imagingStudy), true)
  assert.equal(await settle(new Date(AT.getTime() + 16_000))(imagingStudy), false)

  await register([header({ studyUid, seriesUid })], { at: new Date(AT.getTime() + 60_000) })
  const { content } = await resource(imagingStudy)
  assert.equal(content.meta.versionId, '2')
  const history = await pool.query(
    `select version, content::jsonb->'numberOfInstances' as instances from resource_version
     where type = 'ImagingStudy' and id = $1 order by version`,
    [imagingStudy],
  )
  // The version that stands is no history.
  assert.deepEqual(history.rows, [{ version: 1, instances: 2 }])
  assert.equal(content.numberOfInstances, 3)
  const provenance = await resource(`${imagingStudy}-2`, 'Provenance')
  assert.equal(provenance.content.target[0].reference, `ImagingStudy/${imagingStudy}/_history/2`)
})

test('settling is asked for once per study, however often it grows', async () => {
  const studyUid = newUid()
  const { imagingStudy } = await register([header({ studyUid })])
  await register([header({ studyUid })], { at: new Date(AT.getTime() + 5_000) })
  const { rows } = await pool.query('select key, run_at from graphile_worker.jobs where key = $1', [
    `settle-study/${imagingStudy}`,
  ])
  assert.equal(rows.length, 1)
  assert.equal(rows[0].run_at.toISOString(), '2026-01-02T03:04:20.000Z')
})

test('two custodians have a copy each of one study', async () => {
  const studyUid = newUid()
  const instanceUid = newUid()
  const one = await register([header({ studyUid, instanceUid })])
  const two = await register([header({ studyUid, instanceUid })], { by: BERGEN })
  assert.notEqual(one.imagingStudy, two.imagingStudy)
  assert.ok(!two.quarantined)
})

test('a study registered for another patient by anyone is quarantined and queued, claim sealed', async () => {
  const [studyUid, instanceUid] = [newUid(), newUid()]
  await register([header({ studyUid, instanceUid })])
  const other = await register([header({ studyUid, instanceUid, patientId: '17858550165' })], {
    by: BERGEN,
  })
  assert.ok(other.quarantined)
  const { row, content } = await resource(other.imagingStudy)
  assert.equal(row.quarantined, true)
  assert.equal(row.patient, null)
  assert.deepEqual(content.subject, { display: 'Identity unclear' })
  const { rows } = await pool.query('select * from unclear_identity where imaging_study = $1', [
    other.imagingStudy,
  ])
  assert.equal(rows.length, 1)
  assert.equal(rows[0].reason, 'study-of-another-patient')
  assert.equal(rows[0].candidate, 'patient-17858550084')
  assert.ok(!rows[0].claim.includes('17858550165'))
  const sealed = sealer.open(rows[0].claim, `unclear-identity/${other.imagingStudy}`)
  assert.equal(JSON.parse(sealed).claim.id, '17858550165')
})

test('one instance of another patient quarantines the whole copy, and a second does not queue it twice', async () => {
  const studyUid = newUid()
  const { imagingStudy } = await register([header({ studyUid })])
  for (let turn = 0; turn < 2; turn += 1) {
    const grown = await register([header({ studyUid, patientId: '17858550165' })])
    assert.ok(grown.quarantined)
  }
  // Nor does a good one let it out again.
  assert.ok((await register([header({ studyUid })])).quarantined)
  assert.equal(
    await count('select count(*) from unclear_identity where imaging_study = $1', imagingStudy),
    1,
  )
  // Its streams are cut once, when it comes into doubt.
  const key = `${OSLO}/${studyUid}`
  assert.equal(
    await count(`select count(*) from access_change where kind = 'copy' and key = $1`, key),
    1,
  )
})

test('the index holds nothing of the patient of a study in doubt', async () => {
  const studyUid = newUid()
  const patientTags = async (study: string) => {
    const { rows } = await pool.query(
      'select attributes, patient from study where imaging_study = $1',
      [study],
    )
    return Object.keys(rows[0].attributes).filter((tag) => tag.startsWith('0010'))
  }
  const { imagingStudy } = await register([header({ studyUid })])
  assert.deepEqual(await patientTags(imagingStudy), [
    '00100010',
    '00100020',
    '00100030',
    '00100040',
  ])
  await register([header({ studyUid, patientId: 'LOCAL' })])
  assert.deepEqual(await patientTags(imagingStudy), [])
  await register([header({ studyUid })])
  assert.deepEqual(await patientTags(imagingStudy), [])
})

async function settle(imagingStudy: string): Promise<void> {
  await pool.query(
    `update unclear_identity set resolved_at = now(), resolved_by = 'clerk' where imaging_study = $1`,
    [imagingStudy],
  )
  await pool.query(`update study set patient = 'patient-x' where imaging_study = $1`, [
    imagingStudy,
  ])
}

test('a doubt that was settled does not settle another claim', async () => {
  const studyUid = newUid()
  const { imagingStudy } = await register([header({ studyUid, patientId: 'LOCAL' })])
  await settle(imagingStudy)
  assert.ok((await register([header({ studyUid, patientId: 'OTHER' })])).quarantined)
})

test('a doubt that was settled stays settled', async () => {
  const studyUid = newUid()
  const unclear = await register([header({ studyUid, patientId: 'LOCAL' })])
  assert.ok(unclear.quarantined)
  await settle(unclear.imagingStudy)
  const grown = await register([header({ studyUid, patientId: 'LOCAL' })])
  assert.ok(!grown.quarantined)
  assert.equal((await resource(grown.imagingStudy)).row.patient, 'patient-x')
})

test('what a source tells again replaces what it told, and counts once', async () => {
  const studyUid = newUid()
  const instanceUid = newUid()
  const { imagingStudy } = await register([header({ studyUid, instanceUid })])
  const seriesUid = newUid()
  await register([header({ studyUid, instanceUid, seriesUid })])
  const { content } = await resource(imagingStudy)
  assert.equal(content.numberOfInstances, 1)
  assert.deepEqual(
    content.series.map((series: { uid: string }) => series.uid),
    [seriesUid],
  )
})

test('concurrent registrations of one study end in one copy with all instances', async () => {
  const studyUid = newUid()
  const results = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      register([header({ studyUid, instanceNumber: index + 1 })]),
    ),
  )
  const ids = new Set(results.map(({ imagingStudy }) => imagingStudy))
  assert.equal(ids.size, 1)
  assert.equal(results.filter(({ created }) => created).length, 1)
  const [id = ''] = ids
  assert.equal((await resource(id)).content.numberOfInstances, 8)
})
