import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldText } from '../../../src/domain/identity/fold-text.ts'
import { exactNumber } from '../../../src/wire/fhir/exact-json.ts'
import type { JsonObject } from '../../../src/wire/fhir/json.ts'
import { parseSearch } from '../../../src/wire/fhir/parse-search.ts'
import { searchValues } from '../../../src/wire/fhir/search-values.ts'
import type { QueryPair } from '../../../src/wire/fhir/search.ts'
import { matching, patientOf } from '../../support/search-matcher.ts'

const HUB = 'http://hub/fhir'
const escape = (text: string): string => text.replaceAll(/[\\,|$]/g, String.raw`\$&`)

function finds(resource: JsonObject, ...pairs: readonly QueryPair[]): boolean {
  const type = String(resource.resourceType)
  const search = parseSearch({ type, pairs, strict: true, base: HUB })
  return matching([{ id: 'r', ...resource }], search).length === 1
}

const texts = fc
  .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
  .filter((text) => !text.includes('\0') && text.isWellFormed())

test('whatever an identifier holds, a query for it finds it', () => {
  fc.assert(
    fc.property(texts, texts, (system, value) => {
      const study = { resourceType: 'ImagingStudy', identifier: [{ system, value }] }
      const queries = [`${escape(system)}|${escape(value)}`, escape(value), `${escape(system)}|`]
      return queries.every((query) => finds(study, ['identifier', query]))
    }),
  )
})

test('an identifier is not found under another system or without one', () => {
  fc.assert(
    fc.property(texts, texts, texts, (system, other, value) => {
      fc.pre(system !== other)
      const study = { resourceType: 'ImagingStudy', identifier: [{ system, value }] }
      const queries = [`${escape(other)}|${escape(value)}`, `|${escape(value)}`]
      return queries.every((query) => !finds(study, ['identifier', query]))
    }),
  )
})

test('an identifier without system is found by its value and by having none', () => {
  const study = { resourceType: 'ImagingStudy', identifier: [{ value: 'A1' }] }
  assert.ok(finds(study, ['identifier', 'A1']))
  assert.ok(finds(study, ['identifier', '|A1']))
  assert.ok(!finds(study, ['identifier', 'urn:x|A1']))
})

test('a DICOM UID is found with and without urn:oid:, however it is written', () => {
  for (const value of ['1.2.3', 'urn:oid:1.2.3']) {
    const study = {
      resourceType: 'ImagingStudy',
      identifier: [{ system: 'urn:dicom:uid', value }],
      series: [{ uid: '1.2.3.4', instance: [{ uid: '1.2.3.4.5' }] }],
    }
    for (const asked of ['1.2.3', 'urn:oid:1.2.3', 'urn:dicom:uid|urn:oid:1.2.3']) {
      assert.ok(finds(study, ['identifier', asked]), asked)
      assert.ok(finds(study, ['study', asked]), asked)
    }
    assert.ok(finds(study, ['study-instance-uid', '1.2.3']))
    assert.ok(!finds(study, ['study', 'urn:other|1.2.3']))
    assert.ok(finds(study, ['study:missing', 'false']))
    assert.ok(finds(study, ['series', 'urn:oid:1.2.3.4']))
    assert.ok(finds(study, ['instance', 'urn:dicom:uid|1.2.3.4.5']))
    assert.ok(!finds(study, ['instance', '1.2.3.4']))
  }
})

test('a code is found under the system that its binding implies and under no other', () => {
  const patient = { resourceType: 'Patient', gender: 'female' }
  const system = 'http://hl7.org/fhir/administrative-gender'
  assert.ok(finds(patient, ['gender', 'female']))
  assert.ok(finds(patient, ['gender', `${system}|female`]))
  assert.ok(finds(patient, ['gender', `${system}|`]))
  assert.ok(!finds(patient, ['gender', '|female']))
  assert.ok(!finds(patient, ['gender', 'http://other|female']))
  assert.ok(finds(patient, ['gender:not', 'male']))
  assert.ok(!finds(patient, ['gender:not', 'http://other|x,female']))
})

test('an identifier is found by its type', () => {
  const type = { coding: [{ system: 'urn:types', code: 'MR' }], text: 'Record number' }
  const patient = { resourceType: 'Patient', identifier: [{ type, system: 'urn:s', value: '7' }] }
  assert.ok(finds(patient, ['identifier:of-type', 'urn:types|MR|7']))
  assert.ok(!finds(patient, ['identifier:of-type', 'urn:types|MR|8']))
  assert.ok(!finds(patient, ['identifier:of-type', 'urn:other|MR|7']))
  assert.ok(finds(patient, ['identifier:text', 'record']))
})

test('the texts beside a code are searched with :text', () => {
  const report = {
    resourceType: 'DiagnosticReport',
    code: { text: 'CT hode', coding: [{ code: 'X', display: 'Caput uten kontrast' }] },
  }
  assert.ok(finds(report, ['code:text', 'ct h']))
  assert.ok(finds(report, ['code:text', 'CAPUT']))
  assert.ok(!finds(report, ['code:text', 'kontrast']))
  assert.ok(!finds(report, ['code', 'CT hode']))
})

test('completeness and the presence of a report are found by what the hub writes', () => {
  const ours = 'https://samsyn.no/fhir/StructureDefinition'
  const study = {
    resourceType: 'ImagingStudy',
    extension: [
      { url: `${ours}/completeness`, valueCode: 'report-missing' },
      { url: `${ours}/has-report`, valueBoolean: false },
    ],
  }
  assert.ok(finds(study, ['completeness', 'report-missing'], ['has-report', 'false']))
  assert.ok(!finds(study, ['has-report', 'true']))
})

test('an accession number is found at the study and at its order', () => {
  const type = {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'ACSN' }],
  }
  const direct = {
    resourceType: 'ImagingStudy',
    identifier: [{ type, value: 'A1' }, { value: 'B' }],
  }
  const ordered = {
    resourceType: 'DiagnosticReport',
    basedOn: [{ identifier: { type, system: 's', value: 'A1' } }],
  }
  assert.ok(finds(direct, ['accession', 'A1']))
  assert.ok(!finds(direct, ['accession', 'B']))
  assert.ok(finds(ordered, ['accession-number', 's|A1']))
})

test('a reference is found by id, by type and id, and by its address at this hub', () => {
  const provenance = {
    resourceType: 'Provenance',
    target: [
      { reference: 'ImagingStudy/1/_history/3' },
      { reference: `${HUB}/DiagnosticReport/2` },
    ],
  }
  assert.deepEqual(searchValues(provenance, HUB).refs, [
    'target|ImagingStudy/1',
    'target|DiagnosticReport/2',
  ])
  for (const query of [
    '1',
    'ImagingStudy/1',
    `${HUB}/ImagingStudy/1`,
    'ImagingStudy/1/_history/9',
  ]) {
    assert.ok(finds(provenance, ['target', query]), query)
  }
  assert.ok(finds(provenance, ['target:ImagingStudy', '1']))
  assert.ok(!finds(provenance, ['target:DiagnosticReport', '1']))
})

test('a patient is told by the column, what is no patient by the keys', () => {
  const subject = (reference: string): JsonObject => ({
    resourceType: 'Observation',
    subject: { reference, identifier: { value: 'x' } },
  })
  assert.equal(patientOf(subject('Patient/p1')), 'p1')
  assert.equal(patientOf(subject(`${HUB}/Patient/p1`), HUB), 'p1')
  assert.equal(patientOf(subject('http://elsewhere/fhir/Patient/p1'), HUB), undefined)
  assert.equal(patientOf(subject('Group/g1')), undefined)
  assert.deepEqual(searchValues(subject('Patient/p1')), {
    keys: [],
    refs: [],
    compared: {},
    date: undefined,
  })
  assert.ok(finds(subject('Patient/p1'), ['subject', 'p1']))
  assert.ok(finds(subject('Group/g1'), ['subject', 'Group/g1']))
  assert.ok(!finds(subject('Group/g1'), ['patient', 'g1']))
  assert.ok(finds(subject('Group/g1'), ['subject:missing', 'false'], ['patient:missing', 'true']))
})

test('a canonical is found with its version and without', () => {
  const statement = {
    resourceType: 'CapabilityStatement',
    instantiates: ['http://x.example/c|1.0'],
  }
  assert.ok(
    finds({ resourceType: 'Patient', meta: { profile: ['http://x.example/p|2'] } }, [
      '_profile',
      'http://x.example/p',
    ]),
  )
  assert.ok(finds(statement, ['supported-profile:missing', 'true']))
  const plan = { resourceType: 'ServiceRequest', instantiatesCanonical: ['http://x.example/c|1.0'] }
  assert.ok(finds(plan, ['instantiates-canonical', 'http://x.example/c|1.0']))
  assert.ok(finds(plan, ['instantiates-canonical', 'http://x.example/c']))
  assert.ok(!finds(plan, ['instantiates-canonical', 'http://x.example/c|2.0']))
})

test('names and addresses are found by every part, whatever the case and the accents', () => {
  const patient = {
    resourceType: 'Patient',
    name: [{ family: 'Ødegård', given: ['Bjørn', 'Åge'], prefix: ['Dr.'] }],
    address: [{ line: ['Storgata 1'], city: 'Tromsø', postalCode: '9008' }],
  }
  for (const name of ['oede', 'BJORN', 'åge', 'dr']) assert.ok(finds(patient, ['name', name]), name)
  assert.ok(finds(patient, ['family:exact', 'Ødegård']))
  assert.ok(!finds(patient, ['family:exact', 'ødegård']))
  assert.ok(finds(patient, ['family:contains', 'egård']))
  assert.ok(finds(patient, ['address', 'troms'], ['address-postalcode', '9008']))
  for (const nothing of ['-', "'", ' ']) assert.ok(!finds(patient, ['name', nothing]), nothing)
})

test('whatever a text is, it is found by itself exactly and by each of its beginnings', () => {
  fc.assert(
    fc.property(texts, fc.nat(20), (name, length) => {
      const organization = { resourceType: 'Organization', name }
      assert.ok(finds(organization, ['name:exact', escape(name)]))
      const beginning = name.slice(0, length).toWellFormed()
      const folded = foldText(beginning)
      fc.pre(folded !== '' && foldText(name).startsWith(folded))
      assert.ok(finds(organization, ['name', escape(beginning)]))
      assert.ok(finds(organization, ['name:contains', escape(beginning)]))
    }),
  )
})

test('numbers keep every digit, ranges their open ends, and comparators their meaning', () => {
  const compared = (value: JsonObject): unknown =>
    searchValues({ resourceType: 'Observation', ...value }).compared.q?.['value-quantity']
  const mg = { unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' }
  const exact = exactNumber('1.50000000000000000001')
  const number = '1.50000000000000000001'
  assert.deepEqual(compared({ valueQuantity: { value: exact, ...mg } }), [
    { low: number, high: number, ...mg },
  ])
  assert.deepEqual(compared({ valueQuantity: { value: 5, comparator: '<', ...mg } }), [
    { low: '-Infinity', high: '5', ...mg },
  ])
  const risk = {
    resourceType: 'RiskAssessment',
    prediction: [{ probabilityRange: { low: { value: 10 } } }],
  }
  assert.deepEqual(searchValues(risk).compared.n, {
    probability: [{ low: '10', high: 'Infinity' }],
  })
  const invoice = { resourceType: 'Invoice', totalNet: { value: 2.5, currency: 'NOK' } }
  assert.ok(finds(invoice, ['totalnet', '2.5|urn:iso:std:iso:4217|NOK']))
})

test('a Timing is found between its outer limits', () => {
  const request = {
    resourceType: 'ServiceRequest',
    occurrenceTiming: {
      event: ['2024-03-01', '2024-01-10'],
      repeat: { boundsPeriod: { start: '2024-02-01', end: '2024-04' } },
    },
  }
  assert.deepEqual(searchValues(request).compared.d?.occurrence, [
    ['2024-01-10T00:00:00.000Z', '2024-05-01T00:00:00.000Z'],
  ])
})

test('components of a composite are judged within one element', () => {
  const pressure = (code: string, value: number): JsonObject => ({
    code: { coding: [{ system: 'http://loinc.org', code }] },
    valueQuantity: { value },
  })
  const observation = {
    resourceType: 'Observation',
    component: [pressure('8480-6', 120), pressure('8462-4', 80)],
  }
  assert.ok(finds(observation, ['component-code-value-quantity', 'http://loinc.org|8480-6$gt100']))
  assert.ok(!finds(observation, ['component-code-value-quantity', 'http://loinc.org|8462-4$gt100']))
})

test('a resource of odd shape gives what can be read of it and throws nothing', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(
        'Patient',
        'ImagingStudy',
        'DiagnosticReport',
        'Consent',
        'AuditEvent',
        'Observation',
        'X',
      ),
      fc.dictionary(
        fc.constantFrom(
          ...['identifier', 'name', 'subject', 'series', 'provision', 'issued', 'entity', 'meta'],
          ...[
            'extension',
            'valueQuantity',
            'effectiveTiming',
            'component',
            'code',
            'contained',
            'deceasedBoolean',
          ],
        ),
        fc.jsonValue(),
      ),
      (resourceType, rest) => {
        const values = searchValues({ ...rest, resourceType })
        JSON.stringify(values)
      },
    ),
  )
})

test('no text that PostgreSQL cannot keep in JSON is compared', () => {
  const { compared } = searchValues({ resourceType: 'Endpoint', name: 'a\0b\ud800c' })
  assert.deepEqual(compared.s, { name: ['ab\ufffdc'] })
})
