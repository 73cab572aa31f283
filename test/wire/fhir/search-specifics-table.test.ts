import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SERVED_TYPES } from '../../../src/services/served-types-table.ts'
import { parametersOf } from '../../../src/wire/fhir/search-parameters.ts'
import { REGISTRY_TYPES } from '../../../src/wire/fhir/search-specifics-table.ts'

/** Searched for themselves alone: nothing in the registry is reached by way of them. */
const ALONE = [
  'AuditEvent',
  'CapabilityStatement',
  'CodeSystem',
  'OperationDefinition',
  'SearchParameter',
  'StructureDefinition',
  'ValueSet',
]

test('chains and inclusions reach every type that the registry serves', () => {
  assert.deepEqual([...REGISTRY_TYPES, ...ALONE].toSorted(), Object.keys(SERVED_TYPES).toSorted())
})

test('every type that is served has its search parameters', () => {
  for (const type of Object.keys(SERVED_TYPES)) assert.ok(parametersOf(type).length >= 6, type)
})
