import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acknowledgements, type Outcome } from '../../../src/wire/hl7v2/acknowledge.ts'
import { readHeader } from '../../../src/wire/hl7v2/header.ts'
import { readHead, readMessage, valueAt, firstSegment } from '../../../src/wire/hl7v2/message.ts'

const AT = new Date('2026-01-10T11:12:13.456Z')

const answer = (text: string, outcome: Outcome): readonly string[] =>
  acknowledgements({
    header: readHead(Buffer.from(text, 'latin1')),
    outcome,
    controlId: 'A1',
    at: AT,
  }).map((bytes) => Buffer.from(bytes).toString('latin1'))

const message = (version = '2.5', asks = '|'): string =>
  `MSH|^~\\&|RIS|NORTH|SAMSYN|HUB|20260110||ORU^R01|c-7|P|${version}|||${asks}||UNICODE UTF-8\rPID|1\r`

const PROBLEM = { code: '101', text: 'Must have a value', place: 'OBR(2)-3.1' } as const

test('what is accepted is acknowledged to its sender, by its control id', () => {
  const [text = '', ...others] = answer(message(), { kind: 'accepted' })
  assert.deepEqual(others, [])
  assert.equal(
    text,
    'MSH|^~\\&|SAMSYN|HUB|RIS|NORTH|20260110111213+0000||ACK^R01^ACK|A1|P|2.5||||||UNICODE UTF-8\rMSA|AA|c-7\r',
  )
})

test('an error names its place, as the version of the message has it', () => {
  const outcome = { kind: 'error', problems: [PROBLEM] } as const
  const [modern = ''] = answer(message(), outcome)
  const [, , error] = modern.split('\r')
  assert.match(modern, /\rMSA\|AE\|c-7\|Must have a value\r/)
  assert.equal(error, 'ERR||OBR^2^3^1^1|101^Required field missing^HL70357|E||||Must have a value')
  for (const version of ['2.3', '2.3.1', '2.4']) {
    const [old = ''] = answer(message(version), outcome)
    assert.match(old, /\rERR\|OBR\^2\^3\^101\r/)
  }
})

test('a rejection without a place has none', () => {
  const problem = { code: '203', text: 'Versions 2.3 to 2.8 are read here' } as const
  const [text = ''] = answer(message(), { kind: 'rejected', problems: [problem] })
  assert.match(text, /\rMSA\|AR\|c-7\|.*\rERR\|\|\|203\^/s)
})

for (const [asks, accepted, failed] of [
  ['AL|AL', ['CA', 'AA'], ['CE', 'AE']],
  ['AL|NE', ['CA'], ['CE']],
  ['NE|AL', ['AA'], ['AE']],
  ['ER|SU', ['AA'], ['CE']],
  ['NE|NE', [], []],
  ['AL|', ['CA'], ['CE']],
] as const) {
  test(`in enhanced mode what MSH-15 and MSH-16 ask for is sent: ${asks}`, () => {
    const codes = (outcome: Outcome): readonly (string | undefined)[] =>
      answer(message('2.5', asks), outcome).map((text) => /MSA\|(..)/.exec(text)?.[1])
    assert.deepEqual(codes({ kind: 'accepted' }), accepted)
    assert.deepEqual(codes({ kind: 'error', problems: [PROBLEM] }), failed)
  })
}

test('control ids go back byte for byte, whatever their set', () => {
  const bytes = Buffer.from('MSH|^~\\&|A|B|C|D|1||ORU^R01|\xe6\xf8\xff|P|2.5\r', 'latin1')
  const [ack] = acknowledgements({
    header: readHead(bytes),
    outcome: { kind: 'accepted' },
    controlId: 'A1',
    at: AT,
  })
  assert.ok(ack !== undefined && Buffer.from(ack).includes(Buffer.from([0xe6, 0xf8, 0xff])))
})

test('what has no MSH is answered too', () => {
  const problem = { code: '100', text: 'The message does not begin with MSH' } as const
  const [ack] = acknowledgements({
    header: undefined,
    outcome: { kind: 'rejected', problems: [problem] },
    controlId: 'A1',
    at: AT,
  })
  assert.ok(ack)
  const read = readMessage(ack, { charset: 'ascii' })
  assert.equal(valueAt(firstSegment(read, 'MSA'), '1'), 'AR')
})

test('an acknowledgement uses the delimiters of its message, and our texts hold none', () => {
  const text = 'MSH#!@$%#RIS#NORTH###1##ORU!R01#1#P#2.5\r'
  const [ack = ''] = answer(text, {
    kind: 'error',
    problems: [{ code: '102', text: 'A | or # or !', place: 'PID-3' }],
  })
  assert.match(ack, /\rMSA#AE#1#A\s+or\s+or\s*\r/)
  assert.match(ack, /\rERR##PID!1!3!1#102!Data type error!HL70357#E/)
})

test('a header must name what it is', () => {
  const header = (text: string) => readHeader(readHead(Buffer.from(text)))
  const { type, event, version, controlId } = header(message())
  assert.deepEqual([type, event, version, controlId], ['ORU', 'R01', '2.5', 'c-7'])
  assert.throws(
    () => header('MSH|^~\\&|A|B|C|D|1|||1|P|2.5'),
    /^Hl7Fault: MSH-9.1: Must have a value/,
  )
  assert.throws(() => header('MSH|^~\\&|A|B|C|D|1||ORU^R01||P|2.5'), /MSH-10: Must have a value/)
  assert.throws(() => header('MSH|^~\\&|A|B|C|D|1||ORU^R01|1|P|2.2'), { rejected: true })
})
