import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditSearchEntries } from '../../../src/wire/fhir/audit-columns.ts'
import { auditEvent } from '../../../src/wire/fhir/audit-event.ts'
import { auditRecord, disclosedStudy } from '../../support/audit.ts'

// Where this fails, logs that were written before fail `samsyn audit verify`: their columns then need a
// migration that writes the entries anew.
test('an event is found by the entries that earlier versions wrote for it', () => {
  const { imagingStudy, study, custodian } = disclosedStudy
  const entities = [
    { kind: 'study', imagingStudy, study, custodian },
    { kind: 'resource', reference: 'Grant/g1' },
  ] as const
  const hub = { name: 'Samsyn', url: 'https://hub.example' }
  const { tokens, refs } = auditSearchEntries(auditEvent(auditRecord({ entities }), 'id-1', hub))
  assert.deepEqual(refs, [
    'agent',
    'agent|Organization/north',
    'agent|Organization/south',
    'entity',
    'entity|Patient/patient-1',
    'entity|ImagingStudy/study-1',
    'entity|Grant/g1',
  ])
  const withSystems = tokens.filter((token) => /\|.+\|.+/.test(token))
  assert.equal(tokens.length, 29)
  assert.deepEqual(withSystems, [
    'type|http://terminology.hl7.org/CodeSystem/audit-event-type|rest',
    'subtype|http://hl7.org/fhir/restful-interaction|search',
    'subtype|https://samsyn.no/fhir/CodeSystem/audit-act|search',
    'action|http://hl7.org/fhir/audit-event-action|E',
    'outcome|http://hl7.org/fhir/audit-event-outcome|0',
    'agent:identifier|https://samsyn.no/fhir/NamingSystem/client|viewer',
    'agent:identifier|https://samsyn.no/fhir/NamingSystem/practitioner-handle|handle-1',
    'entity:identifier|urn:dicom:uid|1.2.3',
  ])
})
