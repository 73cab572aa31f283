import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldText } from '../../../src/domain/identity/fold-text.ts'

for (const spellings of [
  ['Ødegård', 'ODEGARD', 'Oedegaard', 'ødega\u030ard'],
  ['Sæther', 'Saether', 'Säther', 'Sather'],
  ['Bjørn-Åge', 'Bjorn Aage', 'bjoern  age'],
  ["O'Brien", 'O’Brien', 'obrien'],
]) {
  test(`${spellings.join(', ')} are one text`, () => {
    assert.equal(new Set(spellings.map(foldText)).size, 1)
  })
}

test('different names stay different', () => {
  assert.notEqual(foldText('Hansen'), foldText('Hanssen'))
  assert.notEqual(foldText('Kari'), foldText('Karin'))
})

const vowels = fc.string({ unit: fc.constantFrom('a', 'e', 'o', 'å', 'ø', 'æ', '-') })

test('folding what is folded changes nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), vowels), (text) => {
      const once = foldText(text)
      return foldText(once) === once
    }),
  )
})
