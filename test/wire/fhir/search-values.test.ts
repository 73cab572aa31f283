import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSearch } from '../../../src/wire/fhir/parse-search.ts'
import { searchValues } from '../../../src/wire/fhir/search-values.ts'

const escape = (text: string): string => text.replaceAll(/[\\,|$]/g, String.raw`\$&`)

function entriesAsked(type: string, name: string, value: string): readonly string[] {
  const search = parseSearch({
    type,
    pairs: [[name, value]],
    strict: true,
    base: 'http://hub/fhir',
  })
  return search.conditions.flatMap((one) =>
    one.kind === 'token' || one.kind === 'reference' || one.kind === 'exact-string'
      ? one.anyOf
      : [],
  )
}

const texts = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\0'))

test('whatever an identifier holds, a query for it asks for an entry the row has', () => {
  fc.assert(
    fc.property(texts, texts, (system, value) => {
      const { tokens } = searchValues({
        resourceType: 'ImagingStudy',
        identifier: [{ system, value }],
      })
      const queries = [`${escape(system)}|${escape(value)}`, escape(value), `${escape(system)}|`]
      return queries.every((query) =>
        entriesAsked('ImagingStudy', 'identifier', query).some((entry) => tokens.includes(entry)),
      )
    }),
  )
})

test('an identifier is not found under another system or without one', () => {
  fc.assert(
    fc.property(texts, texts, texts, (system, other, value) => {
      fc.pre(system !== other)
      const { tokens } = searchValues({
        resourceType: 'ImagingStudy',
        identifier: [{ system, value }],
      })
      const queries = [`${escape(other)}|${escape(value)}`, `|${escape(value)}`]
      return queries.every(
        (query) =>
          !entriesAsked('ImagingStudy', 'identifier', query).some((entry) =>
            tokens.includes(entry),
          ),
      )
    }),
  )
})

test('a reference is found by id, by type and id, and by its address at this hub', () => {
  const { refs } = searchValues({
    resourceType: 'Provenance',
    target: [{ reference: 'ImagingStudy/1/_history/3' }],
  })
  assert.deepEqual(refs, ['target', 'target|ImagingStudy/1'])
  for (const query of ['1', 'ImagingStudy/1', 'http://hub/fhir/ImagingStudy/1']) {
    assert.ok(entriesAsked('Provenance', 'target', query).includes('target|ImagingStudy/1'), query)
  }
})

test('a resource of odd shape gives what can be read of it and throws nothing', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('Patient', 'ImagingStudy', 'DiagnosticReport', 'Consent', 'AuditEvent', 'X'),
      fc.dictionary(
        fc.constantFrom('identifier', 'name', 'subject', 'series', 'provision', 'issued', 'entity'),
        fc.jsonValue(),
      ),
      (resourceType, rest) => {
        searchValues({ ...rest, resourceType })
      },
    ),
  )
})
