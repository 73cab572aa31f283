import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitJsonArray } from '../../../src/wire/dicom/json-array.ts'

async function* chunked(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  // One buffer for all, as a socket reader has: a chunk is good until the next is asked for.
  const reused = Buffer.alloc(size)
  for (let at = 0; at < bytes.length; at += size)
    yield reused.subarray(0, bytes.copy(reused, 0, at, at + size))
}

async function split(text: string, size = 7, limits?: Parameters<typeof splitJsonArray>[1]) {
  const elements: unknown[] = []
  for await (const one of splitJsonArray(chunked(text, size), limits))
    elements.push(JSON.parse(one))
  return elements
}

const objects = fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()))

test('an array of any objects comes apart into the same objects, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      objects,
      fc.integer({ min: 1, max: 64 }),
      fc.nat(4),
      async (all, size, indent) => {
        const text = ` ${JSON.stringify(all, null, indent)}\n`
        assert.deepEqual(await split(text, size), JSON.parse(text))
      },
    ),
  )
})

for (const text of [
  '',
  '[',
  '[{}',
  '[{},',
  '[{},]',
  '[{}{}]',
  '{}',
  '[1]',
  '[{}] x',
  '[{"a":"]}"',
  '<html>',
])
  test(`what is not a whole array of objects is refused: ${text}`, async () => {
    await assert.rejects(split(text), { code: 'invalid' })
  })

test('an element, their number and their depth are bounded', async () => {
  const limits = { elementBytes: 20, elements: 2, depth: 3 }
  assert.equal((await split('[{},{"a":[1]}]', 3, limits)).length, 2)
  await assert.rejects(split(`[{"a":"${'x'.repeat(30)}"}]`, 3, limits), { code: 'too-large' })
  await assert.rejects(split('[{},{},{}]', 3, limits), { code: 'too-large' })
  await assert.rejects(split('[{"a":[[[1]]]}]', 3, limits), { code: 'too-large' })
})
