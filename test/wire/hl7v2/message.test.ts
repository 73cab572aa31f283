import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hl7Message as MedplumMessage } from '@medplum/core'
import fc from 'fast-check'
import { charsetNamed } from '../../../src/wire/hl7v2/charset.ts'
import { Hl7Fault } from '../../../src/wire/hl7v2/fault.ts'
import {
  firstSegment,
  partOf,
  readMessage,
  repetitionsOf,
  textOfField,
  valueAt,
  type Hl7Message,
} from '../../../src/wire/hl7v2/message.ts'

const read = (text: string, encoding: BufferEncoding = 'utf8'): Hl7Message =>
  readMessage(Buffer.from(text, encoding), { charset: 'iso-8859-1' })

const head = (charset = '', rest = ''): string =>
  `MSH|^~\\&|RIS|NORTH|SAMSYN|HUB|20260110||ORU^R01|1|P|2.5||||||${charset}\r${rest}`

const faultOf = (work: () => unknown): Hl7Fault => {
  try {
    work()
  } catch (error) {
    if (error instanceof Hl7Fault) return error
    throw error
  }
  throw new Error('Nothing was thrown')
}

test('values are found at their places, by the standard’s numbers', () => {
  const message = read(
    head('', 'PID|1||1^^^A&urn:oid:1.2&ISO~2^^^B||Ås^Ola\rOBX|1\rOBX|2\r'),
    'latin1',
  )
  const pid = firstSegment(message, 'PID')
  assert.ok(pid)
  assert.equal(valueAt(message.header, '3'), 'RIS')
  assert.equal(valueAt(message.header, '9.2'), 'R01')
  assert.equal(valueAt(pid, '3.4.2'), 'urn:oid:1.2')
  assert.equal(valueAt(pid, '5.1'), 'Ås')
  assert.equal(valueAt(pid, '40'), undefined)
  assert.deepEqual(
    repetitionsOf(pid, 3).map((one) => partOf(one, 1)),
    ['1', '2'],
  )
  assert.deepEqual(
    message.segments.filter(({ name }) => name === 'OBX').map(({ sequence }) => sequence),
    [1, 2],
  )
})

test('the delimiters are those that the message names', () => {
  const message = read('MSH#!@$%#RIS#NORTH###1##ORU!R01#1#P#2.5\rPID###7!!!A%urn:oid:1.2@8\r')
  const pid = firstSegment(message, 'PID')
  assert.equal(valueAt(pid, '3.4.2'), 'urn:oid:1.2')
  assert.equal(valueAt(message.header, '9.2'), 'R01')
})

for (const [name, text] of [
  ['no MSH', 'PID|1\r'],
  ['no delimiters', 'MSH\r'],
  ['one delimiter for two things', 'MSH|^^\\&|A\r'],
  ['a letter as a delimiter', 'MSHA^~\\&AB\r'],
  ['a segment without a name', head('', 'pid|1\r')],
  ['a second MSH', head('', 'MSH|^~\\&|A\r')],
  ['null characters', head('', 'PID|1|\0\r')],
  ['too many segments', head('', 'NTE|1\r'.repeat(10_000))],
  ['too many fields', head('', `NTE${'|'.repeat(300)}\r`)],
] as const) {
  test(`a message with ${name} is refused`, () => {
    assert.equal(faultOf(() => read(text)).problem.code, '100')
  })
}

test('a message that is too long is refused before it is looked at', () => {
  const bytes = Buffer.alloc(16 * 1024 * 1024 + 1, 'MSH|^~\\&|')
  assert.throws(() => readMessage(bytes, { charset: 'utf-8' }), /too long/)
})

test('segments may end in line feeds, or in both', () => {
  for (const end of ['\r', '\n', '\r\n']) {
    const message = read(head('', 'PID|1|x\rOBX|1\r').replaceAll('\r', end))
    assert.deepEqual(
      message.segments.map(({ name }) => name),
      ['MSH', 'PID', 'OBX'],
    )
  }
})

test('an empty field and a null one both read as nothing', () => {
  const pid = firstSegment(read(head('', 'PID|1|""|\r')), 'PID')
  assert.ok(pid)
  assert.deepEqual([valueAt(pid, '2'), valueAt(pid, '3')], [undefined, undefined])
})

test('æøå are kept in every set that has them', () => {
  const text = 'Blåbærgrød ÆØÅ'
  for (const [declared, encoding] of [
    ['UNICODE UTF-8', 'utf8'],
    ['UTF-8', 'utf8'],
    ['8859/1', 'latin1'],
    ['8859/15', 'latin1'],
    ['ISO_IR 100', 'latin1'],
    ['ISO IR 192', 'utf8'],
    ['', 'latin1'],
  ] as const) {
    const message = read(head(declared, `PID|1|${text}\r`), encoding)
    assert.equal(valueAt(firstSegment(message, 'PID'), '2'), text, declared)
  }
})

test('the euro sign is where 8859/15 has it', () => {
  const bytes = Buffer.from(head('8859/15', 'NTE|1||\xa4\r'), 'latin1')
  const message = readMessage(bytes, { charset: 'ascii' })
  assert.equal(valueAt(firstSegment(message, 'NTE'), '3'), '€')
})

for (const [name, declared, encoding] of [
  ['UTF-8 declared, Latin-1 sent', 'UNICODE UTF-8', 'latin1'],
  ['Latin-1 declared, UTF-8 sent', '8859/1', 'utf8'],
  ['nothing declared where Latin-1 is usual, UTF-8 sent', '', 'utf8'],
  ['ASCII declared, Latin-1 sent', 'ASCII', 'latin1'],
  ['a set that is not read here', 'ISO IR87', 'latin1'],
] as const) {
  test(`a message that cannot be what it declares is refused: ${name}`, () => {
    const { problem } = faultOf(() => read(head(declared, 'PID|1|Blåbær\r'), encoding))
    assert.deepEqual([problem.place, problem.code], ['MSH-18', '103'])
  })
}

test('bytes that a set leaves undefined are refused', () => {
  assert.throws(() => read(head('8859/1', 'PID|1|\x93quoted\x94\r'), 'latin1'), /undefined/)
})

test('a set is known by its names', () => {
  assert.equal(charsetNamed('unicode utf-8'), 'utf-8')
  assert.equal(charsetNamed('8859/1'), 'iso-8859-1')
  assert.equal(charsetNamed('constructor'), undefined)
})

test('escapes become what they stand for', () => {
  for (const [raw, text] of [
    ['a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f', 'a|b^c&d~e\\f'],
    ['first\\.br\\second', 'first\nsecond'],
    ['a\\.sp2\\b\\.sk 3\\c', 'a\n\nb   c'],
    ['\\H\\bold\\N\\ plain', 'bold plain'],
    ['\\E\\T\\E\\', '\\T\\'],
    ['line\\X0D0A\\line\\X0A\\line', 'line\nline\nline'],
    ['\\X00\\x\\X1B\\', 'x'],
    ['C:\\temp\\T\\x \\Zown\\ \\', 'C:\\temp&x \\Zown\\ \\'],
    ['\\XE6\\', 'æ'],
  ] as const) {
    const message = read(head('8859/1', `NTE|1||${raw}\r`), 'latin1')
    assert.equal(valueAt(firstSegment(message, 'NTE'), '3'), text.trim(), raw)
  }
})

test('bytes in an escape that are none of the set are kept as they stand', () => {
  const message = read(head('UNICODE UTF-8', 'NTE|1||\\XE6\\ \\XC3A6\\\r'))
  assert.equal(valueAt(firstSegment(message, 'NTE'), '3'), '\\XE6\\ æ')
})

test('a field can be read whole, delimiters and all', () => {
  const message = read(head('', 'OBX|1|TX|||a ^ b ~ c\\F\\\r'))
  const obx = firstSegment(message, 'OBX')
  assert.ok(obx)
  assert.equal(textOfField(obx, 5), 'a ^ b ~ c|')
})

const part = fc.stringMatching(/^[A-Za-z0-9æøå ]{0,8}$/)
const segment = fc
  .tuple(
    fc.stringMatching(/^Z[A-Z0-9]{2}$/),
    fc.array(fc.array(part, { maxLength: 4 }), { maxLength: 6 }),
  )
  .map(([name, fields]) => [name, ...fields.map((parts) => parts.join('^'))].join('|'))

test('every part reads as another reader of the standard reads it', () => {
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
      const text = head('UNICODE UTF-8', segments.map((line) => `${line}\r`).join(''))
      const ours = read(text)
      const theirs = MedplumMessage.parse(text.replace(/\r$/, ''))
      ours.segments.forEach((one, index) => {
        for (let field = one.name === 'MSH' ? 3 : 1; field < 8; field++) {
          for (let component = 1; component < 5; component++) {
            const expected = theirs.getSegment(index)?.getComponent(field, component).trim() ?? ''
            assert.equal(valueAt(one, `${field}.${component}`) ?? '', expected)
          }
        }
      })
    }),
  )
})

test('whatever the bytes, reading ends in a message or in a fault', () => {
  const mutated = fc
    .tuple(
      fc.uint8Array({ maxLength: 60 }),
      fc.nat(120),
      fc.constantFrom('', 'UNICODE UTF-8', '8859/1'),
    )
    .map(([noise, at, charset]) => {
      const whole = Buffer.from(
        head(charset, 'PID|1||7^^^A&1.2&ISO||Ås^Ola\rOBX|1|TX|||a\\.br\\b\r'),
      )
      return Buffer.concat([whole.subarray(0, at), noise, whole.subarray(at)])
    })
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      try {
        const message = readMessage(bytes, { charset: 'iso-8859-1' })
        for (const one of message.segments) {
          one.fields.forEach((_, field) => {
            textOfField(one, field)
            repetitionsOf(one, field).forEach((repetition) => partOf(repetition, 2, 2))
          })
        }
      } catch (error) {
        assert.ok(error instanceof Hl7Fault)
      }
    }),
    { numRuns: 500 },
  )
})
