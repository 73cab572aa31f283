import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isHubError } from '../../../src/kernel/errors.ts'
import { parameterPairs } from '../../../src/wire/fhir/parameter-pairs.ts'

const parametersOf = (...parameter: readonly unknown[]) => ({
  resourceType: 'Parameters',
  parameter,
})

test('values of every primitive kind become the texts that a query would have', () => {
  const pairs = parameterPairs(
    parametersOf(
      { name: 'a', valueString: 'x' },
      { name: 'b', valueInteger: 7 },
      { name: 'c', valueBoolean: false },
      { name: 'd', valueReference: { reference: 'Patient/1' } },
    ),
  )
  assert.deepEqual(pairs, [
    ['a', 'x'],
    ['b', '7'],
    ['c', 'false'],
    ['d', 'Patient/1'],
  ])
})

test('no parameters are none', () => {
  assert.deepEqual(parameterPairs({ resourceType: 'Parameters' }), [])
})

test('what is no name with one value is refused where it stands', () => {
  for (const bad of [
    {},
    'a',
    null,
    { name: 'a' },
    { valueString: 'x' },
    { name: 'a', valueString: 'x', valueCode: 'y' },
    { name: 'a', valueReference: {} },
    { name: 'a', valueString: ['x'] },
  ])
    assert.throws(
      () => parameterPairs(parametersOf({ name: 'ok', valueString: 'x' }, bad)),
      (error) =>
        isHubError(error, 'invalid') && error.problems[0]?.location === 'Parameters.parameter[1]',
    )
  assert.throws(() => parameterPairs({ resourceType: 'Patient' }), /Parameters/)
})
