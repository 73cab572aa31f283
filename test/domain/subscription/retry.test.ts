import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { retryDelay } from '../../../src/domain/subscription/retry.ts'

const failures = fc.integer({ min: 1, max: 10_000 })
const chance = fc.double({ min: 0, max: 1, noNaN: true })

test('a retry waits between half and all of a time that doubles up to an hour', () => {
  fc.assert(
    fc.property(failures, chance, (count, drawn) => {
      const whole = Math.min(3_600_000, 1_000 * 2 ** Math.min(count - 1, 40))
      const delay = retryDelay(count, drawn)
      assert.ok(delay >= whole / 2 - 1 && delay <= whole + 1)
    }),
  )
})
