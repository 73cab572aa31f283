/** `samsyn doctor`: looks the installation over and says what to fix. */
import { Command } from 'commander'
import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import type { Clock } from '../kernel/clock.ts'
import { HubError } from '../kernel/errors.ts'
import type { ObjectStore } from '../storage/objects.ts'
import {
  checkAnchor,
  checkClock,
  checkDatabase,
  checkDataDir,
  checkKeys,
  checkMigrations,
  checkNode,
  checkObjects,
  find,
  type Finding,
} from './doctor-checks.ts'
import { checkEgress, checkIssuers, checkPort, checkTls } from './doctor-network-checks.ts'
import { printJson } from './print.ts'

export interface DoctorDeps {
  readonly readConfig: () => Config
  /** Throws where there is none to be had; `close` ends what was started for it. */
  readonly openDatabase: (
    config: Config,
  ) => Promise<{ readonly pool: Pool; readonly close: () => Promise<void> }>
  readonly openObjects: (config: Config) => Promise<ObjectStore>
  readonly clock: Clock
  readonly nodeVersion: string
}

export function doctorCommand(deps: DoctorDeps): Command {
  return new Command('doctor')
    .description('Check this installation and say what to fix')
    .option('--json', 'print JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      const findings = await examine(deps)
      if (json) printJson(findings)
      else for (const finding of findings) printFinding(finding)
      const count = findings.filter(({ state }) => state === 'failed').length
      if (count > 0) throw new HubError('unavailable', `${count} checks failed`)
    })
}

async function examine(deps: DoctorDeps): Promise<readonly Finding[]> {
  const findings = [await find('node', '', () => checkNode(deps.nodeVersion))]
  const read = { config: undefined as Config | undefined }
  findings.push(
    await find('configuration', 'Set the variables right: README.md lists them', () => {
      read.config = deps.readConfig()
      return { state: 'ok', detail: read.config.environment }
    }),
  )
  const { config } = read
  // Everything else asks what the configuration names.
  if (config === undefined) return findings
  return [
    ...findings,
    ...(await examineFiles(deps, config)),
    ...(await examineNetwork(deps, config)),
    ...(await examineDatabase(deps, config)),
  ]
}

async function examineFiles(deps: DoctorDeps, config: Config): Promise<readonly Finding[]> {
  const access = 'Give the hub’s user read and write access there'
  return [
    await find('data directory', access, () => checkDataDir(config)),
    await find('keys', 'Restore the key file from its copy', () => checkKeys(config)),
    await find('object store', access, async () => {
      const objects = await deps.openObjects(config)
      return checkObjects(objects, config).finally(() => objects.close())
    }),
    await find('audit anchor', access, () => checkAnchor(config)),
  ]
}

async function examineNetwork({ clock }: DoctorDeps, config: Config): Promise<readonly Finding[]> {
  const { host, port, operationsPort, tls, baseUrl, trustedIssuers } = config
  const listener = { host, port, tls: tls !== undefined }
  const findings = [await find('port', '', () => checkPort(listener))]
  if (operationsPort !== undefined) {
    const operations = { host, port: operationsPort, tls: false }
    findings.push(await find('operations port', '', () => checkPort(operations)))
  }
  if (tls !== undefined) {
    const fix = 'See that SAMSYN_TLS_CERT and SAMSYN_TLS_KEY name the PEM files of one pair'
    findings.push(await find('certificate', fix, () => checkTls(tls, baseUrl, clock())))
  }
  if (trustedIssuers.length > 0)
    findings.push(await find('trusted issuers', '', () => checkIssuers(config, clock)))
  return findings
}

async function examineDatabase(deps: DoctorDeps, config: Config): Promise<readonly Finding[]> {
  const start = 'Start PostgreSQL and see that DATABASE_URL leads to it'
  const opened: { database?: Awaited<ReturnType<DoctorDeps['openDatabase']>> } = {}
  const database = await find('database', start, async () => {
    opened.database = await deps.openDatabase(config)
    return checkDatabase(opened.database.pool)
  })
  if (opened.database === undefined) return [database]
  const { pool, close } = opened.database
  try {
    if (database.state !== 'ok') return [database]
    const migrations = await find('migrations', start, () => checkMigrations(pool))
    const clock = await find('clock', start, () => checkClock(pool, deps.clock))
    // A new database has no sources to ask about.
    if (migrations.state !== 'ok') return [database, migrations, clock]
    const egress = await find('egress', 'See the finding on keys', () => checkEgress(pool, config))
    return [database, migrations, clock, egress]
  } finally {
    await close()
  }
}

const MARKS = { ok: '✔', warning: '!', failed: '✖' } as const

function printFinding({ check, state, detail, fix }: Finding): void {
  console.log(`${MARKS[state]} ${check}: ${detail}`)
  if (state !== 'ok' && fix !== undefined && fix !== '') console.log(`    ${fix}`)
}
