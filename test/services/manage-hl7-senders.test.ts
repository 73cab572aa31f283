import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { AuditRecord } from '../../src/domain/audit/event.ts'
import { makeManageHl7Senders } from '../../src/services/manage-hl7-senders.ts'
import { findHl7Sender } from '../../src/storage/hl7-senders.ts'
import { hl7SenderView, newHl7SenderSchema } from '../../src/wire/admin/hl7-senders.ts'
import { createDatabase } from '../support/database.ts'

const BY = { context: { requestId: 'r', channel: 'admin' } }
const FINGERPRINT = `${'AB:'.repeat(31)}AB`
const MARKS = { id: 'north-ris', member: 'north', name: 'RIS' }
const PLACE = { address: '10.1.0.0/16', application: 'RIS', facility: 'NORTH' }

async function start(t: TestContext) {
  const { pool } = await createDatabase(t)
  await pool.query(
    `insert into member (id, orgnr, name, roles, created_at) values ('north', '999999999', 'Nordre', '{publisher}', now())`,
  )
  const audited: AuditRecord[] = []
  const manage = makeManageHl7Senders({
    pool,
    clock: () => new Date(),
    recordAudit: async (record) => {
      audited.push(record)
    },
  })
  return { pool, audited, manage }
}

test('a sender is known by its place and names, or by its certificate wherever it is', async (t) => {
  const { pool, manage } = await start(t)
  const add = (request: object) => manage.addHl7Sender(newHl7SenderSchema.parse(request), BY)
  await add({ ...MARKS, ...PLACE })
  await add({ ...MARKS, id: 'north-ei', fingerprint: FINGERPRINT })
  const find = async (marks: Partial<Parameters<typeof findHl7Sender>[1]>) =>
    (
      await findHl7Sender(pool, {
        fingerprint: undefined,
        address: '10.1.2.3',
        application: 'RIS',
        facility: 'NORTH',
        ...marks,
      })
    )?.id
  assert.equal(await find({}), 'north-ris')
  assert.equal(await find({ address: '10.2.0.1' }), undefined)
  assert.equal(await find({ facility: 'SOUTH' }), undefined)
  assert.equal(await find({ address: '::1', fingerprint: 'ab'.repeat(32) }), 'north-ei')
  assert.equal(await find({ address: '10.2.0.1', fingerprint: 'cd'.repeat(32) }), undefined)
})

test('a sender that is disabled is known no more, and each act is logged', async (t) => {
  const { pool, manage, audited } = await start(t)
  const request = newHl7SenderSchema.parse({ ...MARKS, ...PLACE })
  await manage.addHl7Sender(request, BY)
  await assert.rejects(manage.addHl7Sender(request, BY), { code: 'conflict' })
  await assert.rejects(manage.addHl7Sender({ ...request, member: 'south' }, BY), {
    code: 'not-found',
  })
  await manage.disableHl7Sender('north-ris', BY)
  await assert.rejects(manage.disableHl7Sender('other', BY), { code: 'not-found' })
  const marks = { fingerprint: undefined, ...PLACE, address: '10.1.2.3' }
  assert.equal(await findHl7Sender(pool, marks), undefined)
  const [sender] = await manage.listHl7Senders(BY)
  assert.ok(sender)
  assert.equal(hl7SenderView(sender).active, false)
  assert.deepEqual(
    audited.map(({ reason }) => reason),
    ['hl7-sender-added', 'hl7-sender-disabled', 'hl7-senders-listed'],
  )
})

for (const [name, request] of [
  ['neither certificate nor place', MARKS],
  ['an address alone', { ...MARKS, address: '10.1.0.1' }],
  ['no network', { ...MARKS, ...PLACE, address: '10.1.0.0/33' }],
  ['no fingerprint', { ...MARKS, fingerprint: 'abc' }],
  ['an unknown character set', { ...MARKS, ...PLACE, charset: 'ISO IR87' }],
] as const) {
  test(`a sender with ${name} is not registered`, () => {
    assert.equal(newHl7SenderSchema.safeParse(request).success, false)
  })
}
