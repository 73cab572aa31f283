import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import type { Pool } from 'pg'
import { parseInstanceUid } from '../../src/domain/imaging/uid.ts'
import { EMPTY_TREE, appendLeaves, leafHash } from '../../src/domain/audit/merkle.ts'
import { verifyAudit, type AuditReport } from '../../src/services/verify-audit.ts'
import {
  access,
  auditRecord,
  checkpointKey,
  disclosedStudy,
  makeAnchorFile,
  openAudit,
  publicKeys,
} from '../support/audit.ts'
import { createDatabase, type Scope } from '../support/database.ts'
import { makeCheckpointKey, signCheckpoint } from '../../src/wire/audit/checkpoint.ts'

interface World {
  readonly pool: Pool
  readonly file: string
  readonly verify: () => Promise<AuditReport>
}

/** Ten events, anchored after the fourth and the eighth. */
async function anchoredLog(scope: Scope): Promise<World> {
  const { pool } = await createDatabase(scope)
  const file = makeAnchorFile(scope)
  for (const events of [4, 4]) {
    const audit = await openAudit(pool, file)
    for (let n = 0; n < events; n++)
      await audit.record(auditRecord({ requestId: `r-${String(n)}` }))
    await audit.close()
  }
  const crashed = await openAudit(pool, file)
  await crashed.record(auditRecord())
  await crashed.record(auditRecord())
  return { pool, file, verify: () => verifyAudit({ pool, anchorFile: file, publicKeys }) }
}

const found = (report: AuditReport) =>
  report.findings.map((finding) => [finding.kind, 'seq' in finding ? finding.seq : finding.size])

const lines = (file: string) => fs.readFileSync(file, 'utf8').trimEnd().split('\n')

describe('verifying the audit log', () => {
  it('passes a log that nobody has touched, and prints what no checkpoint covers yet', async (t) => {
    const { verify } = await anchoredLog(t)
    const report = await verify()
    assert.deepEqual(report.findings, [])
    assert.equal(report.ok, true)
    assert.equal(report.events, 10)
    assert.equal(report.anchored?.size, 8)
    assert.equal(report.unprotected.events, 2)
  })

  it('passes an empty log with an empty anchor', async (t) => {
    const { pool } = await createDatabase(t)
    const file = makeAnchorFile(t)
    await (await openAudit(pool, file)).close()
    const report = await verifyAudit({ pool, anchorFile: file, publicKeys })
    assert.equal(report.ok, true)
    assert.equal(report.anchored, undefined)
  })

  it('finds a text that was changed', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await pool.query(
      `update audit_event set content = replace(content, 'Kari', 'Per') where seq = 2`,
    )
    assert.deepEqual(found(await verify()), [['event-changed', 2]])
  })

  it('finds a text that was changed together with its leaf, and with the head', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    const { rows } = await pool.query('select content from audit_event where seq = 5')
    const content = rows[0].content.replace('Kari', 'Per')
    await pool.query('update audit_event set content = $1, leaf = $2 where seq = 5', [
      content,
      leafHash(content),
    ])
    await rebuildHead(pool)
    assert.deepEqual(found(await verify()), [['root-mismatch', 4]])
  })

  it('finds an event that was removed', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await pool.query('delete from audit_event where seq = 3')
    const report = await verify()
    assert.deepEqual(found(report)[0], ['event-missing', 3])
    assert.equal(report.ok, false)
  })

  it('finds an event that was removed when the others closed ranks', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await pool.query('delete from audit_event where seq = 3')
    await pool.query('update audit_event set seq = -seq where seq > 3')
    await pool.query('update audit_event set seq = -seq - 1 where seq < 0')
    await rebuildHead(pool)
    assert.deepEqual(found(await verify()), [['root-mismatch', 0]])
  })

  it('finds two events that were exchanged', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await pool.query('update audit_event set seq = -1 where seq = 5')
    await pool.query('update audit_event set seq = 5 where seq = 6')
    await pool.query('update audit_event set seq = 6 where seq = -1')
    await rebuildHead(pool)
    assert.deepEqual(found(await verify()), [['root-mismatch', 4]])
  })

  it('finds an event that was slipped in', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await pool.query('update audit_event set seq = -seq where seq >= 6')
    await pool.query('update audit_event set seq = 1 - seq where seq < 0')
    await copyEvent(pool, 6)
    await rebuildHead(pool)
    assert.deepEqual(found(await verify()), [['root-mismatch', 4]])
  })

  it('finds an event that was put before the first', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await copyEvent(pool, -1)
    assert.deepEqual(found(await verify()), [['event-out-of-place', -1]])
  })

  it('finds that the end was cut off', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await pool.query('delete from audit_event where seq >= 6')
    await rebuildHead(pool)
    assert.deepEqual(found(await verify()), [['log-truncated', 6]])
  })

  it('finds that everything was deleted', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await pool.query('truncate audit_event')
    await rebuildHead(pool)
    assert.deepEqual(found(await verify()), [['log-truncated', 0]])
  })

  it('finds columns that hide an event from its patient or a custodian', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await pool.query(`update audit_event set patient = 'patient-2' where seq = 1`)
    await pool.query(`update audit_event set member = null where seq = 2`)
    await pool.query(`update audit_event set custodians = '{other}' where seq = 4`)
    await pool.query(`update audit_event set recorded = recorded + interval '1 day' where seq = 5`)
    assert.deepEqual(
      found(await verify()),
      [1, 2, 4, 5].map((seq) => ['columns-changed', seq]),
    )
  })

  it('finds entries that were taken away or added, so that a search misses an event or finds it wrongly', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await pool.query(`update audit_event set keys = '{}' where seq = 1`)
    await pool.query(`update audit_event set refs = '{}' where seq = 3`)
    await pool.query(`update audit_event set keys = keys || search_key('x') where seq = 6`)
    assert.deepEqual(
      found(await verify()),
      [1, 3, 6].map((seq) => ['columns-changed', seq]),
    )
  })

  it('finds the review of an emergency access that was removed or changed', async (t) => {
    const { pool } = await createDatabase(t)
    const file = makeAnchorFile(t)
    const audit = await openAudit(pool, file)
    const at = new Date('2026-03-01T08:30:00.123Z')
    const custodian = disclosedStudy.custodian
    for (const [grant, reviewers] of [
      ['grant-1', [custodian]],
      ['grant-2', [custodian]],
      ['grant-3', []],
    ] as const) {
      await audit.record(
        auditRecord({
          act: 'break-glass',
          at,
          entities: [
            { kind: 'resource', reference: `Grant/${grant}` },
            ...reviewers.map(
              (id) =>
                ({ kind: 'resource', reference: `Organization/${id}`, custodian: id }) as const,
            ),
          ],
        }),
      )
      if (reviewers.length > 0) await queueWithoutGrant(pool, { grant, reviewers, at })
    }
    await audit.close()
    const verify = () => verifyAudit({ pool, anchorFile: file, publicKeys })
    assert.deepEqual(found(await verify()), [])
    await pool.query(`delete from break_glass_review where grant_id = 'grant-1'`)
    await pool.query(`update break_glass_review set custodians = '{}' where grant_id = 'grant-2'`)
    assert.deepEqual(found(await verify()), [
      ['review-changed', 0],
      ['review-changed', 1],
    ])
  })

  it('finds a head that is not that of the events', async (t) => {
    const { pool, verify } = await anchoredLog(t)
    await pool.query('update audit_head set size = 9')
    assert.deepEqual(found(await verify()), [['head-changed', 9]])
  })

  it('finds objects of a closed disclosure that were removed or added', async (t) => {
    const { pool } = await createDatabase(t)
    const file = makeAnchorFile(t)
    const audit = await openAudit(pool, file)
    const disclosure = await audit.openDisclosure(access, disclosedStudy, {
      requestId: 'r',
      channel: 'dicomweb',
    })
    for (const n of [1, 2, 3]) disclosure.add(parseInstanceUid(`1.2.${String(n)}`), 1)
    await disclosure.close('completed')
    await audit.close()
    const verify = () => verifyAudit({ pool, anchorFile: file, publicKeys })
    assert.deepEqual(found(await verify()), [])
    await pool.query(`delete from disclosure_object where sop_instance_uid = '1.2.2'`)
    assert.deepEqual(found(await verify()), [['objects-changed', 1]])
  })
})

/** The queue alone matters here: grants are made elsewhere. */
async function queueWithoutGrant(
  pool: Pool,
  row: { readonly grant: string; readonly reviewers: readonly string[]; readonly at: Date },
): Promise<void> {
  await pool.query(
    'alter table break_glass_review drop constraint if exists break_glass_review_grant_id_fkey',
  )
  await pool.query(
    'insert into break_glass_review (grant_id, custodians, raised_at) values ($1, $2, $3)',
    [row.grant, row.reviewers, row.at],
  )
}

describe('verifying the anchor', () => {
  it('finds a line that was taken out of the middle, or off the beginning', async (t) => {
    const { file, verify } = await anchoredLog(t)
    const [, second] = lines(file)
    fs.writeFileSync(file, `${second ?? ''}\n`)
    assert.deepEqual(found(await verify()), [['anchor-gap', 8]])
  })

  it('finds lines that were taken off the end, once events lie further apart than checkpoints', async (t) => {
    const { pool, file, verify } = await anchoredLog(t)
    const audit = await openAudit(pool, file)
    await audit.record(auditRecord({ at: new Date('2026-03-01T09:30:00Z') }))
    await audit.close()
    assert.equal((await verify()).ok, true)
    fs.writeFileSync(file, `${lines(file)[0] ?? ''}\n`)
    assert.deepEqual(found(await verify()), [['anchor-overdue', 4]])
  })

  it('finds a line whose size, root or signature was changed', async (t) => {
    const { file, verify } = await anchoredLog(t)
    const [first, second] = lines(file)
    fs.writeFileSync(file, `${first?.replace('"size":4', '"size":3') ?? ''}\n${second ?? ''}\n`)
    assert.deepEqual(found(await verify()), [
      ['bad-signature', 3],
      ['anchor-gap', 8],
    ])
  })

  it('finds a checkpoint signed by another key', async (t) => {
    const { file, verify } = await anchoredLog(t)
    const other = makeCheckpointKey(Buffer.alloc(32, 9))
    const statement = {
      size: 4,
      root: 'ab'.repeat(32),
      at: new Date().toISOString(),
      previous: null,
    }
    fs.writeFileSync(file, `${JSON.stringify(signCheckpoint(statement, other))}\n`)
    assert.deepEqual(found(await verify())[0], ['bad-signature', 4])
  })

  it('finds a rightly signed checkpoint of another log', async (t) => {
    const { file, verify } = await anchoredLog(t)
    const statement = {
      size: 4,
      root: 'ab'.repeat(32),
      at: new Date().toISOString(),
      previous: null,
    }
    fs.writeFileSync(file, `${JSON.stringify(signCheckpoint(statement, checkpointKey))}\n`)
    assert.deepEqual(found(await verify()), [['root-mismatch', 0]])
  })

  it('passes over a line that a crash tore, and the next checkpoint begins below it', async (t) => {
    const { pool, file, verify } = await anchoredLog(t)
    fs.appendFileSync(file, '{"size":10,"root":"ab')
    const audit = await openAudit(pool, file)
    await audit.close()
    const report = await verify()
    assert.deepEqual(report.findings, [])
    assert.equal(report.unreadableLines, 1)
    assert.equal(report.anchored?.size, 10)
  })
})

/** What a forger with the database would do to cover up. */
async function rebuildHead(pool: Pool): Promise<void> {
  const { rows } = await pool.query('select leaf from audit_event order by seq')
  const tree = appendLeaves(
    EMPTY_TREE,
    rows.map(({ leaf }) => leaf),
  )
  await pool.query('update audit_head set size = $1, frontier = $2', [tree.size, tree.frontier])
}

async function copyEvent(pool: Pool, seq: number): Promise<void> {
  const id = crypto.randomUUID()
  const { rows } = await pool.query('select id, content from audit_event where seq = 0')
  const content = rows[0].content.replace(rows[0].id, id)
  await pool.query(
    `insert into audit_event (seq, id, recorded, content, leaf, patient, custodians, member, keys, refs,
       compared)
     select $1, $2, recorded, $3, $4, patient, custodians, member, keys, refs, compared
       from audit_event where seq = 0`,
    [seq, id, content, leafHash(content)],
  )
}
