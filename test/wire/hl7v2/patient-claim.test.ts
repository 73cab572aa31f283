import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstSegment, readMessage } from '../../../src/wire/hl7v2/message.ts'
import { patientClaimOf, type Authorities } from '../../../src/wire/hl7v2/patient-claim.ts'

const NORTH: Authorities = { byName: { NORTH: 'urn:oid:2.16.578.1.99.1' } }

const claim = (pid: string, authorities = NORTH) => {
  const text = `MSH|^~\\&|A|B|C|D|1||ORU^R01|1|P|2.5||||||UNICODE UTF-8\r${pid}\r`
  const segment = firstSegment(readMessage(Buffer.from(text), { charset: 'ascii' }), 'PID')
  assert.ok(segment)
  return patientClaimOf(segment, authorities)
}

test('the national id speaks first, whatever its place', () => {
  const told = claim(
    'PID|1||L-7^^^NORTH~17858550084^^^&2.16.578.1.12.4.1.4.1&ISO^FNR||Ås^Anne^M||19850517|F',
  )
  assert.deepEqual(told, {
    id: '17858550084',
    issuer: 'urn:oid:2.16.578.1.12.4.1.4.1',
    otherIds: [{ id: 'L-7', issuer: 'urn:oid:2.16.578.1.99.1' }],
    familyName: 'Ås',
    givenName: 'Anne M',
    birthDate: '1985-05-17',
    sex: 'female',
  })
})

test('an id’s type or PID-19 names the authority of national ids', () => {
  assert.equal(claim('PID|1||57858550078^^^^DNR').issuer, 'urn:oid:2.16.578.1.12.4.1.4.2')
  assert.equal(claim(`PID|1||L-7^^^NORTH${'|'.repeat(16)}17858550084`).id, '17858550084')
})

test('ids of authorities that the sender does not speak for are left out', () => {
  const told = claim('PID|1||1^^^SOUTH~2^^^&2.16.578.1.99.2&ISO~3^^^&2.16.578.1.99.1&ISO')
  assert.deepEqual([told.id, told.otherIds], ['3', []])
})

test('an id without an authority is the default one’s, or says no more than its digits', () => {
  assert.deepEqual(
    claim('PID|1||L-7', { byName: {}, default: 'urn:oid:1.2.3' }).issuer,
    'urn:oid:1.2.3',
  )
  assert.deepEqual(
    [claim('PID|1||178585 50084').id, claim('PID|1||L-7').issuer],
    ['178585 50084', undefined],
  )
})

test('what is no date is no birth date', () => {
  assert.equal(claim('PID|1||1||||19850231').birthDate, undefined)
  assert.equal(claim('PID|1||1||||1985').birthDate, undefined)
  assert.equal(claim('PID|1||1||||198505171200+0100').birthDate, '1985-05-17')
})
