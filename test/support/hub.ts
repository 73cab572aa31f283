/** The hub as operators run it: `samsyn serve` in a process of its own, managed by `samsyn` commands. */
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { startChild, type RunningChild } from './children.ts'
import { freePort } from './free-port.ts'
import type { Scope } from './database.ts'

export const MAIN = path.join(import.meta.dirname, '../../src/preflight.js')

export interface TestHub {
  readonly url: string
  readonly port: number
  readonly dataDir: string
  readonly env: Readonly<Record<string, string>>
  readonly child: RunningChild
  /** Runs `samsyn <args> --json` and returns what it printed; rejects with stderr on a non-zero status. */
  json(...args: readonly string[]): Promise<unknown>
  /** Starts the hub again after it was killed, on the same data and port. */
  restart(): Promise<void>
}

export interface CommandResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export function runSamsyn(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code
        resolve({ status: typeof code === 'number' ? code : 1, stdout, stderr })
      },
    )
  })
}

/** `env` adds to the configuration, as DATABASE_URL or SAMSYN_TRUSTED_ISSUERS. */
export async function startHub(
  scope: Scope,
  env: Readonly<Record<string, string>> = {},
): Promise<TestHub> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'samsyn-hub-'))
  // The embedded database's user passes through: else its cluster would lie elsewhere, and stay there.
  fs.chmodSync(dataDir, 0o711)
  const port = await freePort()
  const all = {
    SAMSYN_DATA_DIR: dataDir,
    SAMSYN_PORT: String(port),
    SAMSYN_LOG_LEVEL: 'warn',
    ...env,
  }
  let child = await serve(all)
  scope.after(async () => {
    await child.kill('SIGTERM')
    fs.rmSync(dataDir, { recursive: true, force: true })
  })
  return {
    url: `http://localhost:${port}`,
    port,
    dataDir,
    env: all,
    get child() {
      return child
    },
    async json(...args) {
      const { status, stdout, stderr } = await runSamsyn([...args, '--json'], all)
      if (status !== 0) throw new Error(`samsyn ${args.join(' ')} ended with ${status}:\n${stderr}`)
      return JSON.parse(stdout) as unknown
    },
    async restart() {
      child = await serve(all)
    },
  }
}

async function serve(env: Readonly<Record<string, string>>): Promise<RunningChild> {
  const child = startChild(process.execPath, [MAIN, 'serve'], env)
  await child.line(/listening/i)
  return child
}
