import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Pool } from 'pg'
import { makeFileObjects } from '../../src/storage/file-objects.ts'
import { knownLandings } from '../../src/storage/instances.ts'
import type { ObjectStore } from '../../src/storage/objects.ts'
import { startChild } from '../support/children.ts'
import { createDatabase } from '../support/database.ts'
import { seededRandom } from '../support/random.ts'

const CHILD = join(import.meta.dirname, '../support/store-child.ts')
const KILLS = 12
const SEED = 1_207

/** Every row's bytes are all there; returns the UIDs. */
async function checkAll(pool: Pool, objects: ObjectStore): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query(
    'select sop_instance_uid as uid, landing, landing_offset as at, bytes, sha256 from instance',
  )
  for (const { landing, at, bytes, sha256 } of rows) {
    const buffer = Buffer.alloc(bytes)
    assert.equal(await objects.read(landing, at, bytes, buffer), bytes)
    assert.ok(createHash('sha256').update(buffer).digest().equals(sha256))
  }
  const { rows: counts } = await pool.query(
    `select (content::jsonb->>'numberOfInstances')::integer as told,
       (select count(*)::integer from instance where imaging_study = id) as held
     from resource where type = 'ImagingStudy'`,
  )
  for (const { told, held } of counts) assert.equal(told, held)
  return new Set(rows.map(({ uid }) => uid))
}

test('a kill -9 at any moment loses nothing acknowledged and shows nothing half', async (t) => {
  const { pool, url } = await createDatabase(t)
  const folder = await mkdtemp(join(tmpdir(), 'samsyn-kill-'))
  const objects = await makeFileObjects(folder, {
    clock: () => new Date(Date.now() + 3_600_000),
    sweepAfterMs: 0,
  })
  const random = seededRandom(SEED)
  const acknowledged = new Set<string>()
  for (let turn = 0; turn < KILLS; turn += 1) {
    const child = startChild(process.execPath, [CHILD, url, folder])
    await child.line(/^ready/)
    // The moment is the point: another one each time.
    await setTimeout(random() * 400)
    await child.kill('SIGKILL')
    for (const [, uid = ''] of child.output().matchAll(/^stored (\S+)$/gm)) acknowledged.add(uid)
    const held = await checkAll(pool, objects)
    for (const uid of acknowledged) assert.ok(held.has(uid))
  }
  t.diagnostic(`seed ${SEED}: ${KILLS} kills, ${acknowledged.size} instances acknowledged`)
  assert.ok(acknowledged.size > 0)

  // What the kills left without a row goes, and nothing else does.
  await objects.sweep((ids) => knownLandings(pool, ids))
  await objects.close()
  const reopened = await makeFileObjects(folder, { clock: () => new Date() })
  await checkAll(pool, reopened)
  await reopened.close()
  await rm(folder, { recursive: true })
})
