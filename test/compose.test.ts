/** The whole hub as a process: what operators see of it, and how it starts and stops. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { startChild } from './support/children.ts'
import { createDatabase } from './support/database.ts'
import { ctSeries, newUid } from './support/dicom.ts'
import { freePort } from './support/free-port.ts'
import { MAIN, runSamsyn } from './support/hub.ts'
import { MULTIPART, multipart, startSource } from './support/misbehaving-source.ts'
import { partsOf } from './support/multipart.ts'
import { NATIONAL_ID_SYSTEM, startNetwork } from './support/network.ts'

/** A hub that has indexed another's study, and how its custodian's own system asks for it. */
async function indexed(t: TestContext) {
  const { url } = await createDatabase(t)
  const { hub, members, system } = await startNetwork(t, { DATABASE_URL: url })
  const studyUid = newUid()
  const objects = ctSeries(3, { studyUid, size: 64 })
  const source = await startSource(t, objects)
  const { id } = (await hub.json(
    ...['source', 'add', '--custodian', members.north, '--name', 'PACS', '--url', source.url],
    ...['--default-issuer', NATIONAL_ID_SYSTEM],
  )) as { id: string }
  await hub.json('source', 'sync', id)
  const headers = {
    authorization: await system('north-archive'),
    accept: 'multipart/related; type="application/dicom"; transfer-syntax=*',
  }
  const retrieve = () => fetch(`${hub.url}/dicom-web/studies/${studyUid}`, { headers })
  return { hub, objects, source, retrieve }
}

test('a relayed study shows in /metrics: the call, its bytes, and what it held meanwhile', async (t) => {
  const { hub, objects, source, retrieve } = await indexed(t)
  const held = holdHalfway(objects)
  source.retrieve = held.retrieve
  const answer = await retrieve()
  assert.match(await metricsOf(hub.url), /^samsyn_open_disclosures 1$/m)
  held.goOn()
  await partsOf(answer)

  const metrics = await metricsOf(hub.url)
  const call = 'samsyn_source_request_seconds_count{operation="objects",outcome="ok"} 1'
  assert.ok(metrics.includes(call), metrics)
  const bytes = /^samsyn_source_received_bytes_total\{operation="objects"\} (\d+)$/m.exec(metrics)
  assert.equal(Number(bytes?.[1]), multipart(objects).length)
  assert.match(metrics, /^samsyn_database_connections [1-9]/m)
})

test('told to stop, the hub sends what is in flight to its end and leaves with status 0', async (t) => {
  const { hub, objects, source, retrieve } = await indexed(t)
  const held = holdHalfway(objects)
  source.retrieve = held.retrieve
  const answer = await retrieve()
  const exited = once(hub.child.process, 'exit')
  hub.child.process.kill('SIGTERM')
  await hub.child.line(/stopping/)
  await refusesConnections(hub.url)

  held.goOn()
  const parts = await partsOf(answer)
  assert.deepEqual(
    parts.map(({ body }) => body),
    objects,
  )
  assert.deepEqual(await exited, [0, null])
})

test('a production hub starts with keys made for it, and says it is not ready before it goes', async (t) => {
  const { url } = await createDatabase(t)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'samsyn-production-'))
  t.after(() => rm(folder, { recursive: true }))
  const port = await freePort()
  const env = {
    SAMSYN_ENV: 'production',
    SAMSYN_BASE_URL: 'https://hub.example',
    SAMSYN_TRUST_PROXY: 'loopback',
    SAMSYN_PORT: String(port),
    SAMSYN_DATA_DIR: path.join(folder, 'data'),
    SAMSYN_KEY_FILE: path.join(folder, 'keys', 'hub.json'),
    SAMSYN_LOG_LEVEL: 'warn',
    DATABASE_URL: url,
  }
  const early = await runSamsyn(['serve'], env)
  assert.equal(early.status, 2)
  assert.match(early.stderr, /samsyn keys create/)

  assert.equal((await runSamsyn(['keys', 'create'], env)).status, 0)
  assert.equal((await runSamsyn(['keys', 'create'], env)).status, 1, 'made twice')
  const hub = startChild(process.execPath, [MAIN, 'serve'], env)
  t.after(() => hub.kill('SIGKILL'))
  await hub.line(/listening/)

  const local = `http://127.0.0.1:${port}`
  assert.equal((await fetch(`${local}/readyz`)).status, 200)
  const metadata = await fetch(`${local}/.well-known/oauth-authorization-server`)
  const { issuer, token_endpoint: token } = (await metadata.json()) as Record<string, string>
  assert.deepEqual([issuer, token], ['https://hub.example', 'https://hub.example/oauth/token'])

  const exited = once(hub.process, 'exit')
  hub.process.kill('SIGTERM')
  await hub.line(/stopping/)
  assert.equal((await fetch(`${local}/readyz`)).status, 503)
  assert.deepEqual(await exited, [0, null])
})

/** A source's answer that stops in the middle until it is let go on. */
function holdHalfway(objects: readonly Buffer[]): {
  readonly retrieve: (res: ServerResponse) => Promise<void>
  readonly goOn: () => void
} {
  const gate = Promise.withResolvers<undefined>()
  return {
    async retrieve(res) {
      const body = multipart(objects)
      const half = body.length >> 1
      res.writeHead(200, { 'content-type': MULTIPART }).write(body.subarray(0, half))
      await gate.promise
      res.end(body.subarray(half))
    },
    goOn: () => {
      gate.resolve(undefined)
    },
  }
}

async function metricsOf(hub: string): Promise<string> {
  return (await fetch(`${hub}/metrics`)).text()
}

async function refusesConnections(url: string): Promise<void> {
  for (;;) {
    const answered = await fetch(`${url}/livez`).then(
      () => true,
      () => false,
    )
    if (!answered) return
  }
}

test('a national id in a path is in no line of the log, however it is written', async (t) => {
  const { url } = await createDatabase(t)
  const { hub } = await startNetwork(t, { DATABASE_URL: url, SAMSYN_LOG_LEVEL: 'info' })
  for (const number of ['17858550084', '%317858550084']) {
    await fetch(`${hub.url}/fhir/Patient/${number}`, { headers: { 'x-request-id': '17858550084' } })
  }
  await hub.child.line(/Patient\/\*\*\*/)
  assert.doesNotMatch(hub.child.output(), /7858550084/)
})
