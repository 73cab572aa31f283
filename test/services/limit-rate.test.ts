import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isHubError } from '../../src/kernel/errors.ts'
import type { ClientId } from '../../src/kernel/ids.ts'
import { makeLimitRate } from '../../src/services/limit-rate.ts'

const [ONE, TWO] = ['one', 'two'].map((id) => id as ClientId) as [ClientId, ClientId]

function limited(perMinute: number) {
  let now = 0
  const take = makeLimitRate({ clock: () => new Date(now), perMinute })
  return {
    turn(ms: number) {
      now += ms
    },
    /** Seconds to wait, or undefined where it was let through. */
    take(client = ONE): number | undefined {
      try {
        take(client)
        return undefined
      } catch (error) {
        assert.ok(isHubError(error, 'too-many-requests'))
        return error.retryAfter
      }
    },
  }
}

test('a client asks so many times at once, then is told when to come again, and is let through then', () => {
  const limit = limited(30)
  for (let time = 0; time < 30; time++) assert.equal(limit.take(), undefined)
  assert.equal(limit.take(), 2)
  limit.turn(1_000)
  assert.equal(limit.take(), 1)
  limit.turn(1_000)
  assert.equal(limit.take(), undefined)
  assert.equal(limit.take(), 2)
})

test('one client’s questions are not another’s', () => {
  const limit = limited(1)
  assert.equal(limit.take(ONE), undefined)
  assert.equal(limit.take(TWO), undefined)
  assert.equal(limit.take(ONE), 60)
})

test('in no minute are there more than twice as many, whatever the pace and however the clock goes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: -500, max: 20_000 }), { maxLength: 200 }),
      (perMinute, steps) => {
        const limit = limited(perMinute)
        let now = 0
        const taken: number[] = []
        let latest = 0
        for (const step of steps) {
          limit.turn(step)
          now += step
          latest = Math.max(latest, now)
          if (limit.take() === undefined) taken.push(latest)
        }
        for (const start of taken) {
          const within = taken.filter((at) => at >= start && at < start + 60_000)
          assert.ok(within.length <= 2 * perMinute)
        }
      },
    ),
  )
})
