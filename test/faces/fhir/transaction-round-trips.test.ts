import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import pg from 'pg'
import { bundleOf } from '../../bench/registry/bundles.ts'
import { ANNE, PUBLISHER, putPatients, startRegistry } from '../../support/registry.ts'

/** Begin and commit among them. Each costs both sides about as much as all that it does. */
const MOST = 15

test('A study is stored with its report in few statements, all of them prepared', async (t) => {
  const registry = await startRegistry(t)
  await putPatients(registry)
  const sent = statements(t)
  const answer = await registry.post(PUBLISHER, '', bundleOf(ANNE, randomUUID()))
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  const told = sent.map(({ text }) => text).join('\n')
  assert.ok(sent.length <= MOST, `${sent.length} statements:\n${told}`)
  const unnamed = sent.filter(({ name }) => name === undefined).map(({ text }) => text)
  assert.deepEqual(unnamed, ['begin', 'commit'])
})

interface Statement {
  readonly name?: string
  readonly text: string
}

/** What is sent to the database from now on, in its order. */
function statements(t: TestContext): readonly Statement[] {
  const sent: Statement[] = []
  const query = pg.Client.prototype.query as (...given: readonly unknown[]) => unknown
  t.mock.method(pg.Client.prototype, 'query', function (this: pg.Client, ...given: unknown[]) {
    const [first] = given as [string | Statement]
    sent.push(typeof first === 'string' ? { text: first } : first)
    return query.apply(this, given)
  })
  return sent
}
