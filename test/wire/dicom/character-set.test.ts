import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textCodec } from '../../../src/wire/dicom/character-set.ts'

function decode(terms: readonly string[], bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1')
  return textCodec(terms).decode(new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength))
}

test('single sets are read by their defined term', () => {
  for (const [term, bytes, text] of [
    ['', '\xc5se', 'Åse'],
    ['ISO_IR 100', '\xd8deg\xe5rd', 'Ødegård'],
    ['ISO 2022 IR 100', '\xd8deg\xe5rd', 'Ødegård'],
    ['ISO_IR 101', '\xa3', 'Ł'],
    ['ISO_IR 144', '\xbb\xee\xda\xd5', 'Люке'],
    ['ISO_IR 126', '\xc4', 'Δ'],
    ['ISO_IR 203', '\xa4', '€'],
    ['ISO_IR 192', Buffer.from('Kjærsti').toString('latin1'), 'Kjærsti'],
    ['GB18030', '\xcd\xf5', '王'],
    ['NONSENSE', '\xc5se', 'Åse'],
  ] as const)
    assert.equal(decode([term], bytes), text, term)
})

test('an escape sequence switches the set until a delimiter (PS3.5 section 6.1.2.5)', () => {
  assert.equal(decode(['', 'ISO 2022 IR 144'], '\x1b-L\xbb\xee\xda^A'), 'Люк^A')
  assert.equal(decode(['ISO 2022 IR 100', 'ISO 2022 IR 101'], '\xd8\x1b-B\xa3=\xd8'), 'ØŁ=Ø')
})

test('the names of PS3.5 annexes H and I are right', () => {
  assert.equal(
    decode(
      ['', 'ISO 2022 IR 87'],
      'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B',
    ),
    'Yamada^Tarou=山田^太郎=やまだ^たろう',
  )
  assert.equal(
    decode(['', 'ISO 2022 IR 149'], 'Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7'),
    'Hong^Gildong=洪^吉洞',
  )
})

test('bytes that are no text of their set are replaced, never an error', () => {
  assert.equal(decode(['ISO_IR 192'], 'a\xffb'), 'a�b')
  assert.equal(decode(['', 'ISO 2022 IR 87'], '\x1b$B'), '')
  assert.equal(decode(['', 'ISO 2022 IR 87'], 'a\x1bZb'), 'aZb')
})
