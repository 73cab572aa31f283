import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Command, CommanderError } from 'commander'
import { clientCommand } from '../../src/commands/client.ts'
import { reportFailure } from '../../src/commands/failure.ts'
import { memberCommand } from '../../src/commands/member.ts'
import { sourceCommand } from '../../src/commands/source.ts'
import { HubError } from '../../src/kernel/errors.ts'
import { OPERATOR, startAdministration } from '../support/administration.ts'

interface Shell {
  /** Runs `samsyn <line>` and returns the lines it printed. */
  run(...args: readonly string[]): Promise<string>
  json(...args: readonly string[]): Promise<ReturnType<typeof JSON.parse>>
  readonly closed: () => number
}

async function openShell(t: TestContext): Promise<Shell> {
  const { administration } = await startAdministration(t)
  let closed = 0
  const open = () =>
    Promise.resolve({
      administration,
      operator: OPERATOR,
      close: async () => {
        closed += 1
      },
    })
  const log = t.mock.method(console, 'log', () => undefined)
  t.mock.method(console, 'error', () => undefined)

  async function run(...args: readonly string[]): Promise<string> {
    const program = new Command('samsyn')
    for (const make of [memberCommand, clientCommand, sourceCommand])
      program.addCommand(make({ open }))
    for (const command of [program, ...program.commands.flatMap((each) => each.commands)])
      command.exitOverride().configureOutput({ writeErr: () => undefined })
    log.mock.resetCalls()
    await program.parseAsync(args, { from: 'user' })
    return log.mock.calls.map((call) => String(call.arguments.at(0))).join('\n')
  }
  return {
    run,
    json: async (...args) => JSON.parse(await run(...args, '--json')),
    closed: () => closed,
  }
}

const ADD_MEMBER = ['member', 'add', '--orgnr', '974760673', '--name', 'Testsykehuset']
const MEMBER = [...ADD_MEMBER, '--role', 'clinical', 'publisher']

test('a member, its client and its source are made, listed and ended from the command line', async (t) => {
  const { run, json } = await openShell(t)
  const member = await json(...MEMBER)
  assert.deepEqual(member.roles, ['clinical', 'publisher'])

  const scope = ['--scope', 'samsyn:publish']
  const client = await json('client', 'add', '--member', '974760673', '--name', 'RIS', ...scope)
  assert.equal(client.member, member.id)
  assert.equal(client.private_jwk.crv, 'P-256')
  const url = ['--url', 'http://127.0.0.1:1/dicom-web']
  const source = await json('source', 'add', '--custodian', member.id, '--name', 'PACS', ...url)
  assert.equal(source.kind, 'dicomweb')

  assert.match(await run('member', 'list'), /974760673 +Testsykehuset +clinical publisher +active/)
  assert.match(await run('client', 'list'), /RIS +samsyn:publish +bound +active/)
  assert.match(await run('source', 'list'), /PACS +http:\/\/127\.0\.0\.1:1\/dicom-web +never/)
  assert.equal((await json('client', 'disable', client.client_id)).active, false)
  assert.equal((await json('member', 'disable', member.id)).active, false)
  assert.equal((await json('member', 'show', '974760673')).active, false)
})

test('a client’s own public key is read from a file, and no private key is printed', async (t) => {
  const { run, json } = await openShell(t)
  await run(...MEMBER)
  const folder = await mkdtemp(join(tmpdir(), 'samsyn-command-'))
  t.after(() => rm(folder, { recursive: true }))
  const keys = [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'mine' }]
  await writeFile(join(folder, 'jwks.json'), JSON.stringify({ keys }))
  const common = ['--member', '974760673', '--name', 'RIS', '--scope', 'samsyn:publish']
  const client = await json('client', 'add', ...common, '--jwks', join(folder, 'jwks.json'))
  assert.deepEqual(client.keys, ['mine'])
  assert.equal(client.private_jwk, undefined)
})

test('a source’s password is read from a file', async (t) => {
  const { run, json } = await openShell(t)
  await run(...MEMBER)
  const folder = await mkdtemp(join(tmpdir(), 'samsyn-command-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'password'), 'hemmelig\n')
  const common = ['--custodian', '974760673', '--name', 'PACS', '--url', 'http://127.0.0.1:1/']
  const login = ['--username', 'hub', '--password-file', join(folder, 'password')]
  assert.equal((await json('source', 'add', ...common, ...login)).credentials, 'basic')
  const half = run('source', 'add', ...common, '--username', 'hub')
  await assert.rejects(half, /--username and --password-file go together/)
})

test('a test of a source that is down fails the command', async (t) => {
  const { run, json } = await openShell(t)
  await run(...MEMBER)
  const url = ['--url', 'http://127.0.0.1:1/dicom-web']
  const source = await json('source', 'add', '--custodian', '974760673', '--name', 'PACS', ...url)
  await assert.rejects(run('source', 'test', source.id), HubError)
})

test('what a command opened is closed, also when it fails', async (t) => {
  const { run, closed } = await openShell(t)
  await run('member', 'list')
  await assert.rejects(run('member', 'show', 'nobody'))
  assert.equal(closed(), 2)
})

test('wrong usage ends with 2, a refusal with 1, help with 0', async (t) => {
  const { run } = await openShell(t)
  const statusOf = async (...args: readonly string[]): Promise<number> =>
    run(...args).then(() => 0, reportFailure)
  assert.equal(await statusOf('member', 'add'), 2)
  assert.equal(await statusOf(...ADD_MEMBER, '--role', 'king'), 2)
  assert.equal(
    await statusOf('member', 'add', '--orgnr', '1', '--name', 'x', '--role', 'clinical'),
    2,
  )
  assert.equal(await statusOf('member', 'show', 'nobody'), 1)
  assert.equal(reportFailure(new CommanderError(0, 'commander.help', '')), 0)
})

test('what one member shares with another is set by organisation numbers', async (t) => {
  const { json } = await openShell(t)
  const custodian = await json(...MEMBER)
  const requester = await json(
    ...['member', 'add', '--orgnr', '983974880', '--name', 'Naboen', '--role', 'clinical'],
  )
  const agreement = await json(
    ...['member', 'share', '974760673', '983974880', '--effect', 'deny', '--modality', 'CT', 'MR'],
  )
  assert.equal(agreement.custodian, custodian.id)
  assert.equal(agreement.requester, requester.id)
  assert.deepEqual([agreement.effect, agreement.modalities], ['deny', ['CT', 'MR']])
})
