/** A bulk export of a whole hub that is killed on the way, and of a client that is disabled at its end. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type pg from 'pg'
import { withinFiveSeconds } from '../support/care.ts'
import { createDatabase } from '../support/database.ts'
import { startNetwork, type Network } from '../support/network.ts'
import { until } from '../support/until.ts'

const COUNT = 30_000

/** Some 130 MB, so that there is a first file while there is more to come. */
async function load(pool: pg.Pool, custodian: string): Promise<void> {
  await pool.query(
    `insert into resource_report (type, id, last_updated, custodian, patient, content)
     select 'DiagnosticReport', 'r' || i, '2026-01-01'::timestamptz + i * interval '1 ms', $1, 'p' || i % 1000,
       '{"resourceType":"DiagnosticReport","id":"r' || i || '","conclusion":"' || repeat('x', 4300) || '"}'
     from generate_series(1, $2) as i`,
    [custodian, COUNT],
  )
}

async function ask({ system }: Network, url: string, headers = {}): Promise<Response> {
  const authorization = await system('north-registry')
  return fetch(url, { headers: { ...headers, authorization } })
}

it('goes on after a crash, and is nobody’s once its client is disabled', async (t) => {
  const { url, pool } = await createDatabase(t)
  const network = await startNetwork(t, { DATABASE_URL: url })
  const { hub, members } = network
  await load(pool, members.north)
  const begun = await ask(network, `${hub.url}/fhir/$export?_type=DiagnosticReport`, {
    prefer: 'respond-async',
  })
  assert.equal(begun.status, 202, await begun.text())
  const location = begun.headers.get('content-location') ?? ''
  await until(async () => {
    const { rowCount } = await pool.query('select from export_file')
    return rowCount !== 0
  }, 60_000)
  await hub.child.kill('SIGKILL')
  await hub.restart()

  // The lease of the process that is dead ends by itself.
  await until(async () => (await ask(network, location)).status !== 202, 90_000)
  const manifest = (await (await ask(network, location)).json()) as Manifest
  const ids = new Set<unknown>()
  let lines = 0
  for (const file of manifest.output) {
    const text = await (await ask(network, file.url)).text()
    for (const line of text.split('\n').slice(0, -1)) {
      lines += 1
      ids.add((JSON.parse(line) as { id: string }).id)
    }
  }
  assert.deepEqual([lines, ids.size], [COUNT, COUNT])

  const authorization = await network.system('north-registry')
  const [file] = manifest.output
  await hub.json('client', 'disable', 'north-registry')
  await withinFiveSeconds(async () => {
    const answers = [location, file?.url ?? ''].map((one) =>
      fetch(one, { headers: { authorization } }),
    )
    return (await Promise.all(answers)).map(({ status }) => status)
  }, [401, 401])
})

interface Manifest {
  readonly output: readonly { readonly url: string }[]
}
