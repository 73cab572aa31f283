import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { keysCommand } from '../../src/commands/keys.ts'
import { isHubError } from '../../src/kernel/errors.ts'
import { createKeys, loadKeys } from '../../src/storage/key-file.ts'

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'samsyn-keys-'))
  t.after(() => rm(folder, { recursive: true }))
  t.mock.method(console, 'error', () => undefined)
  return folder
}

async function create(keyFile: string, ...args: readonly string[]): Promise<void> {
  const command = keysCommand({ keyFile: () => keyFile, createKeys })
  await command.parseAsync(['create', ...args], { from: 'user' })
}

test('keys are made where the configuration says, for their owner alone', async (t) => {
  const file = join(await temporary(t), 'inner', 'keys.json')
  await create(file)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const { master, signing } = await loadKeys(file, false)
  assert.equal(master.length, 32)
  assert.equal(signing.length, 1)
})

test('--file wins over the configuration, which is not asked', async (t) => {
  const file = join(await temporary(t), 'other.json')
  const command = keysCommand({
    keyFile: () => assert.fail('the configuration was asked'),
    createKeys,
  })
  await command.parseAsync(['create', '--file', file], { from: 'user' })
  await loadKeys(file, false)
})

test('keys that are there are never touched', async (t) => {
  const file = join(await temporary(t), 'keys.json')
  await create(file)
  const before = await readFile(file)
  await assert.rejects(create(file), (error) => isHubError(error, 'conflict'))
  assert.deepEqual(await readFile(file), before)
})
