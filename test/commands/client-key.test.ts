/** A member's own system at a real hub: nothing but the key that `client add` printed, and the hub's address. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { decodeJwt } from 'jose'
import { createDatabase } from '../support/database.ts'
import { ctSeries, newUid } from '../support/dicom.ts'
import { runSamsyn, startHub, type CommandResult, type TestHub } from '../support/hub.ts'

describe('a client with its own key', () => {
  const cleanup: (() => Promise<void>)[] = []
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'samsyn-client-'))
  const inFolder = (name: string): string => path.join(folder, name)
  const studyUid = newUid()
  let hub: TestHub
  let clientId: string

  before(async () => {
    const scope = { after: (fn: () => Promise<void>) => void cleanup.unshift(fn) }
    const { url } = await createDatabase(scope)
    hub = await startHub(scope, { DATABASE_URL: url })
    await hub.json(
      ...['member', 'add', '--orgnr', '974760673', '--name', 'Testsykehuset'],
      ...['--role', 'clinical', 'publisher'],
    )
    const added = (await hub.json(
      ...['client', 'add', '--member', '974760673', '--name', 'RIS'],
      ...['--scope', 'samsyn:publish samsyn:find samsyn:view-images'],
    )) as { client_id: string; private_jwk: object }
    clientId = added.client_id
    fs.writeFileSync(inFolder('added.json'), JSON.stringify(added))
    fs.writeFileSync(inFolder('key.json'), JSON.stringify(added.private_jwk))
    fs.mkdirSync(inFolder('images'))
    for (const [at, object] of ctSeries(3, { studyUid }).entries())
      fs.writeFileSync(inFolder(`images/${at}`), object)
  })
  after(async () => {
    for (const fn of cleanup) await fn()
    fs.rmSync(folder, { recursive: true })
  })

  /** On a machine that has nothing of the hub's. */
  const run = (...args: readonly string[]): Promise<CommandResult> =>
    runSamsyn(args, { SAMSYN_DATA_DIR: inFolder('elsewhere') })

  it('publishes with what `client add --json` printed, and fetches it again with the key alone', async () => {
    const at = ['--hub', hub.url, '--json']
    const published = await run(
      'publish',
      inFolder('images'),
      '--key',
      inFolder('added.json'),
      ...at,
    )
    assert.equal(published.status, 0, published.stderr)
    assert.equal(JSON.parse(published.stdout).stored, 3)

    const own = ['--client', clientId, '--key', inFolder('key.json')]
    const fetched = await run('fetch', studyUid, '--out', inFolder('out'), ...own, ...at)
    assert.equal(fetched.status, 0, fetched.stderr)
    assert.equal(JSON.parse(fetched.stdout).verified, 3)
  })

  it('gets a token bound to a key of its choice, with no more scope than it asks for', async () => {
    const own = ['--client', clientId, '--key', inFolder('key.json'), '--hub', hub.url]
    const bound = ['--dpop-key', inFolder('dpop.json'), '--scope', 'samsyn:find']
    const { status, stdout, stderr } = await run('token', ...own, ...bound)
    assert.equal(status, 0, stderr)
    const claims = decodeJwt(stdout.trim())
    assert.equal(claims.client_id, clientId)
    assert.equal(claims.scope, 'samsyn:find')
    assert.ok(claims.cnf)
  })

  it('is told what is missing', async () => {
    const key = ['--key', inFolder('key.json'), '--hub', hub.url]
    const unnamed = await run('token', ...key)
    assert.equal(unnamed.status, 2)
    assert.match(unnamed.stderr, /--client/)
    const unbound = await run('token', '--client', clientId, ...key)
    assert.equal(unbound.status, 1)
    assert.match(unbound.stderr, /--dpop-key/)
  })
})
