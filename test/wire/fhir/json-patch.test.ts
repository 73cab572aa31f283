import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { createPatch } from 'rfc6902'
import { isHubError, type HubError } from '../../../src/kernel/errors.ts'
import { patchJson } from '../../../src/wire/fhir/json-patch.ts'
import { parseJsonText } from '../../../src/wire/fhir/parse-json.ts'
import { applyPatch } from '../../../src/wire/fhir/patch.ts'
import { sampleFiles } from '../../support/samples.ts'

function refusal(read: () => unknown): HubError {
  try {
    read()
  } catch (error) {
    if (isHubError(error)) return error
    throw error
  }
  return assert.fail('accepted')
}

const code = (document: unknown, ...operations: readonly unknown[]) =>
  refusal(() => patchJson(document, operations)).code

test('every case of the public suite gives its document or an error', async (t) => {
  for (const file of await sampleFiles(t, 'fhir/patch')) {
    const cases: unknown = JSON.parse(await readFile(file, 'utf8'))
    assert.ok(Array.isArray(cases))
    const enabled = cases.filter((one) => one.patch !== undefined && one.disabled !== true)
    for (const { comment, doc, patch, expected, error } of enabled) {
      if (error === undefined) assert.deepEqual(patchJson(doc, patch), expected ?? doc, comment)
      else refusal(() => patchJson(doc, patch))
    }
    console.log(`JSON Patch cases: ${enabled.length} of ${enabled.length} right`)
  }
})

test('a patch made by the library leads where the library wanted', () => {
  const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)))
  const safe = json.filter((value) => !JSON.stringify(value).includes('__proto__'))
  fc.assert(
    fc.property(safe, safe, (before, after) => {
      assert.deepEqual(patchJson(before, createPatch(before, after)), after)
    }),
    { numRuns: 300 },
  )
})

test('the document that came in is left as it was', () => {
  const document = { a: [{ b: 1 }, { c: 2 }] }
  const before = structuredClone(document)
  patchJson(document, [
    { op: 'add', path: '/a/0/d', value: 3 },
    { op: 'move', from: '/a/1', path: '/a/0' },
    { op: 'remove', path: '/a/1/b' },
  ])
  assert.deepEqual(document, before)
})

test('numbers keep their digits, and are equal by value', () => {
  const document = parseJsonText('{"a":1.50,"b":[1e2,12345678901234567890]}')
  const tests = parseJsonText(
    '[{"op":"test","path":"/a","value":1.5},{"op":"test","path":"/b","value":[100,12345678901234567890]},{"op":"copy","from":"/a","path":"/b/-"},{"op":"add","path":"/c","value":2.0}]',
  )
  assert.equal(
    JSON.stringify(patchJson(document, tests)),
    '{"a":1.50,"b":[1e2,12345678901234567890,1.50],"c":2.0}',
  )
  assert.equal(
    code(document, { op: 'test', path: '/b/1', value: 12345678901234567000 }),
    'unprocessable',
  )
  assert.equal(code(document, { op: 'test', path: '/a', value: '1.50' }), 'unprocessable')
  assert.equal(code(document, { op: 'add', path: '/a/rawJSON', value: '9' }), 'unprocessable')
})

test('indices of lists are digits alone, and within the list', () => {
  const document = { a: [1, 2, 3] }
  for (const index of ['01', '-1', '1e0', '1x', '', ' 1', '4', '99999999999999999999', 'length']) {
    for (const op of ['add', 'replace', 'test'] as const) {
      assert.equal(
        code(document, { op, path: `/a/${index}`, value: 2 }),
        'unprocessable',
        op + index,
      )
    }
    assert.equal(code(document, { op: 'copy', from: '/a/0', path: `/a/${index}` }), 'unprocessable')
    assert.equal(code(document, { op: 'move', from: `/a/${index}`, path: '/b' }), 'unprocessable')
  }
  for (const op of ['replace', 'remove', 'test']) {
    assert.equal(code(document, { op, path: '/a/-', value: 1 }), 'unprocessable', op)
  }
  assert.deepEqual(patchJson(document, [{ op: 'add', path: '/a/-', value: 4 }]), {
    a: [1, 2, 3, 4],
  })
})

test('what is no patch is refused, with the operation', () => {
  for (const patch of [{}, null, 'x', 1, undefined]) {
    assert.equal(refusal(() => patchJson({}, patch)).code, 'invalid')
  }
  for (const operation of [
    1,
    null,
    {},
    { op: 'spam', path: '' },
    { op: 'constructor', path: '' },
    { op: 'add', path: '/a' },
    { op: 'replace', path: '' },
    { op: 'test', path: '' },
    { op: 'add', value: 1 },
    { op: 'add', path: null, value: 1 },
    { op: 'add', path: 'a', value: 1 },
    { op: 'add', path: '/~2', value: 1 },
    { op: 'add', path: '/~', value: 1 },
    { op: 'move', path: '/a' },
    { op: 'copy', path: '/a', from: 1 },
  ]) {
    const error = refusal(() => patchJson({}, [{ op: 'test', path: '', value: {} }, operation]))
    assert.equal(error.code, 'invalid', JSON.stringify(operation))
    assert.equal(error.problems[0]?.location, 'patch[1]')
  }
})

test('nothing moves into itself, and moving to the same place changes nothing', () => {
  assert.equal(code({ a: { b: 1 } }, { op: 'move', from: '/a', path: '/a/b' }), 'unprocessable')
  assert.equal(code({ a: 1 }, { op: 'remove', path: '' }), 'unprocessable')
  assert.deepEqual(patchJson({ a: 1 }, [{ op: 'move', from: '/a', path: '/a' }]), { a: 1 })
})

test('no pointer reaches what objects inherit', () => {
  for (const path of ['/constructor/prototype/x', '/toString', '/a/__proto__/x', '/__proto__']) {
    assert.ok(refusal(() => patchJson({ a: {} }, [{ op: 'replace', path, value: 1 }])))
    assert.ok(refusal(() => patchJson({ a: {} }, [{ op: 'copy', from: path, path: '/b' }])))
  }
  refusal(() => patchJson({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]))
  assert.equal(Reflect.get({}, 'polluted'), undefined)
  assert.deepEqual(patchJson({}, [{ op: 'add', path: '/constructor', value: 1 }]), {
    constructor: 1,
  })
})

test('operations, copies and depth are bounded', () => {
  const many = Array.from({ length: 201 }, () => ({ op: 'test', path: '', value: {} }))
  assert.equal(refusal(() => patchJson({}, many)).code, 'too-large')
  const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }))
  assert.equal(code({ a: ['x'.repeat(100)] }, ...doubling), 'unprocessable')
  const repeating = Array.from({ length: 200 }, () => ({ op: 'copy', from: '/a', path: '/b/-' }))
  assert.equal(code({ a: 'x'.repeat(10_000), b: [] }, ...repeating), 'unprocessable')
  const nesting = Array.from({ length: 200 }, () => ({ op: 'copy', from: '', path: '/a' }))
  assert.equal(code({ a: 1 }, ...nesting), 'unprocessable')
  assert.equal(code({}, { op: 'add', path: '/a'.repeat(100_000), value: 1 }), 'invalid')
  const deep = {
    op: 'add',
    path: '/a',
    value: JSON.parse('['.repeat(60) + ']'.repeat(60)) as unknown,
  }
  assert.equal(code({}, deep), 'unprocessable')
})

test('long lists are compared in time that grows with their length', () => {
  const list = Array.from({ length: 100_000 }, (_, index) => index)
  const other = list.map((one) => one + 1)
  assert.equal(code({ list }, { op: 'test', path: '/list', value: other }), 'unprocessable')
  assert.doesNotThrow(() => patchJson({ list }, [{ op: 'test', path: '/list', value: [...list] }]))
})

test('a patch may not make another resource of it', () => {
  const patient = { resourceType: 'Patient', id: 'a', meta: { versionId: '1' }, active: true }
  for (const operation of [
    { op: 'replace', path: '/resourceType', value: 'Person' },
    { op: 'replace', path: '/id', value: 'b' },
    { op: 'remove', path: '/id' },
    { op: 'replace', path: '/meta/versionId', value: '2' },
    { op: 'replace', path: '', value: [] },
    { op: 'replace', path: '', value: { resourceType: 'Patient' } },
  ]) {
    assert.equal(refusal(() => applyPatch(patient, [operation])).code, 'unprocessable')
  }
  assert.deepEqual(applyPatch(patient, [{ op: 'replace', path: '/active', value: false }]), {
    ...patient,
    active: false,
  })
})
