import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import https from 'node:https'
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
import { makeCertificate, type CertificateFiles } from '../support/certificate.ts'
import { createDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { listen } from '../support/listen.ts'
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

/** Of a hub that speaks TLS by these files; the finding on its certificate. */
async function certificateFinding(
  t: TestContext,
  { cert, key }: CertificateFiles,
  clock = () => new Date(),
): Promise<Finding | undefined> {
  const { examine } = await install(t)
  const environment = { SAMSYN_TLS_CERT: cert, SAMSYN_TLS_KEY: key }
  // Looked at from another time, the database's clock is not this machine's; that is not asked here.
  const { findings } = await examine(environment, clock)
  return findings.find(({ check }) => check === 'certificate')
}

test('a certificate and its key are looked at: as a pair, and for how long they last', async (t) => {
  const [one, other] = [makeCertificate(t), makeCertificate(t)]
  if (one === undefined || other === undefined) return
  assert.equal((await certificateFinding(t, one))?.state, 'ok')
  const mixed = await certificateFinding(t, { cert: one.cert, key: other.key })
  assert.equal(mixed?.state, 'failed')
  const inDays = (days: number) => () => new Date(Date.now() + days * 86_400_000)
  assert.equal((await certificateFinding(t, one, inDays(360)))?.state, 'warning')
  assert.equal((await certificateFinding(t, one, inDays(400)))?.state, 'failed')
})

test('a hub that speaks TLS is known for one', async (t) => {
  const files = makeCertificate(t)
  if (files === undefined) return
  const { examine } = await install(t)
  const pair = { cert: await readFile(files.cert), key: await readFile(files.key) }
  const hub = https.createServer(pair, (_request, response) => response.end('ok'))
  hub.listen(0, '127.0.0.1')
  await once(hub, 'listening')
  t.after(() => hub.close())
  const address = hub.address()
  const { findings } = await examine({
    SAMSYN_PORT: typeof address === 'object' ? String(address?.port) : '',
    SAMSYN_TLS_CERT: files.cert,
    SAMSYN_TLS_KEY: files.key,
  })
  assert.match(findings.find(({ check }) => check === 'port')?.detail ?? '', /running hub/)
})

const issuers = (issuer: string) => ({
  SAMSYN_TRUSTED_ISSUERS: JSON.stringify([{ issuer, audience: 'hub', profile: 'helseid' }]),
})

test('a trusted issuer that answers with its keys is well', async (t) => {
  const issuer = await listen(t, (request, response) => {
    const isKeys = request.url === '/jwks'
    const metadata = { issuer: `http://${request.headers.host}`, jwks_uri: `${issuer}/jwks` }
    response.end(JSON.stringify(isKeys ? { keys: [] } : metadata))
  })
  const { examine } = await install(t)
  const { findings } = await examine(issuers(issuer))
  assert.equal(findings.find(({ check }) => check === 'trusted issuers')?.state, 'ok')
})

test('a trusted issuer that is not there, or may not be called, is a fault', async (t) => {
  const { examine } = await install(t)
  for (const issuer of ['http://127.0.0.1:1', 'https://issuer.example'])
    assert.deepEqual(failing((await examine(issuers(issuer))).findings), ['trusted issuers'])
})
