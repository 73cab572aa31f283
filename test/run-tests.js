/**
 * Runs the tests with node's own runner and ends with one line that counts them:
 * `N passed, N failed, N skipped`. Plain JavaScript, so that an older Node is told what is wrong.
 *
 *   node test/run-tests.js [--coverage] [--long] [files…]
 *
 * With SAMSYN_REQUIRE_PEERS=1 a skipped test fails the run: in CI every peer has to be there.
 */
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from 'node:test'
import { lcov, spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'

const root = dirname(import.meta.dirname)
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { coverage: { type: 'boolean' }, long: { type: 'boolean' } },
})

if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `The tests run on Node 24, this is ${process.version}: run \`npm ci\`, then \`npm test\``,
  )
  process.exit(2)
}

const pattern = values.long ? 'test/**/*.long.ts' : 'test/**/*.test.ts'
const files = positionals.length > 0 ? positionals : fs.globSync(pattern, { cwd: root }).sort()
if (files.length === 0) {
  console.error(`No test matches ${pattern}`)
  process.exit(2)
}

const stream = run({
  cwd: root,
  files: files.map((file) => join(root, file)),
  // Two files at a time: the tests of the storage are many small waits for the disk.
  concurrency: 2,
  // A test that failed may leave a server or a timer behind: the run goes on all the same.
  forceExit: true,
  globalSetupPath: join(root, 'test/setup.ts'),
  timeout: (values.long ? 60 : 5) * 60_000,
  ...(values.coverage && {
    coverage: true,
    coverageIncludeGlobs: ['src/**/*.ts'],
    lineCoverage: 80,
  }),
})

const counts = { passed: 0, failed: 0, skipped: 0 }
const skips = []
let success = false

stream.on('test:pass', (event) => {
  if (event.skip === undefined || event.skip === false) return
  skips.push(`${event.name}: ${event.skip === true ? 'no reason given' : event.skip}`)
})
stream.on('test:summary', (summary) => {
  // One summary per file, then the whole one, which names no file.
  if (summary.file !== undefined) return
  success = summary.success
  counts.passed = summary.counts.passed
  // Failed, cancelled and unfinished ("todo") alike.
  counts.failed = summary.counts.tests - summary.counts.passed - summary.counts.skipped
  counts.skipped = summary.counts.skipped
})
stream.on('end', () => {
  // After the reporter has written its own last line.
  setImmediate(finish)
})

if (values.coverage) {
  fs.mkdirSync(join(root, 'coverage'), { recursive: true })
  stream.compose(lcov).pipe(fs.createWriteStream(join(root, 'coverage/lcov.info')))
}
stream.compose(spec).pipe(process.stdout)

function finish() {
  for (const skip of skips) console.log(`skipped  ${skip}`)
  const missing = process.env.SAMSYN_REQUIRE_PEERS === '1' && counts.skipped > 0
  if (missing) console.log('SAMSYN_REQUIRE_PEERS=1: a skipped test fails the run')
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  process.exitCode = success && counts.failed === 0 && !missing ? 0 : 1
}
