import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import { HubError, isHubError } from '../../src/kernel/errors.ts'
import type { SourceId } from '../../src/kernel/ids.ts'
import { transaction } from '../../src/storage/db.ts'
import { makePool } from '../../src/storage/pool.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { makeAnchorFile, openAudit } from '../support/audit.ts'
import { createDatabase } from '../support/database.ts'
import { ctAttributes, ctObject, ctSeries, newUid } from '../support/dicom.ts'
import { silentLog } from '../support/log.ts'
import { makePublishing, partsOf, publisher } from '../support/publish.ts'
import { custodian, registerStudy } from '../support/register.ts'
import { sampleFiles } from '../support/samples.ts'

const { pool } = await createDatabase({ after })
const CONTEXT = { requestId: 'r1', channel: 'dicomweb' }

interface InstanceRow {
  readonly sop_instance_uid: string
  readonly landing: string | null
  readonly landing_offset: number
  readonly bytes: number
  readonly sha256: Buffer
  readonly metadata: Buffer
}

async function instancesOf(member: string): Promise<readonly InstanceRow[]> {
  const { rows } = await pool.query<InstanceRow>(
    'select * from instance where custodian = $1 order by landing_offset',
    [member],
  )
  return rows
}

test('every byte of a deposited object is where its row says, and its metadata is ready', async (t) => {
  const { publish, objects } = await makePublishing(t, pool)
  const series = ctSeries(3, { size: 300 })
  await publish(publisher('bytes'), { parts: partsOf(series, 10_000) }, CONTEXT)
  const rows = await instancesOf('bytes')
  assert.equal(rows.length, 3)
  for (const [index, row] of rows.entries()) {
    const object = series[index]
    assert.ok(object !== undefined && row.landing !== null)
    const buffer = Buffer.alloc(row.bytes)
    assert.equal(
      await objects.read(row.landing, row.landing_offset, row.bytes, buffer),
      object.length,
    )
    assert.ok(buffer.equals(object))
    assert.ok(createHash('sha256').update(object).digest().equals(row.sha256))
    const metadata = JSON.parse(gunzipSync(row.metadata).toString())
    assert.deepEqual(metadata['00080018'].Value, [row.sop_instance_uid])
    assert.equal(metadata['7FE00010'], undefined)
  }
})

test('one event names the studies and what was refused', async (t) => {
  const { publish, audited } = await makePublishing(t, pool)
  const studyUid = newUid()
  const parts = partsOf([ctObject({ studyUid }), Buffer.from('x')])
  await publish(publisher('audited'), { parts }, CONTEXT)
  const [record, ...others] = audited
  assert.equal(others.length, 0)
  const { act, outcome, reason, entities, requestId }: Partial<AuditRecord> = record ?? {}
  assert.deepEqual(
    { act, outcome, reason, requestId },
    { act: 'publish', outcome: '4', reason: 'cannot-understand', requestId: 'r1' },
  )
  const [entity] = entities ?? []
  assert.ok(entity?.kind === 'study' && entity.study === studyUid)
})

test('more requests at a time than the database has connections wait for the log, not for each other', async (t) => {
  const { url, pool: auditPool } = await createDatabase(t)
  const connection = { connectionString: url }
  const small = makePool({ connection, max: 2, log: silentLog })
  const audit = await openAudit(auditPool, makeAnchorFile(t))
  const { publish } = await makePublishing(t, small, { recordAudit: audit.record })
  const many = Array.from({ length: 12 }, (_, index) =>
    publish(publisher(`many-${String(index)}`), { parts: partsOf([ctObject()]) }, CONTEXT),
  )
  const results = await Promise.all(many)
  assert.ok(results.every(({ stored }) => stored.length === 1))
  await small.end()
  await audit.close()
  const { rows } = await auditPool.query('select count(*) as events from audit_event')
  assert.deepEqual(rows, [{ events: 12 }])
})

test('what cannot be logged is not published, and nothing of it is kept', async (t) => {
  const { publish, folder } = await makePublishing(t, pool, {
    recordAudit: () => Promise.reject(new HubError('unavailable', 'The log is full')),
  })
  const request = publish(publisher('unlogged'), { parts: partsOf([ctObject()]) }, CONTEXT)
  await assert.rejects(request, (error) => isHubError(error, 'unavailable'))
  assert.deepEqual(await instancesOf('unlogged'), [])
  const left = await readdir(folder, { recursive: true, withFileTypes: true })
  assert.deepEqual(
    left.filter((one) => one.isFile()).map(({ name }) => name),
    [],
  )
})

test('what was held at a source becomes deposited, once', async (t) => {
  const { publish } = await makePublishing(t, pool)
  const member = custodian('moving')
  await pool.query(
    `insert into source (id, custodian, kind, name, settings, created_at)
     values ('pacs', $1, 'dicomweb', 'PACS', '', now())`,
    [member],
  )
  const uids = { studyUid: newUid(), seriesUid: newUid(), instanceUid: newUid() }
  const options = { ...uids, instanceNumber: 1 }
  await transaction(pool, (db) =>
    registerStudy(db, {
      custodian: member,
      source: 'pacs' as SourceId,
      instances: [{ header: toInstanceHeader(ctAttributes(options)) }],
      publishedBy: { member },
      at: new Date(),
    }),
  )
  const object = ctObject(options)
  const result = await publish(publisher(member), { parts: partsOf([object]) }, CONTEXT)
  assert.deepEqual(result.failed, [])
  const [row, ...others] = await instancesOf(member)
  assert.equal(others.length, 0)
  assert.equal(row?.bytes, object.length)

  const elsewhere = ctObject({ ...options, studyUid: newUid() })
  const refused = await publish(publisher(member), { parts: partsOf([elsewhere]) }, CONTEXT)
  assert.deepEqual(
    refused.failed.map(({ reason }) => reason),
    ['duplicate'],
  )
})

test('a landing that cannot be made durable is an error, and nothing is entered', async (t) => {
  const { objects } = await makePublishing(t, pool)
  const { publish } = await makePublishing(t, pool, {
    objects: {
      ...objects,
      async createLanding() {
        const landing = await objects.createLanding()
        return Object.assign(landing, {
          commit: () => Promise.reject(Object.assign(new Error('fsync'), { code: 'EIO' })),
        })
      },
    },
  })
  await assert.rejects(
    publish(publisher('eio'), { parts: partsOf([ctObject()]) }, CONTEXT),
    /fsync/,
  )
  assert.deepEqual(await instancesOf('eio'), [])
  assert.equal(await objects.sweep(async () => new Set()), 0)
})

test('real objects of every kind are stored byte for byte, or refused with a reason', async (t) => {
  const { publish, objects } = await makePublishing(t, pool)
  const files = [...(await sampleFiles(t, 'dicom')), ...(await sampleFiles(t, 'malformed'))]
  const contents = await Promise.all(files.map((file) => readFile(file)))
  const result = await publish(publisher('samples'), { parts: partsOf(contents) }, CONTEXT)
  if (files.length === 0) return
  assert.ok(result.stored.length > 200)
  const rows = await instancesOf('samples')
  const hashes = new Set(contents.map((bytes) => createHash('sha256').update(bytes).digest('hex')))
  for (const row of rows) {
    assert.ok(hashes.has(row.sha256.toString('hex')))
    const buffer = Buffer.alloc(row.bytes)
    await objects.read(row.landing ?? '', row.landing_offset, row.bytes, buffer)
    assert.ok(createHash('sha256').update(buffer).digest().equals(row.sha256))
  }
})
