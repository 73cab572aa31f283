import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  conditionalReferences,
  entryNames,
  replaceLinks,
} from '../../../src/wire/fhir/bundle-references.ts'
import type { JsonObject } from '../../../src/wire/fhir/json.ts'

const ENTRY = 'urn:uuid:6f7a8e4c-0b1d-4c5e-8f90-1a2b3c4d5e6f'
const names = new Map([
  [ENTRY, 'Observation/1'],
  ['https://ris.example/fhir/Patient/7', 'Patient/2'],
])

test('links of every kind are replaced, and texts that look like them are not', () => {
  const resource = {
    resourceType: 'DocumentReference',
    identifier: [{ system: 'urn:ietf:rfc:3986', value: ENTRY }],
    content: [{ attachment: { url: ENTRY } }],
    context: { related: [{ reference: ENTRY, display: ENTRY }, { reference: `${ENTRY}#part` }] },
    extension: [{ url: 'urn:x', valueUri: ENTRY }],
    text: { div: `<div><a href="${ENTRY}">x</a><img src='${ENTRY}'/>${ENTRY}</div>` },
  }
  assert.deepEqual(replaceLinks(resource, entryNames(names, undefined)), {
    ...resource,
    content: [{ attachment: { url: 'Observation/1' } }],
    context: {
      related: [
        { reference: 'Observation/1', display: ENTRY },
        { reference: 'Observation/1#part' },
      ],
    },
    extension: [{ url: 'urn:x', valueUri: 'Observation/1' }],
    text: {
      div: `<div><a href="Observation/1">x</a><img src='Observation/1'/>${ENTRY}</div>`,
    },
  })
})

test('a relative reference counts from the root of its own entry, and from no other', () => {
  const resource = { subject: { reference: 'Patient/7' } }
  const own = 'https://ris.example/fhir/Observation/1'
  assert.deepEqual(replaceLinks(resource, entryNames(names, own)), {
    subject: { reference: 'Patient/2' },
  })
  for (const other of ['https://other.example/fhir/Observation/1', ENTRY, undefined])
    assert.equal(replaceLinks(resource, entryNames(names, other)), resource)
})

test('a decimal keeps its digits beside a link that is replaced', () => {
  const value = JSON.rawJSON('1.50')
  const resource: JsonObject = { subject: { reference: ENTRY }, valueQuantity: { value } }
  const replaced = replaceLinks(resource, entryNames(names, undefined))
  assert.equal(
    JSON.stringify(replaced),
    '{"subject":{"reference":"Observation/1"},"valueQuantity":{"value":1.50}}',
  )
})

test('conditional references are found wherever they stand', () => {
  const resource = {
    subject: { reference: 'Patient?identifier=x|1' },
    performer: [{ reference: 'Organization?name=a' }, { reference: 'Organization/1' }],
    note: 'Patient?identifier=y|2',
  }
  assert.deepEqual(conditionalReferences(resource), [
    'Patient?identifier=x|1',
    'Organization?name=a',
  ])
})

test('a resource without links is itself, whatever it holds', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (resource) => {
      assert.equal(
        replaceLinks(resource, () => undefined),
        resource,
      )
    }),
  )
})
