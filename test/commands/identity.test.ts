import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Command } from 'commander'
import { identityCommand } from '../../src/commands/identity.ts'
import { memberCommand } from '../../src/commands/member.ts'
import { syntheticNationalId } from '../../src/demo/synthetic-ids.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import type { OrganizationId } from '../../src/kernel/ids.ts'
import { makeSealer } from '../../src/kernel/seal.ts'
import { makeRegisterStudy } from '../../src/services/register-study.ts'
import { makeResolvePatient } from '../../src/services/resolve-patient.ts'
import { transaction } from '../../src/storage/db.ts'
import { toInstanceHeader } from '../../src/wire/dicom/instance-header.ts'
import { OPERATOR, startAdministration } from '../support/administration.ts'
import { ctAttributes, type CtOptions } from '../support/dicom.ts'

const NUMBER = syntheticNationalId('1968-08-02', 12)
const PERSON = {
  issuerOid: '2.16.578.1.12.4.1.4.1',
  birthDate: '19680802',
  patientName: 'Lie^Kari',
}

/** A person whom the hub knows, and a study of nobody. */
async function openShell(t: TestContext) {
  const { administration, database } = await startAdministration(t)
  const sealer = makeSealer(Buffer.alloc(32, 1))
  const clock = (): Date => new Date()
  const rules = { environment: 'development' } as const
  const registerStudy = makeRegisterStudy({
    ...{ sealer, settleMs: 10_000, timeZone: 'Europe/Oslo' },
    resolvePatient: makeResolvePatient({ clock, rules, sealer }),
  })
  const south = 'south' as OrganizationId
  const register = (options: CtOptions) =>
    transaction(database.pool, (db) =>
      registerStudy(db, {
        custodian: south,
        instances: [{ header: toInstanceHeader(ctAttributes(options)) }],
        publishedBy: { member: south },
        at: clock(),
      }),
    )
  const known = await register({ ...PERSON, patientId: NUMBER })
  await register({ ...PERSON, patientId: 'LOCAL-1', issuerOid: '2.999.1' })
  const log = t.mock.method(console, 'log', () => undefined)
  const open = () =>
    Promise.resolve({ administration, operator: OPERATOR, close: () => Promise.resolve() })

  async function run(...args: readonly string[]): Promise<string> {
    const program = new Command('samsyn')
    for (const make of [identityCommand, memberCommand]) program.addCommand(make({ open }))
    log.mock.resetCalls()
    await program.parseAsync(args, { from: 'user' })
    return log.mock.calls.map((call) => String(call.arguments.at(0))).join('\n')
  }
  return {
    run,
    known: known.imagingStudy,
    database,
    json: async (...args: readonly string[]) => JSON.parse(await run(...args, '--json')),
  }
}

async function fileWith(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'samsyn-identity-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'number')
  await writeFile(file, text)
  return file
}

test('the queue names who it may be, and a number in a file says who it is', async (t) => {
  const { run, json } = await openShell(t)
  const [doubt] = await json('identity', 'list')
  const [candidate] = doubt.candidates
  assert.equal(candidate.grade, 'probable')
  assert.ok((await run('identity', 'list')).includes(`${candidate.patient} (`))
  const file = await fileWith(t, `${NUMBER}\n`)
  const resolved = await json('identity', 'resolve', String(doubt.id), '--national-id-file', file)
  assert.equal(resolved.patient, candidate.patient)
  assert.deepEqual(await json('identity', 'list'), [])
})

test('a number that is none, or nobody’s, settles nothing and is not repeated', async (t) => {
  const { run, json } = await openShell(t)
  const [doubt] = await json('identity', 'list')
  for (const [text, code] of [
    ['17858550085', 'invalid'],
    [syntheticNationalId('1968-08-02', 99), 'not-found'],
  ] as const) {
    const file = await fileWith(t, text)
    await assert.rejects(
      run('identity', 'resolve', String(doubt.id), '--national-id-file', file),
      (error) => isHubError(error, code) && !error.message.includes(text),
    )
  }
  assert.equal((await json('identity', 'list')).length, 1)
})

test('a member is made to speak for a system, and no more', async (t) => {
  const { run, json } = await openShell(t)
  const names = ['--orgnr', '974760673', '--name', 'Testsykehuset', '--role', 'publisher']
  const { id } = await json('member', 'add', ...names)
  const system = 'urn:oid:2.999.1'
  const added = await json('identity', 'authority', 'add', system, '974760673', '--name', 'PAS')
  assert.deepEqual(added, { system, member: id, name: 'PAS' })
  assert.match(await run('identity', 'authority', 'list'), /urn:oid:2\.999\.1/)
  await run('identity', 'authority', 'remove', system)
  assert.deepEqual(await json('identity', 'authority', 'list'), [])
})
