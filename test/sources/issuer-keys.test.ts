import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { isHubError } from '../../src/kernel/errors.ts'
import { makeEgress } from '../../src/sources/egress.ts'
import { makeIssuerKeys } from '../../src/sources/issuer-keys.ts'
import { listen } from '../support/listen.ts'
import { startMinter } from '../support/minter.ts'

function scene(t: TestContext) {
  const egress = makeEgress({ allow: ['loopback'] })
  t.after(() => egress.close())
  const time = { now: Date.parse('2026-01-01T12:00:00Z') }
  const keysOf = makeIssuerKeys({ egress, clock: () => new Date(time.now) })
  return { time, keysOf }
}

test('keys are read once and kept', async (t) => {
  const { keysOf } = scene(t)
  const minter = await startMinter(t)
  minter.keys.push({ kty: 'EC', kid: 'one' })
  await Promise.all([keysOf(minter.url, false), keysOf(minter.url, false)])
  assert.equal((await keysOf(minter.url, false)).keys.length, 1)
  assert.equal(minter.reads(), 1)
})

test('an unknown key id reads them again, but not more than twice a minute', async (t) => {
  const { keysOf, time } = scene(t)
  const minter = await startMinter(t)
  minter.keys.push({ kty: 'EC', kid: 'one' })
  await keysOf(minter.url, false)
  minter.keys.push({ kty: 'EC', kid: 'two' })
  assert.equal((await keysOf(minter.url, true)).keys.length, 1)
  time.now += 31_000
  assert.equal((await keysOf(minter.url, true)).keys.length, 2)
})

test('kept keys serve while the issuer is away', async (t) => {
  const { keysOf, time } = scene(t)
  const cleanup: (() => Promise<void>)[] = []
  const minter = await startMinter({ after: (fn) => void cleanup.push(fn) })
  minter.keys.push({ kty: 'EC', kid: 'one' })
  await keysOf(minter.url, false)
  for (const fn of cleanup) await fn()
  time.now += 2 * 3_600_000
  assert.equal((await keysOf(minter.url, false)).keys.length, 1)
})

test('kept keys are not taken as good for longer than a day', async (t) => {
  const { keysOf, time } = scene(t)
  const cleanup: (() => Promise<void>)[] = []
  const minter = await startMinter({ after: (fn) => void cleanup.push(fn) })
  minter.keys.push({ kty: 'EC', kid: 'one' })
  await keysOf(minter.url, false)
  for (const fn of cleanup) await fn()
  time.now += 23 * 3_600_000
  assert.equal((await keysOf(minter.url, false)).keys.length, 1)
  time.now += 2 * 3_600_000
  await assert.rejects(keysOf(minter.url, false), (error) => isHubError(error, 'unavailable'))
})

test('metadata cannot send the hub to an address that is not on its list', async (t) => {
  let asked = 0
  const away = await listen(t, (_req, res) => {
    asked += 1
    res.end(JSON.stringify({ keys: [] }))
  })
  const url: string = await listen(t, (_req, res) => {
    res.end(JSON.stringify({ issuer: url, jwks_uri: `${away}/jwks` }))
  })
  const egress = makeEgress({ allow: [new URL(url).host] })
  t.after(() => egress.close())
  const keysOf = makeIssuerKeys({ egress, clock: () => new Date() })
  await assert.rejects(keysOf(url, false), (error) => isHubError(error, 'unavailable'))
  assert.equal(asked, 0)
})

test('an issuer that cannot be reached, or names another, makes the hub unavailable', async (t) => {
  const { keysOf } = scene(t)
  const minter = await startMinter(t)
  const unavailable = (error: unknown) => isHubError(error, 'unavailable')
  await assert.rejects(keysOf('http://localhost:1', false), unavailable)
  await assert.rejects(keysOf(`${minter.url}/realm`, false), unavailable)
})
