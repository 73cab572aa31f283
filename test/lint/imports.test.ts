import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')

/** A file with one forbidden import each, and the rule that must catch it. */
const FAULTS: readonly [rule: string, file: string, imported: string][] = [
  ['kernel-know-nothing-above', 'src/kernel/a.ts', '../domain/good.ts'],
  ['domain-know-nothing-above', 'src/domain/a.ts', '../wire/good.ts'],
  ['wire-know-nothing-above', 'src/wire/a.ts', '../services/good.ts'],
  ['storage-sources-workers-know-nothing-above', 'src/storage/a.ts', '../services/good.ts'],
  ['services-know-nothing-above', 'src/services/a.ts', '../faces/fhir/good.ts'],
  ['services-know-nothing-above', 'src/services/b.ts', '../config.ts'],
  ['faces-jobs-know-nothing-above', 'src/faces/fhir/a.ts', '../../compose.ts'],
  ['no-face-knows-another', 'src/faces/fhir/b.ts', '../dicomweb/good.ts'],
  ['shared-edge-code-knows-no-face', 'src/faces/a.ts', './fhir/good.ts'],
  ['faces-and-jobs-go-through-services', 'src/faces/fhir/c.ts', '../../storage/good.ts'],
  ['faces-and-jobs-go-through-services', 'src/jobs/a.ts', '../sources/good.ts'],
  ['faces-and-jobs-are-strangers', 'src/jobs/b.ts', '../faces/fhir/good.ts'],
  ['storage-and-sources-are-strangers', 'src/sources/a.ts', '../storage/good.ts'],
  ['workers-know-wire-and-domain-only', 'src/workers/a.ts', '../storage/good.ts'],
  ['only-the-demo-command-knows-the-demo', 'src/commands/serve.ts', '../demo/good.ts'],
  ['src-knows-no-tests', 'src/domain/b.ts', '../../test/support/good.ts'],
  ['pure-floors-do-no-io', 'src/domain/c.ts', 'node:fs/promises'],
  ['pure-floors-do-no-io', 'src/wire/c.ts', 'http'],
  ['pg-has-one-home', 'src/services/c.ts', 'pg'],
  ['jose-has-one-home', 'src/services/d.ts', 'jose'],
  ['dcmjs-has-one-home', 'src/wire/fhir/a.ts', 'dcmjs'],
  ['express-has-one-home', 'src/services/e.ts', 'express'],
  ['oidc-provider-has-one-home', 'src/faces/fhir/d.ts', 'oidc-provider'],
  ['zod-has-one-home', 'src/services/f.ts', 'zod'],
  ['undici-has-one-home', 'src/services/g.ts', 'undici'],
  ['src-runs-without-dev-dependencies', 'src/services/h.ts', 'fast-check'],
  ['every-import-resolves', 'src/services/i.ts', './nowhere.ts'],
  ['file-names-are-kebab-case', 'src/services/badName.ts', './good.ts'],
]

/** Imports that must stay allowed. */
const ALLOWED: readonly [file: string, imported: string][] = [
  ['src/kernel/good.ts', 'node:crypto'],
  ['src/domain/good.ts', '../kernel/good.ts'],
  ['src/wire/good.ts', '../domain/good.ts'],
  ['src/storage/good.ts', 'pg'],
  ['src/sources/good.ts', 'undici'],
  ['src/services/good.ts', '../storage/good.ts'],
  ['src/faces/fhir/good.ts', 'express'],
  ['src/faces/dicomweb/good.ts', '../good.ts'],
  ['src/faces/good.ts', '../services/good.ts'],
  ['src/compose.ts', 'pino'],
  ['src/config.ts', 'zod'],
  ['src/commands/demo.ts', '../demo/good.ts'],
  ['src/demo/good.ts', 'express'],
  ['test/support/good.ts', '../../src/services/good.ts'],
]

interface Violation {
  readonly rule: { readonly name: string }
  readonly from: string
}

async function cruise(house: string): Promise<readonly Violation[]> {
  const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const rules = join(root, 'test/lint/imports.cjs')
  const args = [depcruise, 'src', 'test', '--config', rules, '--output-type', 'json']
  const output = await new Promise<string>((resolve, reject) => {
    // Faults make it exit with their number: what counts is what it prints.
    execFile(process.execPath, args, { cwd: house, maxBuffer: 2 ** 26 }, (error, stdout) => {
      if (stdout !== '') resolve(stdout)
      else reject(error ?? new Error('dependency-cruiser printed nothing'))
    })
  })
  return JSON.parse(output).summary.violations
}

async function build(house: string, files: readonly (readonly [string, string])[]): Promise<void> {
  for (const [file, imported] of files) {
    await mkdir(join(house, dirname(file)), { recursive: true })
    await writeFile(join(house, file), `import '${imported}'\n`)
  }
}

test('each import rule catches the fault it is for, and nothing that is allowed', async (t) => {
  const house = await mkdtemp(join(tmpdir(), 'samsyn-imports-'))
  t.after(() => rm(house, { recursive: true, force: true }))
  await cp(join(root, 'package.json'), join(house, 'package.json'))
  await cp(join(root, 'tsconfig.json'), join(house, 'tsconfig.json'))
  await symlink(join(root, 'node_modules'), join(house, 'node_modules'))
  await build(house, [...ALLOWED, ...FAULTS.map(([, file, imported]) => [file, imported] as const)])
  await build(house, [
    ['src/domain/circle-a.ts', './circle-b.ts'],
    ['src/domain/circle-b.ts', './circle-a.ts'],
  ])
  await writeFile(join(house, 'src/domain/orphan.ts'), 'export const alone = 1\n')

  const found = await cruise(house)

  const caught = (rule: string, file: string): boolean =>
    found.some((violation) => violation.rule.name === rule && violation.from === file)
  for (const [rule, file] of FAULTS) assert.ok(caught(rule, file), `${rule} missed ${file}`)
  assert.ok(caught('no-cycles', 'src/domain/circle-a.ts'), 'no-cycles')
  assert.ok(caught('no-orphans', 'src/domain/orphan.ts'), 'no-orphans')
  for (const [file] of ALLOWED) {
    const complaints = found.filter((violation) => violation.from === file)
    assert.deepEqual(complaints, [], `${file} is allowed what it imports`)
  }
})
