#!/usr/bin/env node
/**
 * The door every command enters by, in plain JavaScript for whatever Node opens it: installs the
 * dependencies where they are missing (a fresh clone) and goes on under the locked Node 24.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const LOCKED_NODE = join(ROOT, 'node_modules', '.bin', 'node')

installWhereMissing()
if (isSupported(process.versions.node)) {
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  await import('./main.ts')
} else if (existsSync(LOCKED_NODE)) {
  goOnUnder(LOCKED_NODE)
} else {
  fail(`Samsyn needs Node 24.18 or a later 24; this is ${process.versions.node}.`)
}

function isSupported(version) {
  const [major, minor] = version.split('.').map(Number)
  return major === 24 && minor >= 18
}

function installWhereMissing() {
  if (existsSync(join(ROOT, 'node_modules', '.package-lock.json'))) return
  process.stderr.write('Installing dependencies (npm ci), about a minute the first time …\n')
  const npm = spawnSync('npm', ['ci', '--loglevel=error', '--no-fund', '--no-audit'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  })
  if (npm.status !== 0) fail('npm ci failed: see the lines above.')
}

/** Signals reach the child too when it shares our terminal; we only wait, and pass on its status. */
function goOnUnder(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (status, signal) => process.exit(signal === null ? status : 1))
}

function fail(line) {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}
