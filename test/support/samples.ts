/** Real sample files, where the machine that tests has them (SAMSYN_TEST_DATA). */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export const sampleFolder = process.env.SAMSYN_TEST_DATA

/** All files under `folder` of the samples; none, and the test marked as skipped, where there are no samples. */
export async function sampleFiles(t: TestContext, folder: string): Promise<readonly string[]> {
  if (sampleFolder === undefined) {
    t.skip('SAMSYN_TEST_DATA is not set')
    return []
  }
  const entries = await readdir(join(sampleFolder, folder), {
    recursive: true,
    withFileTypes: true,
  })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
