import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isHubError } from '../../../src/kernel/errors.ts'
import { readMultipart } from '../../../src/wire/multipart/read-multipart.ts'
import {
  makeMultipartWriter,
  multipartLength,
} from '../../../src/wire/multipart/write-multipart.ts'

const BOUNDARY = 'b0undary'

interface Read {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** In one buffer for all chunks, as a socket reader has: a chunk is good until the next is asked for. */
async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const reused = Buffer.alloc(size)
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size)
    reused.fill(0)
    reused.set(chunk)
    yield reused.subarray(0, chunk.length)
  }
}

async function collect(source: AsyncIterable<Uint8Array>, boundary = BOUNDARY): Promise<Read[]> {
  const parts: Read[] = []
  for await (const part of readMultipart(source, boundary)) {
    const chunks: Uint8Array[] = []
    for await (const chunk of part.body) chunks.push(Buffer.from(chunk))
    parts.push({ headers: Object.fromEntries(part.headers), body: Buffer.concat(chunks) })
  }
  return parts
}

function write(bodies: readonly Uint8Array[]): Buffer {
  const writer = makeMultipartWriter(BOUNDARY)
  const parts = bodies.flatMap((body) => [
    writer.head({ contentType: 'application/dicom', length: body.length }),
    Buffer.from(body),
  ])
  return Buffer.concat([...parts, writer.close()])
}

/** Bodies full of what a delimiter is made of. */
const trickyBody = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r',
        '\n',
        '\r\n',
        '--',
        '\r\n--',
        '\r\n--b0undar',
        `--${BOUNDARY}`,
        '\r\r\n',
      ),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 20 },
  )
  .map((pieces) => Buffer.from(pieces.join('').replaceAll(`\r\n--${BOUNDARY}`, '\r\n--b0')))

test('what is written is read back, however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(trickyBody, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 200 }),
      async (bodies, size) => {
        const parts = await collect(chunked(write(bodies), size))
        assert.deepEqual(
          parts.map(({ body }) => body),
          bodies,
        )
      },
    ),
  )
})

test('arbitrary bytes are read or refused, never anything else', async () => {
  await fc.assert(
    fc.asyncProperty(trickyBody, fc.integer({ min: 1, max: 50 }), async (bytes, size) => {
      await collect(chunked(Buffer.concat([Buffer.from(`--${BOUNDARY}`), bytes]), size)).catch(
        (error: unknown) => {
          if (!isHubError(error)) throw error
        },
      )
    }),
  )
})

test('every truncation is an error that names the part', async () => {
  const whole = write([Buffer.from('first'), Buffer.from('second')])
  for (let length = 0; length < whole.length - 4; length += 1) {
    await assert.rejects(collect(chunked(whole.subarray(0, length), 7)), (error: unknown) => {
      assert.ok(isHubError(error, 'invalid'))
      assert.match(error.message, /^Part [123]: /)
      return true
    })
  }
})

test('the length told beforehand is the length written', () => {
  const bodies = [Buffer.alloc(10), Buffer.alloc(0), Buffer.alloc(77)]
  const headers = bodies.map(({ length }) => ({ contentType: 'application/dicom', length }))
  assert.equal(multipartLength(BOUNDARY, headers), write(bodies).length)
})

test('preamble, epilogue, padding and folded headers are accepted', async () => {
  const text =
    `preamble\r\n--${BOUNDARY} \t\r\nContent-Type: multipart/x;\r\n  a=b\r\nX:1\r\n\r\nbody\r\n` +
    `--${BOUNDARY}\r\n\r\nbare\r\n--${BOUNDARY}--\r\nepilogue`
  const parts = await collect(chunked(Buffer.from(text), 5))
  assert.deepEqual(parts, [
    { headers: { 'content-type': 'multipart/x; a=b', x: '1' }, body: Buffer.from('body') },
    { headers: {}, body: Buffer.from('bare') },
  ])
})

test('a part that disagrees with its Content-Length fails alone', async () => {
  const text =
    `--${BOUNDARY}\r\nContent-Length: 3\r\n\r\nfour\r\n` +
    `--${BOUNDARY}\r\nContent-Length: 4\r\n\r\nfour\r\n--${BOUNDARY}--`
  const outcomes: string[] = []
  for await (const part of readMultipart(chunked(Buffer.from(text), 9), BOUNDARY)) {
    try {
      for await (const _chunk of part.body);
      outcomes.push('read')
    } catch (error) {
      assert.ok(isHubError(error, 'invalid'))
      outcomes.push(error.problems[0]?.location ?? '')
    }
  }
  assert.deepEqual(outcomes, ['part 1', 'read'])
})

test('a part left unread, or read in part, does not disturb the next', async () => {
  const whole = write([Buffer.alloc(100, 1), Buffer.alloc(100, 2), Buffer.from('last')])
  for (const size of [1, 3, 64, 1000]) {
    const read: number[] = []
    for await (const part of readMultipart(chunked(whole, size), BOUNDARY)) {
      if (part.number === 1) continue
      const first = await part.body[Symbol.asyncIterator]().next()
      read.push(first.done === true ? -1 : (first.value[0] ?? -1))
    }
    assert.deepEqual(read, [2, 'l'.charCodeAt(0)])
  }
})

test('a header block beyond its limit is refused', async () => {
  const text = `--${BOUNDARY}\r\nX: ${'x'.repeat(20_000)}\r\n\r\nbody\r\n--${BOUNDARY}--`
  await assert.rejects(collect(chunked(Buffer.from(text), 1000)), { code: 'too-large' })
})

test('more parts than allowed are refused', async () => {
  const whole = write([Buffer.alloc(1), Buffer.alloc(1), Buffer.alloc(1)])
  const limits = { headerBytes: 1000, parts: 2 }
  await assert.rejects(
    async () => {
      for await (const part of readMultipart(chunked(whole, 50), BOUNDARY, limits))
        assert.ok(part.number <= 2)
    },
    { code: 'too-large' },
  )
})

test('leaving early ends the source', async () => {
  let ended = false
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield write([Buffer.alloc(500)]).subarray(0, 200)
      yield Buffer.alloc(10)
    } finally {
      ended = true
    }
  }
  for await (const part of readMultipart(source(), BOUNDARY)) {
    assert.equal(part.number, 1)
    break
  }
  assert.ok(ended)
})

test('a source that fails passes its error on', async () => {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield write([Buffer.alloc(10)]).subarray(0, 60)
    throw new Error('reset')
  }
  await assert.rejects(collect(source()), /reset/)
})

test('a header that could break out of its line is not written', () => {
  assert.throws(() => makeMultipartWriter(BOUNDARY).head({ contentType: 'a/b\r\nX: y' }), TypeError)
})
