import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import express from 'express'
import { httpMetrics } from '../../../src/faces/http-metrics.ts'
import { makeMetrics } from '../../../src/faces/operations/metrics.ts'
import { operationsRouter, type OperationsDeps } from '../../../src/faces/operations/router.ts'
import type { Readiness } from '../../../src/faces/operations/readiness.ts'
import { HubError } from '../../../src/kernel/errors.ts'
import { listen } from '../../support/listen.ts'
import { silentLog } from '../../support/log.ts'

async function serve(t: TestContext, changes: Partial<OperationsDeps> = {}): Promise<string> {
  const metrics = makeMetrics()
  const app = express()
  app.use(httpMetrics(metrics.http, ['/fhir']))
  app.use(
    operationsRouter({
      checks: { database: () => Promise.resolve() },
      isDraining: () => false,
      log: silentLog,
      metrics,
      detailFor: 'all',
      ...changes,
    }),
  )
  const face = express.Router()
  face.get('/Patient/:id', (_req, res) => {
    res.send('0123456789')
  })
  face.get('/slow', (_req, res) => {
    res.write('begun')
  })
  app.use('/fhir', face)
  return listen(t, app)
}

test('says it is alive whatever its parts do', async (t) => {
  const base = await serve(t, { checks: { database: () => Promise.reject(new Error('down')) } })
  const answer = await fetch(`${base}/livez`)
  assert.equal(answer.status, 200)
})

test('is ready when each part is', async (t) => {
  const base = await serve(t)
  const answer = await fetch(`${base}/readyz`)
  assert.equal(answer.status, 200)
  const { ready, parts }: Readiness = JSON.parse(await answer.text())
  assert.equal(ready, true)
  assert.equal(parts.database?.ok, true)
})

test('is not ready when a part fails, and names the part and what to fix', async (t) => {
  const check = () => Promise.reject(new HubError('unavailable', 'The disk is full: free some'))
  const base = await serve(t, { checks: { objects: check } })
  const answer = await fetch(`${base}/readyz`)
  assert.equal(answer.status, 503)
  const { parts }: Readiness = JSON.parse(await answer.text())
  assert.deepEqual(parts.objects?.problem, 'The disk is full: free some')
})

test('keeps a driver’s own words to the log', async (t) => {
  const check = () => Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3:5432'))
  const base = await serve(t, { checks: { database: check } })
  const text = await (await fetch(`${base}/readyz`)).text()
  assert.doesNotMatch(text, /10\.1\.2\.3/)
})

test('is not ready while it drains', async (t) => {
  const base = await serve(t, { isDraining: () => true })
  assert.equal((await fetch(`${base}/readyz`)).status, 503)
})

test('is not ready when a part does not answer', async (t) => {
  const base = await serve(t, {
    checks: { database: () => Promise.withResolvers().promise },
    patienceMs: 20,
  })
  assert.equal((await fetch(`${base}/readyz`)).status, 503)
})

test('shows a caller behind a proxy neither detail nor metrics', async (t) => {
  const base = await serve(t, { detailFor: 'local' })
  const headers = { 'X-Forwarded-For': '203.0.113.9' }
  assert.equal(await (await fetch(`${base}/readyz`, { headers })).text(), 'ready\n')
  assert.equal((await fetch(`${base}/metrics`, { headers })).status, 404)
  assert.equal((await fetch(`${base}/metrics`)).status, 200)
})

test('counts requests by route template, never by what the caller sent', async (t) => {
  const base = await serve(t)
  await (await fetch(`${base}/fhir/Patient/17858550084`)).text()
  await (await fetch(`${base}/no/such/17858550084`)).text()
  const metrics = await (await fetch(`${base}/metrics`)).text()
  assert.match(
    metrics,
    /samsyn_http_request_seconds_count\{method="GET",route="\/fhir\/Patient\/:id",status="200"\} 1/,
  )
  assert.match(metrics, /route="other",status="404"/)
  assert.doesNotMatch(metrics, /17858550084/)
})

test('counts a caller that left before the end apart', async (t) => {
  const base = await serve(t)
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  socket.write('GET /fhir/slow HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await new Promise((resolve) => socket.once('data', resolve))
  socket.destroy()
  const closed = 'route="/fhir/slow",status="499"'
  for (let attempts = 0; attempts < 100; attempts += 1) {
    const metrics = await (await fetch(`${base}/metrics`)).text()
    if (metrics.includes(closed)) return
  }
  assert.fail('The request was not counted')
})
