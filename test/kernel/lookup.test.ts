import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lookup } from '../../src/kernel/lookup.ts'

test('a table has its own entries and nothing that it inherits', () => {
  const table = { CT: 1 }
  assert.equal(lookup(table, 'CT'), 1)
  for (const name of [...Object.getOwnPropertyNames(Object.prototype), 'MR'])
    assert.equal(lookup(table, name), undefined, name)
})
