import assert from 'node:assert/strict'
import { createServer as createTcpServer } from 'node:net'
import type { RequestListener } from 'node:http'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { makeEgress, type Egress, type EgressOptions } from '../../src/sources/egress.ts'
import { listen } from '../support/listen.ts'

function open(t: TestContext, options: Partial<EgressOptions> = {}): Egress {
  const egress = makeEgress({ allow: ['loopback'], answerWithin: 300, idleWithin: 300, ...options })
  t.after(() => egress.close())
  return egress
}

async function serve(t: TestContext, handler: RequestListener): Promise<URL> {
  return new URL(await listen(t, handler))
}

/** Answers every connection with these bytes, cut as given, and ends it. */
async function speak(t: TestContext, ...pieces: readonly string[]): Promise<URL> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined).setNoDelay(true)
    socket.once('data', () => {
      void (async () => {
        for (const piece of pieces) {
          socket.write(piece, 'latin1')
          await new Promise((resolve) => setTimeout(resolve, 2))
        }
        socket.end()
      })()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Not listening')
  return new URL(`http://127.0.0.1:${address.port}/studies`)
}

async function read(body: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const chunk of body) text += chunk.toString('latin1')
  return text
}

const WAYS = ['request', 'stream'] as const

for (const way of WAYS) {
  test(`${way}: an answer comes with status, headers and body`, async (t) => {
    const url = await serve(t, (req, res) => {
      res.writeHead(200, { 'x-seen': `${req.method} ${req.url} ${req.headers.authorization}` })
      res.end('hello')
    })
    url.pathname = '/a'
    url.search = '?b=1'
    const answer = await open(t)[way]({ url, headers: { authorization: 'Basic eA==' } })
    assert.equal(answer.status, 200)
    assert.equal(answer.header('x-seen'), 'GET /a?b=1 Basic eA==')
    assert.equal(await read(answer.body), 'hello')
  })

  test(`${way}: a redirect is not followed`, async (t) => {
    let asked = 0
    const elsewhere = await serve(t, (_req, res) => {
      asked += 1
      res.end()
    })
    const url = await serve(t, (_req, res) =>
      res.writeHead(307, { location: elsewhere.href }).end(),
    )
    await assert.rejects(open(t)[way]({ url }), { code: 'source-failed' })
    assert.equal(asked, 0)
  })

  test(`${way}: what is not on the list is never connected to`, async (t) => {
    const url = await serve(t, (_req, res) => res.end())
    const egress = open(t, { allow: ['127.0.0.1:1'] })
    await assert.rejects(egress[way]({ url }), { code: 'forbidden' })
    for (const bad of ['ftp://127.0.0.1:1/', 'http://u:p@127.0.0.1:1/'])
      await assert.rejects(egress[way]({ url: new URL(bad) }), { code: 'forbidden' })
  })

  test(`${way}: a listed name that leads to this machine is refused`, async (t) => {
    const url = await serve(t, (_req, res) => res.end())
    url.hostname = 'localhost.'
    const egress = open(t, { allow: [`localhost.:${url.port}`] })
    await assert.rejects(egress[way]({ url }), { code: 'source-failed' })
  })

  test(`${way}: silence is a timeout, before the answer and within it`, async (t) => {
    const url = await serve(t, (req, res) => {
      if (req.url === '/late') res.writeHead(200).write('x')
    })
    const egress = open(t)
    await assert.rejects(egress[way]({ url }), { code: 'source-timeout' })
    url.pathname = '/late'
    const answer = await egress[way]({ url })
    await assert.rejects(read(answer.body), { code: 'source-timeout' })
  })

  test(`${way}: a question is asked again when the connection breaks before the answer`, async (t) => {
    let asked = 0
    const url = await serve(t, (req, res) => {
      asked += 1
      if (asked < 3) req.socket.destroy()
      else res.end('third')
    })
    const answer = await open(t)[way]({ url })
    assert.equal(await read(answer.body), 'third')
  })

  test(`${way}: after failures in a row the source is left alone`, async (t) => {
    let asked = 0
    const url = await serve(t, (_req, res) => {
      asked += 1
      res.writeHead(500).end('stack')
    })
    const egress = open(t, { breakAfter: 2 })
    for (const code of ['source-failed', 'source-failed', 'source-unavailable'])
      await assert.rejects(egress[way]({ url }), { code })
    assert.equal(asked, 2)
  })

  test(`${way}: callers who leave do not open the breaker`, async (t) => {
    let calm = false
    const url = await serve(t, (_req, res) => {
      if (calm) res.end('ok')
    })
    const egress = open(t, { breakAfter: 1 })
    const leave = new AbortController()
    const asked = egress[way]({ url, signal: leave.signal })
    setTimeout(() => leave.abort(), 20)
    await assert.rejects(asked)
    calm = true
    assert.equal(await read((await egress[way]({ url })).body), 'ok')
  })

  test(`${way}: no error tells the source's address`, async (t) => {
    const url = await speak(t, 'garbage\r\n\r\n')
    const error = await open(t)
      [way]({ url })
      .catch((reason: unknown) => reason)
    assert.ok(error instanceof Error)
    assert.doesNotMatch(error.message, /127\.0\.0\.1|\d{4,5}/)
  })

  for (const [name, pieces, text] of [
    [
      'chunks, cut anywhere',
      [
        'HTTP/1.1 200 OK\r\nTransfer-',
        'Encoding: chunked\r\n\r',
        '\n5;x=y\r',
        '\nhel',
        'lo\r\n',
        '1',
        '\r\n!\r\n0\r\nX: 1\r\n',
        '\r\n',
      ],
      'hello!',
    ],
    ['a length', ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 'lo'], 'hello'],
    ['the end of the connection', ['HTTP/1.1 200 OK\r\n\r\n', 'hel', 'lo'], 'hello'],
    [
      'an interim answer',
      ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
      'ok',
    ],
  ] as const)
    test(`${way}: a body framed by ${name} is read`, async (t) => {
      const answer = await open(t)[way]({ url: await speak(t, ...pieces) })
      assert.equal(await read(answer.body), text)
    })

  for (const [name, pieces] of [
    ['cut short', ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello']],
    [
      'without its last chunk',
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ],
    [
      'with a malformed chunk',
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n'],
    ],
    ['of two lengths', ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello']],
    ['with an endless header', [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\n\r\nhello`]],
  ] as const)
    test(`${way}: a body ${name} is a failure of the source`, async (t) => {
      const url = await speak(t, ...pieces)
      await assert.rejects(
        open(t)
          [way]({ url })
          .then((answer) => read(answer.body)),
        { code: 'source-failed' },
      )
    })
}

test('a source is never loaded with more connections than allowed', async (t) => {
  let at = 0
  let most = 0
  const url = await serve(t, (_req, res) => {
    at += 1
    most = Math.max(most, at)
    setTimeout(() => {
      at -= 1
      res.end('x')
    }, 20)
  })
  const egress = open(t, { connections: 2, answerWithin: 5_000 })
  await Promise.all(
    Array.from({ length: 8 }, async () => read((await egress.stream({ url })).body)),
  )
  assert.ok(most <= 2, `${most} at a time`)
})
