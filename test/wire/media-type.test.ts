import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAccept, parseMediaType } from '../../src/wire/media-type.ts'

test('a media type is read with quoted, plain and odd parameters', () => {
  const type = parseMediaType(
    'Multipart/Related; TYPE="application/dicom"; boundary="a;b\\"c" ;x=1;',
  )
  assert.ok(type)
  assert.equal(type.type, 'multipart/related')
  assert.deepEqual(
    [...type.parameters],
    [
      ['type', 'application/dicom'],
      ['boundary', 'a;b"c'],
      ['x', '1'],
    ],
  )
})

for (const text of ['', 'text', 'text/', 'a/b c', 'a/b, c/d', '/b'])
  test(`${JSON.stringify(text)} is not a media type`, () => {
    assert.equal(parseMediaType(text), undefined)
  })

test('ranges come by quality, then in their own order; what is malformed is passed over', () => {
  const ranges = parseAccept('a/b;q=0.5, nonsense, */*;q=0, c/d; p="x,y", e/f;q=2, g/h')
  assert.deepEqual(
    ranges.map(({ type }) => type),
    ['c/d', 'g/h', 'a/b'],
  )
  assert.equal(ranges[0]?.parameters.get('p'), 'x,y')
})
