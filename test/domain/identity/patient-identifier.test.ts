import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  commonAssigner,
  readPatientIdentifier,
  systemOfKey,
} from '../../../src/domain/identity/patient-identifier.ts'

const RULES = { environment: 'development' } as const
const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'
const DNR = 'urn:oid:2.16.578.1.12.4.1.4.2'
const DUF = 'urn:oid:2.16.578.1.12.4.1.4.5'
const read = (system: string, value: string, assigner?: string) =>
  readPatientIdentifier({ system, value, assigner }, RULES)

test('a national id is one person’s in the whole country, under the system of its own kind', () => {
  const result = read(FNR, '57858550078')
  assert.ok(result.ok)
  const { kind, isNational, system, key } = result.identifier
  assert.deepEqual(
    { kind, isNational, system, key },
    {
      kind: 'common',
      isNational: true,
      system: DNR,
      key: DNR,
    },
  )
})

test('a DUF number is one person’s too, and no national id', () => {
  const result = read(DUF, '200512345678')
  assert.ok(result.ok)
  assert.deepEqual([result.identifier.kind, result.identifier.isNational], ['common', false])
  assert.equal(commonAssigner(DUF), 'Utlendingsdirektoratet')
  assert.deepEqual(read(DUF, '2005'), { ok: false, problem: 'no-duf' })
})

test('any other id is its custodian’s', () => {
  const result = read('urn:oid:2.999.1', ' MRN 7 ')
  assert.ok(result.ok)
  const { kind, key, value } = result.identifier
  assert.deepEqual([kind, key, value], ['local', 'urn:oid:2.999.1', 'MRN 7'])
  assert.equal(commonAssigner('urn:oid:2.999.1'), undefined)
})

test('a help number names a person together with its assigner', () => {
  const [one, two] = [read('HNR', '17458550120', 'Nordre'), read('HNR', '17458550120', 'Søndre')]
  assert.ok(one.ok && two.ok)
  assert.notEqual(one.identifier.key, two.identifier.key)
  assert.equal(systemOfKey(one.identifier.key), 'HNR')
  assert.deepEqual(read('HNR', '17458550120'), { ok: false, problem: 'no-assigner' })
  assert.deepEqual(read('HNR', '17458550120', ' '), { ok: false, problem: 'no-assigner' })
})

for (const [what, system, value, problem] of [
  ['a number with wrong check digits', FNR, '17858550085', 'no-national-id'],
  ['the number of health personnel', 'urn:oid:2.16.578.1.12.4.1.4.4', '9144889', 'not-a-patient’s'],
  ['the number of an organisation', 'urn:oid:2.16.578.1.12.4.1.4.101', '1', 'not-a-patient’s'],
  ['an id without a system', ' ', '1', 'incomplete'],
  ['an id without a value', FNR, ' ', 'incomplete'],
  ['an id of many characters', 'urn:oid:2.999.1', 'x'.repeat(65), 'too-long'],
] as const)
  test(`${what} is no id of a patient`, () => {
    assert.deepEqual(read(system, value), { ok: false, problem })
  })
