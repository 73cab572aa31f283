import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isHubError } from '../../../src/kernel/errors.ts'
import {
  innerPairs,
  maskExport,
  readExportRequest,
  type ExportQuestion,
} from '../../../src/wire/fhir/export-request.ts'
import { holdsNationalId } from '../../../src/wire/fhir/national-id-in-query.ts'
import type { QueryPair } from '../../../src/wire/fhir/search.ts'

const TYPES = new Set(['Patient', 'ImagingStudy', 'DiagnosticReport'])
const NUMBER = '17858550084'

function read(pairs: readonly QueryPair[], lenient = false): ExportQuestion {
  return readExportRequest({
    ...{ pairs, lenient, takesPatients: true, base: 'http://hub.example/fhir' },
    isExported: (type) => TYPES.has(type),
  })
}

test('commas part filters where a type follows, and alternatives of a value elsewhere', () => {
  const value =
    'ImagingStudy?modality=CT,MR&_id=a,b,DiagnosticReport?status=final,ImagingStudy?_id=c'
  const { filters } = read([['_typeFilter', value]])
  assert.deepEqual(filters, [
    {
      type: 'ImagingStudy',
      pairs: [
        ['modality', 'CT,MR'],
        ['_id', 'a,b'],
      ],
    },
    { type: 'DiagnosticReport', pairs: [['status', 'final']] },
    { type: 'ImagingStudy', pairs: [['_id', 'c']] },
  ])
})

test('types come once, from lists and repetitions', () => {
  const { types } = read([
    ['_type', 'Patient, ImagingStudy'],
    ['_type', 'Patient'],
  ])
  assert.deepEqual(types, ['Patient', 'ImagingStudy'])
})

test('patients are named as references, relative or absolute, to Patients', () => {
  const { patients } = read([
    ['patient', 'Patient/a'],
    ['patient', 'http://hub.example/fhir/Patient/b'],
  ])
  assert.deepEqual(patients, ['a', 'b'])
  for (const value of [
    'a',
    'Group/a',
    'http://other.example/fhir/Patient/a',
    'Patient/a/_history/1',
  ])
    assert.throws(() => read([['patient', value]]), /could not be understood/)
})

test('a plus sign that has become a space still names the format', () => {
  assert.doesNotThrow(() => read([['_outputFormat', 'application/fhir ndjson']]))
})

test('any input is understood or refused as invalid, never otherwise', () => {
  const name = fc.oneof(
    fc.constantFrom('_type', '_typeFilter', '_since', '_elements', 'patient', '__proto__'),
    fc.string(),
  )
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom('Patient', 'ImagingStudy', '?', ',', '&', '=', '_id', '%', '|', ':'),
    }),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 6 }),
      fc.boolean(),
      (pairs, lenient) => {
        try {
          const { filters, types } = read(pairs, lenient)
          assert.ok([...types, ...filters.map(({ type }) => type)].every((type) => TYPES.has(type)))
        } catch (error) {
          assert.ok(isHubError(error, 'invalid') || isHubError(error, 'too-large'), String(error))
        }
      },
    ),
  )
})

test('a national id is found wherever it stands, and masked for the log', () => {
  for (const value of [
    `Patient?identifier=urn:oid:2.16.578.1.12.4.1.4.1|${NUMBER}`,
    `ImagingStudy?modality=CT&patient.identifier=${NUMBER}`,
    `ImagingStudy?_id=1,Patient?identifier=${NUMBER}`,
    `Patient?identifier=178585%2050084`,
  ]) {
    const pairs: readonly QueryPair[] = [['_typeFilter', value]]
    assert.ok(innerPairs(pairs).some(holdsNationalId), value)
    assert.doesNotMatch(maskExport(pairs), /17858/)
  }
  assert.match(maskExport([['_typeFilter', 'ImagingStudy?modality=CT']]), /modality=CT/)
})
