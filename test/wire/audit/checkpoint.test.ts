import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  checkpointLine,
  isSigned,
  makeCheckpointKey,
  parseCheckpoint,
  signCheckpoint,
} from '../../../src/wire/audit/checkpoint.ts'
import { checkpointKey, publicKeys } from '../../support/audit.ts'

const checkpoint = signCheckpoint(
  { size: 5, root: 'ab'.repeat(32), at: '2026-03-01T08:00:00.000Z', previous: null },
  checkpointKey,
)

describe('a checkpoint', () => {
  it('comes back from its line as it was signed', () => {
    const parsed = parseCheckpoint(checkpointLine(checkpoint))
    assert.deepEqual(parsed, checkpoint)
    assert.equal(isSigned(checkpoint, publicKeys), true)
  })

  for (const change of [
    { size: 6 },
    { root: 'cd'.repeat(32) },
    { at: '2026-03-01T08:00:01.000Z' },
    { previous: 'ab'.repeat(32) },
  ]) {
    it(`is not signed when its ${Object.keys(change).join()} was changed`, () => {
      assert.equal(isSigned({ ...checkpoint, ...change }, publicKeys), false)
    })
  }

  it('is not signed by a key that nobody knows, nor by another key of the same name', () => {
    const other = makeCheckpointKey(Buffer.alloc(32, 8))
    assert.equal(isSigned(checkpoint, new Map([[other.kid, other.publicKey]])), false)
    assert.equal(isSigned(checkpoint, new Map([[checkpoint.kid, other.publicKey]])), false)
  })

  for (const line of ['', 'not JSON', '{}', '[]', checkpointLine(checkpoint).slice(0, -5)]) {
    it(`is not read from ${JSON.stringify(line.slice(0, 20))}`, () => {
      assert.equal(parseCheckpoint(line), undefined)
    })
  }

  it('has the same key for the same secret, and one for the extremes too', () => {
    assert.equal(makeCheckpointKey(Buffer.alloc(32, 7)).kid, checkpointKey.kid)
    for (const fill of [0x00, 0xff]) {
      assert.equal(makeCheckpointKey(Buffer.alloc(32, fill)).kid.length, 43)
    }
  })
})
