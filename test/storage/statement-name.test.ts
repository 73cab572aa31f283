import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeStatementNames } from '../../src/storage/statement-name.ts'

test('one text has one name, and different texts have different ones', () => {
  const nameOf = makeStatementNames(2)
  assert.equal(nameOf('select 1', 'search'), nameOf('select 1', 'search'))
  assert.notEqual(nameOf('select 1', 'search'), nameOf('select 2', 'search'))
})

test('shapes beyond the bound are not named, and those that were keep their names', () => {
  const nameOf = makeStatementNames(2)
  const first = nameOf('select 1', 'search')
  for (let shape = 2; shape < 2_500; shape++) nameOf(`select ${shape}`, 'search')
  assert.equal(nameOf('select 3', 'search'), undefined)
  assert.equal(nameOf('select 1', 'search'), first)
})

test('no search takes the names of the statements that every reader runs', () => {
  const nameOf = makeStatementNames(2)
  for (let shape = 0; shape < 10; shape++) nameOf(`select ${shape}`, 'search')
  assert.notEqual(nameOf('select timeline', 'everyday'), undefined)
})

test('a very long statement is not named', () => {
  assert.equal(makeStatementNames()(`select '${'x'.repeat(5_000)}'`, 'everyday'), undefined)
})
