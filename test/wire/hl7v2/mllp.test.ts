import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Hl7Fault } from '../../../src/wire/hl7v2/fault.ts'
import { makeFrameReader, toFrame } from '../../../src/wire/hl7v2/mllp.ts'

const message = fc
  .uint8Array({ maxLength: 6000 })
  .map((bytes) => bytes.map((byte) => (byte === 0x1c ? 0x20 : byte)))

test('messages come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 3000 })),
      (sent, cuts) => {
        const whole = Buffer.concat(sent.map(toFrame))
        const reader = makeFrameReader(10_000)
        const received: Uint8Array[] = []
        let at = 0
        for (const size of [...cuts, whole.length]) {
          received.push(...reader.push(whole.subarray(at, at + size)))
          at += size
        }
        assert.deepEqual(
          received.map((one) => Buffer.from(one).toString('hex')),
          sent.map((one) => Buffer.from(one).toString('hex')),
        )
        assert.equal(reader.isInside(), false)
      },
    ),
  )
})

test('what was received does not change when more comes', () => {
  const reader = makeFrameReader(100)
  const chunk = Buffer.from(toFrame(Buffer.from('one')))
  const [one] = reader.push(chunk)
  chunk.fill(0)
  reader.push(toFrame(Buffer.from('two')))
  assert.equal(Buffer.from(one ?? []).toString(), 'one')
})

test('line ends between frames are passed over, anything else is none', () => {
  const reader = makeFrameReader(100)
  assert.equal(reader.push(Buffer.from('\r\n\x0bone\x1c\r\n\n')).length, 1)
  assert.throws(() => reader.push(Buffer.from('x')), Hl7Fault)
})

test('a frame longer than allowed ends the reading, and what came of it is there to be answered', () => {
  const reader = makeFrameReader(10)
  reader.push(Buffer.from('\x0bMSH|'))
  assert.throws(() => reader.push(Buffer.alloc(20, 'x')), Hl7Fault)
  assert.equal(Buffer.from(reader.partial()).toString(), 'MSH|')
})
