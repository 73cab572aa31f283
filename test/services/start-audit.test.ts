import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { parseInstanceUid } from '../../src/domain/imaging/uid.ts'
import type { ClientId } from '../../src/kernel/ids.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import { readAuditHead } from '../../src/storage/audit-events.ts'
import { access, auditRecord, disclosedStudy, makeAnchorFile, openAudit } from '../support/audit.ts'
import { createDatabase } from '../support/database.ts'
import { parseCheckpoint } from '../../src/wire/audit/checkpoint.ts'

const context = { requestId: 'request-1', channel: 'dicomweb' }
const instance = (n: number) => parseInstanceUid(`1.2.3.${String(n)}`)

interface Logged {
  readonly act: string
  readonly outcome: string
  readonly details: Readonly<Record<string, string>>
}

interface ParsedEvent {
  readonly outcome: string
  readonly subtype: readonly { readonly system: string; readonly code: string }[]
  readonly entity: readonly {
    readonly role?: { readonly code: string }
    readonly detail?: readonly { readonly type: string; readonly valueString: string }[]
  }[]
}

async function readLog(
  pool: Awaited<ReturnType<typeof createDatabase>>['pool'],
): Promise<Logged[]> {
  const { rows } = await pool.query('select content from audit_event order by seq')
  return rows.map(({ content }) => {
    const event: ParsedEvent = JSON.parse(content)
    const own = event.subtype.find(({ system }) => system.startsWith('https://samsyn'))
    const disclosure = event.entity.find(({ role }) => role?.code === '20')
    const details = (disclosure?.detail ?? []).map((one) => [one.type, one.valueString])
    return {
      act: own?.code ?? '',
      outcome: event.outcome,
      details: Object.fromEntries(details),
    }
  })
}

const anchored = (file: string) =>
  fs.readFileSync(file, 'utf8').trim().split('\n').map(parseCheckpoint)

describe('the running audit log', () => {
  it('has the record when recording resolves, with its place in the tree', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    await audit.record(auditRecord())
    const { rows } = await pool.query('select seq, patient, custodians, member from audit_event')
    assert.deepEqual(rows, [{ seq: 0, patient: 'patient-1', custodians: [], member: 'north' }])
    assert.equal((await readAuditHead(pool)).size, 1)
    await audit.close()
  })

  it('commits what is recorded at once in few transactions', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    await Promise.all(Array.from({ length: 400 }, () => audit.record(auditRecord())))
    const { rows } = await pool.query(
      'select count(*)::int as events, count(distinct xmin::text)::int as commits from audit_event',
    )
    assert.deepEqual(rows, [{ events: 400, commits: 1 }])
    await audit.close()
  })

  it('refuses to record where the database does not take it', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    await pool.query('alter table audit_event add constraint none check (false) not valid')
    await assert.rejects(audit.record(auditRecord()))
    await assert.rejects(audit.openDisclosure(access, disclosedStudy, context))
    await pool.query('alter table audit_event drop constraint none')
    await audit.record(auditRecord())
    await audit.close()
    assert.deepEqual(
      (await readLog(pool)).map(({ act }) => act),
      ['search'],
    )
  })

  it('lets a record that the database refuses fail alone', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    await pool.query(`alter table audit_event add check (member is distinct from 'refused')`)
    const { principal } = access
    const refused = { ...principal, member: 'refused' as typeof principal.member }
    const results = await Promise.allSettled([
      audit.record(auditRecord()),
      audit.record(auditRecord({ principal: refused })),
      audit.record(auditRecord()),
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    await audit.close()
  })

  it('records nothing after it was closed', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    await audit.close()
    await assert.rejects(audit.record(auditRecord()), (error) => isHubError(error, 'unavailable'))
  })

  it('takes text no database would, cut and cleaned', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    const hostile = `nul \0, half \ud800, quote " and \\ and ${'long '.repeat(10_000)}`
    await audit.record(auditRecord({ requestId: hostile, reason: hostile, channel: 'x' }))
    await audit.record(auditRecord({ entities: [{ kind: 'query', query: hostile }] }))
    const { rows } = await pool.query('select max(length(content)) as longest from audit_event')
    assert.ok(rows[0].longest < 20_000)
    await audit.close()
  })

  it('anchors the whole log when it closes', async (t) => {
    const { pool } = await createDatabase(t)
    const file = makeAnchorFile(t)
    const audit = await openAudit(pool, file)
    await audit.record(auditRecord())
    await audit.record(auditRecord())
    await audit.close()
    assert.deepEqual(
      anchored(file).map((checkpoint) => checkpoint?.size),
      [2],
    )
  })

  it('anchors at start what a crash left between append and checkpoint', async (t) => {
    const { pool } = await createDatabase(t)
    const file = makeAnchorFile(t)
    const crashed = await openAudit(pool, file)
    await crashed.record(auditRecord())
    assert.equal(fs.readFileSync(file, 'utf8'), '')
    const audit = await openAudit(pool, file)
    assert.deepEqual(
      anchored(file).map((checkpoint) => checkpoint?.size),
      [1],
    )
    await audit.close()
    await crashed.close()
  })

  it('does not start on a log that is shorter than its anchor says', async (t) => {
    const { pool } = await createDatabase(t)
    const file = makeAnchorFile(t)
    const audit = await openAudit(pool, file)
    await audit.record(auditRecord())
    await audit.close()
    const other = await createDatabase(t)
    await assert.rejects(openAudit(other.pool, file), (error) => isHubError(error, 'conflict'))
  })
})

describe('a disclosure', () => {
  it('is in the log before the first byte may flow', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    const disclosure = await audit.openDisclosure(access, disclosedStudy, context)
    assert.deepEqual(
      (await readLog(pool)).map(({ act }) => act),
      ['disclosure-opened'],
    )
    await disclosure.close('completed')
    await audit.close()
  })

  it('is one for all single-instance requests under one grant on one channel', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    const requests = Array.from({ length: 50 }, async (_, n) => {
      const disclosure = await audit.openDisclosure(access, disclosedStudy, context)
      disclosure.add(instance(n), 100)
      await disclosure.close('completed')
    })
    await Promise.all(requests)
    await audit.close()
    const [opened, closed, ...more] = await readLog(pool)
    assert.equal(opened?.act, 'disclosure-opened')
    assert.equal(closed?.act, 'disclosure-closed')
    assert.equal(closed.details.objects, '50')
    assert.equal(closed.details.bytes, '5000')
    assert.deepEqual(more, [])
    const { rows } = await pool.query('select count(*)::int as objects from disclosure_object')
    assert.deepEqual(rows, [{ objects: 50 }])
  })

  it('is another one for another channel and for another client without a grant', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    const { grant: _grant, ...own } = access
    const other = { ...own, principal: { ...own.principal, client: 'other' as ClientId } }
    await audit.openDisclosure(access, disclosedStudy, context)
    await audit.openDisclosure(access, disclosedStudy, { ...context, channel: 'fhir' })
    await audit.openDisclosure(own, disclosedStudy, context)
    await audit.openDisclosure(other, disclosedStudy, context)
    assert.equal((await readLog(pool)).length, 4)
    await audit.close()
  })

  it('counts an object that is fetched twice once, and its bytes twice', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    const disclosure = await audit.openDisclosure(access, disclosedStudy, context)
    disclosure.add(instance(1), 10)
    disclosure.add(instance(1), 10)
    await disclosure.close('completed')
    await audit.close()
    const [, closed] = await readLog(pool)
    assert.equal(closed?.details.objects, '1')
    assert.equal(closed.details.bytes, '20')
  })

  it('closes by itself a moment after its last stream', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t), { lingerSeconds: 0 })
    const disclosure = await audit.openDisclosure(access, disclosedStudy, context)
    await disclosure.close('completed')
    await eventually(async () => (await readLog(pool)).length === 2)
    const again = await audit.openDisclosure(access, disclosedStudy, context)
    assert.deepEqual(
      (await readLog(pool)).map(({ act }) => act),
      ['disclosure-opened', 'disclosure-closed', 'disclosure-opened'],
    )
    await again.close('completed')
    await audit.close()
  })

  it('has the worst outcome of its streams, and "aborted" where the hub stopped before them', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    const failed = await audit.openDisclosure(access, disclosedStudy, context)
    const fine = await audit.openDisclosure(access, disclosedStudy, context)
    await failed.close('failed')
    await failed.close('completed')
    await fine.close('completed')
    await audit.openDisclosure(access, disclosedStudy, { ...context, channel: 'open' })
    await audit.close()
    const closed = (await readLog(pool)).filter(({ act }) => act === 'disclosure-closed')
    assert.deepEqual(
      closed.map(({ outcome }) => outcome),
      ['8', '4'],
    )
  })

  it('hands on the signal that access has ended, and lets go of it', async (t) => {
    const { pool } = await createDatabase(t)
    const controller = new AbortController()
    let watched = 0
    const watch = () => {
      watched += 1
      return { signal: controller.signal, close: () => void (watched -= 1) }
    }
    const audit = await openAudit(pool, makeAnchorFile(t), { watch })
    const disclosure = await audit.openDisclosure(access, disclosedStudy, context)
    assert.equal(watched, 1)
    controller.abort()
    assert.equal(disclosure.signal.aborted, true)
    await disclosure.close('aborted')
    assert.equal(watched, 0)
    await audit.close()
  })

  it('stays unclosed, which reads as the whole study, where its objects were not recorded', async (t) => {
    const { pool } = await createDatabase(t)
    const audit = await openAudit(pool, makeAnchorFile(t))
    const disclosure = await audit.openDisclosure(access, disclosedStudy, context)
    await pool.query('alter table disclosure_object add constraint none check (false) not valid')
    disclosure.add(instance(1), 10)
    await disclosure.close('completed')
    await audit.close()
    assert.deepEqual(
      (await readLog(pool)).map(({ act }) => act),
      ['disclosure-opened'],
    )
  })
})

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('It did not come to hold')
  }
}
