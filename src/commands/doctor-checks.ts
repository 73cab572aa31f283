/** What can be wrong with an installation, asked one thing at a time, each with what to do about it. */
import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Pool } from 'pg'
import type { Config } from '../config.ts'
import { isHubError } from '../kernel/errors.ts'
import { loadKeys } from '../storage/key-file.ts'
import { pendingMigrations } from '../storage/migrate.ts'
import type { ObjectStore } from '../storage/objects.ts'

export interface Finding {
  readonly check: string
  /** `warning`: it works, and somebody should know. */
  readonly state: 'ok' | 'warning' | 'failed'
  readonly detail: string
  readonly fix?: string | undefined
}

export type Verdict = Omit<Finding, 'check'>

export const ok = (detail: string): Verdict => ({ state: 'ok', detail })
export const warning = (detail: string, fix: string): Verdict => ({ state: 'warning', detail, fix })
export const failed = (detail: string, fix: string): Verdict => ({ state: 'failed', detail, fix })

/** Runs one check; what it throws is a failure with `fix`. */
export async function find(
  check: string,
  fix: string,
  ask: () => Promise<Verdict> | Verdict,
): Promise<Finding> {
  try {
    return { check, ...(await ask()) }
  } catch (error) {
    const problems = isHubError(error) ? error.problems : []
    const detail = [
      messageOf(error),
      ...problems.map(({ location, text }) => `${location} ${text}`),
    ].join('; ')
    return { check, ...failed(detail, fix) }
  }
}

/** A refused connection to a name with several addresses is an error without a text of its own. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.message !== '') return error.message
  return 'code' in error ? String(error.code) : error.name
}

export function checkNode(version: string): Verdict {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major === 24 && minor >= 18) return ok(version)
  return failed(version, 'Start the hub by npm or npx, which bring Node 24, or install Node 24.18')
}

export async function checkDataDir({ dataDir }: Config): Promise<Verdict> {
  const found = await stat(dataDir).catch(() => undefined)
  if (found === undefined) {
    await access(path.dirname(dataDir), constants.W_OK)
    return ok(`${dataDir} will be made`)
  }
  await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
  if (isOpenToOthers(found.mode)) {
    return warning(`${dataDir} can be written by other users`, `chmod go-w ${dataDir}`)
  }
  return ok(dataDir)
}

const isOpenToOthers = (mode: number): boolean => (mode & 0o022) !== 0

export async function checkKeys({ keyFile, mayCreateKeys }: Config): Promise<Verdict> {
  const found = await stat(keyFile).catch(() => undefined)
  if (found === undefined) {
    return mayCreateKeys
      ? ok(`${keyFile} will be made`)
      : failed(
          `${keyFile} is not there`,
          'Restore it from its copy; a new installation makes it with samsyn keys create',
        )
  }
  await loadKeys(keyFile, false)
  if ((found.mode & 0o077) !== 0) {
    return failed(`Other users may read ${keyFile}`, `chmod 600 ${keyFile}`)
  }
  return ok(keyFile)
}

const OLDEST = 15

export async function checkDatabase(pool: Pool): Promise<Verdict> {
  const { rows } = await pool.query<{ version: number; encoding: string }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding`,
  )
  const { version = 0, encoding = '' } = rows[0] ?? {}
  const major = Math.floor(version / 10_000)
  if (major < OLDEST)
    return failed(`PostgreSQL ${major}`, `Use PostgreSQL ${OLDEST} or a later one`)
  if (encoding !== 'UTF8')
    return failed(`The database’s encoding is ${encoding}`, 'Make it with encoding UTF8')
  return ok(`PostgreSQL ${major}`)
}

export async function checkMigrations(pool: Pool): Promise<Verdict> {
  const pending = await pendingMigrations(pool)
  if (pending.length === 0) return ok('up to date')
  return warning(`${pending.length} to apply`, 'samsyn migrate, or start the hub, which does it')
}

const SKEW_MS = 2000

/** Tokens and attests live minutes: nodes and database must agree about the time. */
export async function checkClock(pool: Pool, now: () => Date): Promise<Verdict> {
  const before = now().getTime()
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now')
  const middle = (before + now().getTime()) / 2
  const skew = Math.abs((rows[0]?.now.getTime() ?? 0) - middle)
  if (skew > SKEW_MS) {
    const seconds = Math.round(skew / 1000)
    return failed(`${seconds} s from the database’s`, 'Keep both machines’ time by NTP')
  }
  return ok('agrees with the database’s')
}

export async function checkObjects(
  objects: ObjectStore,
  { objectsFolder }: Config,
): Promise<Verdict> {
  await objects.check()
  return ok(objectsFolder)
}

export async function checkAnchor({ auditAnchor }: Config): Promise<Verdict> {
  const found = await stat(auditAnchor).catch(() => undefined)
  if (found === undefined) return ok(`${auditAnchor} will be made`)
  await access(auditAnchor, constants.R_OK | constants.W_OK)
  return ok(auditAnchor)
}
