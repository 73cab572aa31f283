import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readFileMeta } from '../../../src/wire/dicom/file-meta.ts'
import { ctObject, newUid } from '../../support/dicom.ts'

const instanceUid = newUid()
const object = ctObject({ instanceUid })
const expected = { instanceUid, transferSyntaxUid: '1.2.840.10008.1.2.1' }

test('an object is known by its first few hundred bytes, and not by fewer', () => {
  let enough = 0
  while (readFileMeta(object.subarray(0, enough)) === 'more') enough += 1
  assert.ok(enough > 200 && enough < 800, `${enough} bytes`)
  assert.deepEqual(readFileMeta(object.subarray(0, enough)), expected)
  assert.deepEqual(readFileMeta(object), expected)
})

test('whatever a byte is turned into, reading ends without a throw', () => {
  fc.assert(
    fc.property(fc.nat(500), fc.nat(255), (at, value) => {
      const broken = Buffer.from(object)
      broken[at] = value
      readFileMeta(broken)
    }),
  )
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      (bytes) => void readFileMeta(Buffer.from(bytes)),
    ),
  )
})

test('a transfer syntax that is no UID is not told', () => {
  const broken = Buffer.from(object)
  const at = broken.indexOf('1.2.840.10008.1.2.1\0', 132)
  broken.write('1.2.3\r\nX-Evil: 1....', at, 'latin1')
  assert.deepEqual(readFileMeta(broken), { instanceUid, transferSyntaxUid: null })
})

test('what is not Part 10 is malformed', () => {
  assert.equal(readFileMeta(Buffer.alloc(400, 'x')), 'malformed')
})
