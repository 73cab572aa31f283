import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { auditCommand } from '../../src/commands/audit.ts'
import { auditRecord, makeAnchorFile, openAudit, publicKeys } from '../support/audit.ts'
import { createDatabase, type Scope } from '../support/database.ts'

async function prepare(scope: Scope) {
  const { pool } = await createDatabase(scope)
  const anchorFile = makeAnchorFile(scope)
  const audit = await openAudit(pool, anchorFile)
  await audit.record(auditRecord({ requestId: 'r-1' }))
  await audit.record(auditRecord({ requestId: 'r-2' }))
  await audit.close()
  const run = async (...args: string[]) => {
    const out = new PassThrough()
    let exitCode = 0
    const open = () =>
      Promise.resolve({ pool, anchorFile, publicKeys, close: () => Promise.resolve() })
    const command = auditCommand({ open, out, setExitCode: (code) => (exitCode = code) })
    const printed = text(out)
    await command.parseAsync(args, { from: 'user' })
    out.end()
    return { printed: await printed, exitCode }
  }
  return { pool, anchorFile, run }
}

describe('samsyn audit', () => {
  it('verify prints what is protected and exits with 0', async (t) => {
    const { run, anchorFile } = await prepare(t)
    const { printed, exitCode } = await run('verify', '--anchor', anchorFile)
    assert.match(printed, /first 2 events/)
    assert.match(printed, /^PASS/m)
    assert.equal(exitCode, 0)
  })

  it('verify exits with 1 and names the event that was changed', async (t) => {
    const { pool, run } = await prepare(t)
    await pool.query(`update audit_event set content = content || ' ' where seq = 1`)
    const { printed, exitCode } = await run('verify')
    assert.match(printed, /FOUND event-changed: The text of event 1/)
    assert.equal(exitCode, 1)
  })

  it('verify --json prints one report', async (t) => {
    const { run } = await prepare(t)
    const { printed } = await run('verify', '--json')
    assert.equal(JSON.parse(printed).ok, true)
  })

  it('verify fails where there is no anchor file', async (t) => {
    const { run, anchorFile } = await prepare(t)
    await assert.rejects(run('verify', '--anchor', `${anchorFile}.none`), /cannot be read/)
  })

  it('export prints the events as lines of JSON, oldest first, from where it is told', async (t) => {
    const { run } = await prepare(t)
    const all = (await run('export')).printed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      all.map(({ resourceType }) => resourceType),
      ['AuditEvent', 'AuditEvent'],
    )
    const { printed } = await run('export', '--from', '1')
    assert.match(printed, /r-2/)
    assert.doesNotMatch(printed, /r-1/)
  })
})
