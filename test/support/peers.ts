/**
 * Programs that tests drive as peers. Where one is absent its tests are skipped with a line that says so,
 * except under SAMSYN_REQUIRE_PEERS=1 (CI), where a missing peer is a failure.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'

export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file))
}

/** The program's path; skips the test and returns undefined where it may be absent. */
export function requireProgram(t: TestContext, name: string): string | undefined {
  const found = findProgram(name)
  if (found !== undefined) return found
  absent(t, `${name} is not installed`)
  return undefined
}

/** The folder of sample files; skips the test and returns undefined where there is none. */
export function requireSamples(t: TestContext): string | undefined {
  const folder = process.env.SAMSYN_TEST_DATA
  if (folder !== undefined && folder !== '') return path.resolve(folder)
  absent(t, 'SAMSYN_TEST_DATA is not set')
  return undefined
}

function absent(t: TestContext, reason: string): void {
  if (process.env.SAMSYN_REQUIRE_PEERS === '1') throw new Error(`required peer: ${reason}`)
  t.skip(reason)
}
