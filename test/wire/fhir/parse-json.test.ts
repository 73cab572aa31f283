import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isHubError, type HubError } from '../../../src/kernel/errors.ts'
import { isRawNumber, numberText, plain } from '../../../src/wire/fhir/exact-json.ts'
import { isJsonObject } from '../../../src/wire/fhir/json.ts'
import { parseJson, parseJsonText, parseResourceJson } from '../../../src/wire/fhir/parse-json.ts'
import { readJson } from '../../../src/wire/fhir/read-json.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function refusal(read: () => unknown): HubError {
  try {
    read()
  } catch (error) {
    if (isHubError(error, 'invalid')) return error
    throw error
  }
  return assert.fail('accepted')
}

const problem = (text: string) => refusal(() => parseJson(bytes(text))).problems[0]

/** JSON as a sender writes it, with numbers of any digits. */
const numbers = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => JSON.stringify(one)),
  fc.stringMatching(/^-?(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?$/),
)
const strings = fc
  .string({ unit: 'binary' })
  .map((text) => JSON.stringify(text.replaceAll(/\p{Cc}/gu, '·')))
const names = fc.stringMatching(/^[a-z]{1,8}$/)
const { value: texts } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom('true', 'false', 'null'),
    numbers,
    strings,
    fc.array(tie('value')).map((items) => `[${items.join(',')}]`),
    fc
      .dictionary(names, tie('value'))
      .map((members) => Object.entries(members))
      .map((members) => `{${members.map(([name, one]) => `"${name}":${one}`).join(',')}}`),
  ),
}))

test('what is read is written again digit for digit', () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.equal(JSON.stringify(parseJson(bytes(text))), text)
      assert.equal(JSON.stringify(parseJsonText(text)), text)
    }),
  )
})

test('with ordinary numbers it is what the engine reads', () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.deepEqual(plain(parseJson(bytes(text))), JSON.parse(text))
    }),
  )
})

test('reading by hand and reading quickly come to the same', () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.deepEqual(readJson(text, { depth: 40, values: 1000 }), parseJson(bytes(text)))
    }),
  )
})

test('a damaged text is read as the engine reads it, or refused without a word of it', () => {
  const marked = texts.map((text) => `{"resourceType":"Patient","secretword":${text}}`)
  const damage = fc.constantFrom('"', '{', ']', ',', ':', '\\', '0', '-', 'e', '\u0000', 'x', '')
  fc.assert(
    fc.property(marked, fc.nat(), damage, fc.nat(3), (text, where, put, cut) => {
      const at = where % text.length
      const damaged = (text.slice(0, at) + put + text.slice(at + cut)).toWellFormed()
      try {
        assert.deepEqual(plain(parseJson(bytes(damaged))), JSON.parse(damaged))
      } catch (error) {
        if (!isHubError(error, 'invalid')) throw error
        const said = `${error.message} ${error.problems.map((one) => one.text).join(' ')}`
        assert.doesNotMatch(said, /secretword/)
      }
    }),
    { numRuns: 500 },
  )
})

test('numbers keep their precision, and an ordinary one stays a number', () => {
  const value = parseJson(
    bytes('{"a":1.50,"b":1e3,"c":12345678901234567890,"d":-0,"e":12.5,"f":7}'),
  )
  assert.ok(isJsonObject(value))
  assert.deepEqual(Object.values(value).map(numberText), [
    '1.50',
    '1e3',
    '12345678901234567890',
    '-0',
    '12.5',
    '7',
  ])
  assert.equal(value.e, 12.5)
  assert.ok(isRawNumber(value.a))
  assert.ok(!isJsonObject(value.a))
  assert.equal(numberText('7'), undefined)
})

test('what only looks like an exact number is an object', () => {
  const value = parseJson(bytes('{"a":{"rawJSON":"1.50"}}'))
  assert.ok(isJsonObject(value) && isJsonObject(value.a))
})

test('a resource without exact numbers is its own plain form', () => {
  const resource = parseJson(bytes('{"a":[{"b":1}]}'))
  assert.equal(plain(resource), resource)
})

test('numbers that would cost more than they say are refused', () => {
  for (const number of ['1e999', '-1e309', '1e-9999', `1.${'0'.repeat(80)}`]) {
    assert.equal(
      problem(`{"resourceType":"Observation","a":[1,${number}]}`)?.location,
      'Observation.a[1]',
    )
  }
})

test('a name that occurs twice is refused with its place', () => {
  assert.deepEqual(problem('{"resourceType":"Patient","name":[{},{"family":"A","family":"A"}]}'), {
    location: 'Patient.name[1].family',
    text: 'There twice: a name may occur once in an object',
  })
  assert.equal(problem(String.raw`{"a":1,"\u0061":1}`)?.location, 'Resource.a')
})

test('syntax errors name line, column and element', () => {
  assert.deepEqual(problem('{\n "resourceType": "Patient",\n "active": tru\n}'), {
    location: 'Patient.active',
    text: 'Line 3, column 12: a value was expected',
  })
  for (const text of [
    '',
    '{',
    '[1,]',
    '{"a"}',
    '{a:1}',
    '01',
    '1 2',
    "{'a':1}",
    '"',
    '[1}',
    '\u00a01',
  ]) {
    assert.match(problem(text)?.text ?? '', /^Line 1, column \d+: /, text)
  }
})

test('a name that no element has is not repeated in the error', () => {
  assert.equal(
    problem('{"resourceType":"Patient","Ola 17858550084":{"a":1,"a":1}}')?.location,
    'Patient.*.a',
  )
})

test('depth and count are bounded', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  assert.doesNotThrow(() => parseJson(bytes(nested(40))))
  assert.match(problem(nested(41))?.text ?? '', /deeper than 40/)
  assert.match(problem('['.repeat(1_000_000))?.text ?? '', /deeper than 40/)
  assert.match(problem(`{"a":[${'0,'.repeat(260_000)}0]}`)?.text ?? '', /More than 250000 values/)
})

test('characters no FHIR string may have are refused, however they are spelt', () => {
  for (const [text, said] of [
    [String.raw`{"a":"\u0000"}`, /control character/],
    [String.raw`{"a":"\b"}`, /control character/],
    [String.raw`{"a":"\u001F"}`, /control character/],
    [String.raw`{"a":"\ud800"}`, /surrogate/],
    [String.raw`{"a":"\uDC00\uD800"}`, /surrogate/],
    ['{"a":"\u0007"}', /control character/],
  ] as const) {
    assert.match(problem(text)?.text ?? '', said)
    assert.equal(problem(text)?.location, 'Resource.a')
  }
  assert.deepEqual(parseJson(bytes(String.raw`["\t\r\n","\ud83d\ude00","\u00e6"]`)), [
    '\t\r\n',
    '😀',
    'æ',
  ])
})

test('bytes that are not UTF-8 are refused, and a byte order mark is tolerated', () => {
  assert.match(refusal(() => parseJson(Uint8Array.of(0x22, 0xe6, 0x22))).message, /UTF-8/)
  assert.match(
    refusal(() => parseJson(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).message,
    /UTF-8/,
  )
  assert.deepEqual(parseJson(bytes('\ufeff{"a":1}')), { a: 1 })
})

test('a name that would set a prototype is refused', () => {
  assert.equal(
    problem('{"resourceType":"Patient","contact":[{"__proto__":{"a":1}}]}')?.text,
    'FHIR has no such element',
  )
  assert.equal(problem(String.raw`{"\u005f_proto__":{"a":1}}`)?.text, 'FHIR has no such element')
})

test('a resource is an object that says its type', () => {
  assert.equal(parseResourceJson(bytes('{"resourceType":"Patient"}')).resourceType, 'Patient')
  for (const text of ['[]', '"Patient"', '1.50', 'null', '{"resourceType":1}', '{}']) {
    assert.match(refusal(() => parseResourceJson(bytes(text))).message, /not a FHIR resource/)
  }
})
