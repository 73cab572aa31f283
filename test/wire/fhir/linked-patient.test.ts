import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  partedPatient,
  replacedPatient,
  restoredPatient,
  survivingPatient,
} from '../../../src/wire/fhir/linked-patient.ts'
import {
  rewriteReferences,
  rewriteReferencesAt,
} from '../../../src/wire/fhir/rewrite-references.ts'

const identifier = fc.record({
  use: fc.constantFrom('official', 'old'),
  system: fc.constantFrom('urn:oid:1', 'urn:oid:2'),
  value: fc.constantFrom('1', '2', '3'),
})
const name = fc.record({ family: fc.constantFrom('Lie', 'Moe'), given: fc.constant(['Kari']) })
const patient = fc.record(
  {
    resourceType: fc.constant('Patient'),
    id: fc.constant('one'),
    identifier: fc.array(identifier, { minLength: 1, maxLength: 3 }),
    active: fc.boolean(),
    name: fc.array(name, { minLength: 1, maxLength: 2 }),
    link: fc.constant([{ other: { reference: 'Patient/third' }, type: 'replaces' }]),
  },
  { requiredKeys: ['resourceType', 'id'], noNullPrototype: true },
)

test('linking two records and parting them leaves both as they were', () => {
  fc.assert(
    fc.property(patient, patient, (survivor, other) => {
      const old = { ...other, id: 'two' }
      const wasActive = old.active ?? null
      const replaced = replacedPatient(old, 'one')
      assert.equal(replaced.active, false)
      assert.deepEqual(restoredPatient(replaced, { survivor: 'one', wasActive }), old)
      const { patient: surviving, given } = survivingPatient(survivor, old)
      assert.deepEqual(partedPatient(surviving, given), survivor)
    }),
  )
})

test('the survivor is known by the other’s ids and names too, as old ones, each once', () => {
  const id = { use: 'official', system: 'urn:oid:1', value: '1' }
  const survivor = {
    resourceType: 'Patient',
    id: 'one',
    identifier: [id],
    name: [{ family: 'Lie' }],
  }
  const other = {
    resourceType: 'Patient',
    id: 'two',
    identifier: [
      { ...id, use: 'usual' },
      { ...id, value: '2' },
    ],
    name: [{ use: 'official', family: 'Lie' }, { family: 'Moe' }],
  }
  const surviving = survivingPatient(survivor, other).patient
  assert.deepEqual(surviving.identifier, [id, { ...id, use: 'old', value: '2' }])
  assert.deepEqual(surviving.name, [{ family: 'Lie' }, { family: 'Moe', use: 'old' }])
  assert.deepEqual(surviving.link, [{ other: { reference: 'Patient/two' }, type: 'replaces' }])
})

test('references go back where they came from and nowhere else', () => {
  const resource = {
    resourceType: 'DiagnosticReport',
    subject: { reference: 'Patient/two' },
    text: { div: 'Patient/two' },
    value: JSON.rawJSON('1.50'),
    extension: [{ valueReference: { reference: 'Patient/one' } }, 'Patient/two'],
  }
  const { resource: moved, places } = rewriteReferences(resource, 'Patient/two', 'Patient/one')
  assert.deepEqual(places, ['/subject/reference'])
  assert.equal(
    JSON.stringify(moved),
    JSON.stringify({ ...resource, subject: { reference: 'Patient/one' } }),
  )
  const back = rewriteReferencesAt(moved, places, { from: 'Patient/one', to: 'Patient/two' })
  assert.equal(JSON.stringify(back), JSON.stringify(resource))
})
