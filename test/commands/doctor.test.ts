import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { doctorCommand } from '../../src/commands/doctor.ts'
import type { Finding } from '../../src/commands/doctor-checks.ts'
import { readConfig } from '../../src/config.ts'
import { makeFileObjects } from '../../src/storage/file-objects.ts'
import { loadKeys } from '../../src/storage/key-file.ts'
import { makePool } from '../../src/storage/pool.ts'
import { createDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { silentLog } from '../support/log.ts'

interface Installation {
  readonly dataDir: string
  /** What `samsyn doctor --json` finds, and whether it fails. */
  readonly examine: (
    environment?: Readonly<Record<string, string>>,
    clock?: () => Date,
  ) => Promise<{ readonly findings: readonly Finding[]; readonly fails: boolean }>
}

async function install(t: TestContext): Promise<Installation> {
  const { url } = await createDatabase(t)
  const folder = await mkdtemp(join(tmpdir(), 'samsyn-doctor-'))
  t.after(() => rm(folder, { recursive: true }))
  const dataDir = join(folder, 'data')
  await mkdir(dataDir)
  await loadKeys(join(dataDir, 'keys.json'), true)
  const base = {
    SAMSYN_DATA_DIR: dataDir,
    SAMSYN_PORT: String(await freePort()),
    DATABASE_URL: url,
  }
  const printed = t.mock.method(console, 'log', () => undefined)

  return {
    dataDir,
    async examine(environment = {}, clock = () => new Date()) {
      const command = doctorCommand({
        readConfig: () => readConfig({ ...base, ...environment }),
        openDatabase: async ({ databaseUrl = '' }) => {
          const connection = { connectionString: databaseUrl }
          const pool = makePool({ connection, max: 1, log: silentLog })
          return { pool, close: () => pool.end() }
        },
        openObjects: ({ objectsFolder }) => makeFileObjects(objectsFolder, { clock }),
        clock,
        nodeVersion: process.versions.node,
      })
      printed.mock.resetCalls()
      const fails = await command.parseAsync(['--json'], { from: 'user' }).then(
        () => false,
        () => true,
      )
      return { findings: JSON.parse(String(printed.mock.calls[0]?.arguments.at(0))), fails }
    },
  }
}

const failing = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ state }) => state === 'failed').map(({ check }) => check)

test('finds nothing wrong with a good installation', async (t) => {
  const { examine } = await install(t)
  const { findings, fails } = await examine()
  assert.deepEqual(
    findings.filter(({ state }) => state !== 'ok'),
    [],
  )
  assert.equal(fails, false)
  const checks = findings.map(({ check }) => check)
  for (const check of ['node', 'keys', 'object store', 'database', 'migrations', 'egress', 'clock'])
    assert.ok(checks.includes(check), check)
})

test('a configuration with faults is told whole, and nothing else is asked', async (t) => {
  const { examine } = await install(t)
  const { findings, fails } = await examine({ SAMSYN_PROT: '1', SAMSYN_STUDY_SETTLE: 'soon' })
  assert.equal(fails, true)
  assert.deepEqual(failing(findings), ['configuration'])
  const detail = findings.find(({ check }) => check === 'configuration')?.detail ?? ''
  assert.match(detail, /SAMSYN_PROT.*SAMSYN_STUDY_SETTLE|SAMSYN_STUDY_SETTLE.*SAMSYN_PROT/)
})

test('keys that others can read are a fault with its remedy', async (t) => {
  const { examine, dataDir } = await install(t)
  await chmod(join(dataDir, 'keys.json'), 0o644)
  const { findings } = await examine()
  assert.deepEqual(failing(findings), ['keys'])
  assert.match(findings.find(({ check }) => check === 'keys')?.fix ?? '', /chmod 600/)
})

test('damaged keys are a fault', async (t) => {
  const { examine, dataDir } = await install(t)
  await writeFile(join(dataDir, 'keys.json'), '{}', { mode: 0o600 })
  assert.ok(failing((await examine()).findings).includes('keys'))
})

test('a database that is not there is a fault, and its own checks are left out', async (t) => {
  const { examine } = await install(t)
  const { findings } = await examine({ DATABASE_URL: 'postgresql://x@127.0.0.1:1/x' })
  assert.deepEqual(failing(findings), ['database'])
  assert.ok(!findings.some(({ check }) => check === 'migrations'))
})

test('a clock apart from the database’s is a fault', async (t) => {
  const { examine } = await install(t)
  const slow = (): Date => new Date(Date.now() - 60_000)
  assert.deepEqual(failing((await examine({}, slow)).findings), ['clock'])
})

test('a port that something else has taken is a fault', async (t) => {
  const { examine } = await install(t)
  const other = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const address = other.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  assert.deepEqual(failing((await examine({ SAMSYN_PORT: port })).findings), ['port'])
})
