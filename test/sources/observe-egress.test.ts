import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import express from 'express'
import { makeEgress, type Egress } from '../../src/sources/egress.ts'
import { observeEgress, type CallObservation } from '../../src/sources/observe-egress.ts'
import { listen } from '../support/listen.ts'

interface Watched {
  readonly egress: Egress
  readonly base: string
  readonly seen: readonly CallObservation[]
  /** Ends the answer that is being given, in its middle. */
  readonly breakOff: () => unknown
}

async function watch(t: TestContext): Promise<Watched> {
  let breakOff = (): unknown => undefined
  const app = express()
  app.get('/studies/1.2', (_req, res) => {
    res.send('x'.repeat(1000))
  })
  app.get('/studies', (_req, res) => {
    res.sendStatus(404)
  })
  app.get('/studies/1.2/metadata', (_req, res) => {
    res.set('content-length', '1000').write('x')
    breakOff = () => res.destroy()
  })
  const base = await listen(t, app)
  const egress = makeEgress({ allow: ['loopback'] })
  t.after(() => egress.close())
  const seen: CallObservation[] = []
  const observed = observeEgress(egress, (call) => seen.push(call))
  return { egress: observed, base, seen, breakOff: () => breakOff() }
}

const shown = ({ operation, outcome, bytes }: CallObservation) => ({ operation, outcome, bytes })

test('a call counts when its body has ended, with its bytes', async (t) => {
  const { egress, base, seen } = await watch(t)
  const answer = await egress.request({ url: new URL(`${base}/studies/1.2`) })
  assert.deepEqual(seen, [])
  await buffer(answer.body)
  answer.discard()
  assert.deepEqual(seen.map(shown), [{ operation: 'objects', outcome: 'ok', bytes: 1000 }])
})

test('a body that is discarded counts as aborted, a refusal as refused', async (t) => {
  const { egress, base, seen } = await watch(t)
  const answer = await egress.request({ url: new URL(`${base}/studies/1.2`) })
  answer.discard()
  const refused = await egress.request({ url: new URL(`${base}/studies`) })
  refused.discard()
  assert.deepEqual(
    seen.map(({ operation, outcome }) => [operation, outcome]),
    [
      ['objects', 'aborted'],
      ['query', 'refused'],
    ],
  )
})

test('a body that breaks off counts as failed', async (t) => {
  const { egress, base, seen, breakOff } = await watch(t)
  const answer = await egress.request({ url: new URL(`${base}/studies/1.2/metadata`) })
  await assert.rejects(async () => {
    for await (const _chunk of answer.body) breakOff()
  })
  assert.deepEqual(
    seen.map(({ operation, outcome }) => [operation, outcome]),
    [['metadata', 'failed']],
  )
})

test('a source that is not there counts as failed', async (t) => {
  const { egress, seen } = await watch(t)
  await assert.rejects(egress.request({ url: new URL('http://127.0.0.1:1/studies') }))
  assert.deepEqual(
    seen.map(({ operation, outcome }) => [operation, outcome]),
    [['query', 'failed']],
  )
})
