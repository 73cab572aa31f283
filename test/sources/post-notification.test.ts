import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { RequestListener } from 'node:http'
import { makeEgress } from '../../src/sources/egress.ts'
import { makePostNotification, type PostResult } from '../../src/sources/post-notification.ts'
import { freePort } from '../support/free-port.ts'
import { listen } from '../support/listen.ts'

interface How {
  readonly url?: string
  readonly allow?: readonly string[]
  readonly signal?: AbortSignal
}

async function post(t: TestContext, answer: RequestListener, how: How = {}): Promise<PostResult> {
  const { url = await listen(t, answer), allow = ['loopback'] } = how
  const egress = makeEgress({ allow })
  t.after(() => egress.close())
  return makePostNotification(egress)({
    url: new URL(url),
    headers: { 'content-type': 'application/fhir+json' },
    body: '{}',
    timeoutMs: 300,
    signal: how.signal ?? new AbortController().signal,
  })
}

function arrival(result: PostResult): boolean | 'accepted' {
  return result.accepted ? 'accepted' : result.mayHaveArrived
}

const answering =
  (status: number, headers = {}): RequestListener =>
  (_req, res) =>
    res.writeHead(status, headers).end()

test('an answer of success is acceptance, any other is not, and a redirect is not followed', async (t) => {
  for (const status of [200, 202, 204])
    assert.equal(arrival(await post(t, answering(status))), 'accepted')
  let followed = 0
  const elsewhere = await listen(t, (_req, res) => {
    followed += 1
    res.end()
  })
  for (const status of [400, 404, 410, 429, 500, 503, 301, 307, 308])
    assert.equal(arrival(await post(t, answering(status, { location: elsewhere }))), true)
  assert.equal(followed, 0)
})

test('what was never sent is known not to have arrived', async (t) => {
  const refused = `http://127.0.0.1:${await freePort()}/`
  assert.equal(arrival(await post(t, answering(200), { url: refused })), false)
  const unlisted = { url: 'http://127.0.0.1:9/', allow: ['receiver.example'] }
  assert.equal(arrival(await post(t, answering(200), unlisted)), false)
})

test('what hangs, breaks off or is cut may have arrived, and is asked once', async (t) => {
  let asked = 0
  const hanging: RequestListener = () => {
    asked += 1
  }
  const late = await post(t, hanging)
  assert.deepEqual(
    [arrival(late), !late.accepted && late.reason, asked],
    [true, 'The endpoint did not answer in time', 1],
  )
  asked = 0
  const breaking: RequestListener = (req) => {
    asked += 1
    req.socket.destroy()
  }
  assert.deepEqual([arrival(await post(t, breaking)), asked], [true, 1])
  const ending = new AbortController()
  const cut = await post(t, () => ending.abort(), { signal: ending.signal })
  assert.equal(arrival(cut), true)
})

test('a reason names neither the address nor what the endpoint said', async (t) => {
  const result = await post(t, (_req, res) => res.writeHead(500, { 'x-a': 'secret' }).end('secret'))
  assert.ok(!result.accepted && !/127\.0\.0\.1|secret/.test(result.reason))
})
