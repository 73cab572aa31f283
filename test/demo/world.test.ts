import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeStudy } from '../../src/demo/phantoms/make-study.ts'
import { PATIENTS, patientOf } from '../../src/demo/world-patients.ts'
import { depositedStudies, phantomOf, phantomsAt, STUDIES } from '../../src/demo/world-studies.ts'
import { CLIENTS, MEMBERS, SOURCES, USERS } from '../../src/demo/world.ts'
import { isOrgnr } from '../../src/domain/identity/orgnr.ts'
import { parseNationalId } from '../../src/domain/identity/national-id.ts'
import { isUid } from '../../src/domain/imaging/uid.ts'
import { newClientSchema, newMemberSchema, parseRequest } from '../../src/wire/admin/requests.ts'

void test('every person has a synthetic national id of the kind it says', () => {
  const ids = [...PATIENTS, ...USERS].map(({ nationalId }) => nationalId)
  assert.equal(new Set(ids).size, ids.length)
  for (const { nationalId, issuerOid } of PATIENTS) {
    const parsed = parseNationalId(nationalId, { environment: 'development' })
    assert(parsed.ok)
    assert.equal(parsed.id.system, `urn:oid:${issuerOid}`)
  }
  for (const { nationalId } of USERS)
    assert(parseNationalId(nationalId, { environment: 'development' }).ok)
})

void test('no national id of the demo could pass where patients are real', () => {
  for (const { nationalId } of PATIENTS)
    assert.equal(parseNationalId(nationalId, { environment: 'production' }).ok, false)
})

void test('members and clients are what an operator could register', () => {
  for (const { key: id, name, orgnr, unit, roles } of MEMBERS) {
    parseRequest(newMemberSchema, { id, name, orgnr, roles: [...roles] })
    assert(isOrgnr(unit))
  }
  for (const { id, member, name, scope } of CLIENTS)
    parseRequest(newClientSchema, { id, member, name, scope })
})

void test('every user works at a member with a client for finding and viewing', () => {
  for (const { member } of USERS)
    assert(
      CLIENTS.some((client) => client.member === member && client.scope.includes('view-images')),
    )
})

void test('the studies tell the stories that the demo promises', () => {
  assert.equal(PATIENTS.length, 12)
  const custodians = (patient: string): string[] =>
    STUDIES.filter((study) => study.patient === patient).map(({ custodian }) => custodian)
  assert.deepEqual(custodians('ødegård'), ['nordfjell', 'vestli', 'solvik'])
  assert.equal(new Set(STUDIES.map(({ uid }) => uid)).size, STUDIES.length - 1)
  assert.equal(depositedStudies().length, STUDIES.length - held().length)
  for (const { patient } of STUDIES) assert.equal(patientOf(patient).key, patient)
  for (const { key } of PATIENTS) assert(custodians(key).length > 0, key)
})

void test('each archive holds the studies of its custodian, and together they hold all', () => {
  const archived = SOURCES.flatMap(phantomsAt)
  assert.equal(archived.length, held().length)
  assert(archived.every(({ uid }) => isUid(uid)))
})

void test('a study has as many objects as demo.json says', () => {
  for (const modality of ['CT', 'MR', 'DX', 'US']) {
    const study = STUDIES.find((one) => one.modality === modality)
    assert(study !== undefined)
    assert.equal([...makeStudy(phantomOf(study, true))].length, study.instances)
  }
})

function held(): typeof STUDIES {
  return STUDIES.filter(({ held: where }) => where === 'source')
}
