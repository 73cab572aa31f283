import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isHubError } from '../../../src/kernel/errors.ts'
import { readVersionMatch } from '../../../src/wire/fhir/version-match.ts'

test('If-Match names versions by entity tags, weak or strong, one or several', () => {
  assert.equal(readVersionMatch(undefined), undefined)
  assert.equal(readVersionMatch(' * '), 'any')
  assert.deepEqual(readVersionMatch('W/"3"'), [3])
  assert.deepEqual(readVersionMatch('"3", W/"12"'), [3, 12])
})

test('a tag that is no version is nobody’s', () => {
  for (const tag of ['W/"x"', '""', '"0"', '"-1"', '"9999999999"'])
    assert.deepEqual(readVersionMatch(tag), [0])
})

test('what is no entity tag is refused', () => {
  for (const text of ['', '3', 'W/3', '"3', 'w/"3"'])
    assert.throws(
      () => readVersionMatch(text),
      (error) => isHubError(error, 'invalid'),
    )
})
