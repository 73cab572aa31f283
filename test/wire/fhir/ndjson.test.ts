import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ndjsonLine } from '../../../src/wire/fhir/ndjson.ts'

test('a resource is one line, however it was written', () => {
  assert.equal(ndjsonLine('{"a":"b\\nc"}'), '{"a":"b\\nc"}\n')
  assert.equal(ndjsonLine('{\r\n  "a": 1.50\n}'), '{   "a": 1.50 }\n')
})
