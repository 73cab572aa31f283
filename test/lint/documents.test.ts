import assert from 'node:assert/strict'
import { existsSync, globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

/** Documents that can fail: what they name is there, and what is there is named. */
const root = join(import.meta.dirname, '../..')
const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8')

const documents = globSync(['*.md', 'src/**/*.md', 'ihe-profiles/*.md'], { cwd: root })
const readme = await read('README.md')

test('links between documents lead somewhere', async () => {
  for (const document of documents) {
    for (const [, target = ''] of (await read(document)).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(join(root, dirname(document), target)), `${document}: ${target}`)
    }
  }
})

test('the README lists exactly the variables that the configuration reads', async () => {
  const source = await read('src/config.ts')
  const known = [...source.matchAll(/^ {2}((?:SAMSYN|DATABASE)_[A-Z_]+):/gm)].map(
    ([, name]) => name,
  )
  const section = readme.slice(readme.indexOf('## Configuration'), readme.indexOf('## Operating'))
  assert.deepEqual(rowsOf(section), known.sort())
})

/** Names in the first column of a table, backquoted. */
function rowsOf(section: string): readonly string[] {
  const cells = section.split('\n').flatMap((line) => /^\| (`[^|]*)\|/.exec(line)?.[1] ?? [])
  return cells
    .flatMap((cell) => [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name))
    .sort()
}

test('the npm scripts the README names are there', async () => {
  const { scripts } = JSON.parse(await read('package.json'))
  const named = [...readme.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name = '']) => name)
  const npms = new Set(['cit', 'ci', 'and', 'run', 'come'])
  const missing = named.filter((name) => !npms.has(name) && scripts[name] === undefined)
  assert.deepEqual(missing, [])
})

test('the folders ARCHITECTURE.md describes are those of src', async () => {
  const architecture = await read('src/ARCHITECTURE.md')
  const folders = globSync('src/*/', { cwd: root }).map((folder) => folder.replace('src/', ''))
  for (const folder of folders) {
    const name = folder.replace(/\/$/, '')
    assert.ok(architecture.includes(`${name}/`) || architecture.includes(`\`${name}`), name)
  }
})

const rows = (await read('ihe-profiles/transactions.tsv'))
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'))

test('each transaction names a file and a test that are there', () => {
  assert.ok(rows.length > 0)
  for (const [number = '', , , files = '', tests = ''] of rows) {
    for (const file of [...files.split(' '), ...tests.split(' ')])
      assert.ok(existsSync(join(root, file)), `${number}: ${file}`)
  }
})

test('the integration statement claims exactly the transactions of the table', async () => {
  const statement = await read('ihe-profiles/integration-statement.md')
  const numbers = (text: string): readonly string[] =>
    [...new Set(text.match(/\b(?:ITI|RAD)-\d+\b/g))].sort()
  assert.deepEqual(numbers(statement), numbers(rows.map(([number]) => number).join(' ')))
})
