import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { evalFhirPath } from '@medplum/core'
import { SEARCH_DEFINITIONS } from '../../../src/wire/fhir/search-definitions.ts'
import { findParameter, parametersOf } from '../../../src/wire/fhir/search-parameters.ts'
import { compilePath } from '../../../src/wire/fhir/search-path.ts'
import { aboutType, readPath } from '../../../src/wire/fhir/search-path-syntax.ts'

const definitions = new Map(SEARCH_DEFINITIONS.map((one) => [one.url, one]))

const types = [...new Set(SEARCH_DEFINITIONS.flatMap(({ base }) => base))].filter(
  (type) => type !== 'Resource' && type !== 'DomainResource',
)

test('every parameter of every R4 type is understood', () => {
  for (const type of types) {
    const codes = parametersOf(type).map(({ code }) => code)
    const defined = SEARCH_DEFINITIONS.filter(({ base }) => base.includes(type))
    for (const { code } of defined) assert.ok(codes.includes(code), `${type}.${code}`)
    for (const code of ['_id', '_lastUpdated', '_profile', '_security', '_source', '_tag']) {
      assert.ok(findParameter(type, code), `${type}.${code}`)
    }
  }
})

test('what is found in the R4 examples is what the FHIRPath of each definition says', (t) => {
  const data = process.env.SAMSYN_TEST_DATA
  if (data === undefined) {
    t.skip('SAMSYN_TEST_DATA is not set')
    return
  }
  let compared = 0
  const different: string[] = []
  for (const resource of resourcesUnder(path.join(data, 'fhir/hl7-r4-examples'))) {
    const type = String(resource.resourceType)
    for (const parameter of parametersOf(type)) {
      if (parameter.within !== undefined) continue
      const expression = unionFor(type, definitions.get(parameter.url)?.expression ?? '')
      const expected = evalFhirPath(expression, resource)
      const found = parameter
        .find(resource, resource)
        .filter((one) => !expression.includes('resolve()') || isResolvedByTheLibrary(one))
      compared += expected.length
      if (JSON.stringify(found) !== JSON.stringify(expected)) {
        different.push(
          `${type}/${String(resource.id)} ${parameter.code}: ${JSON.stringify(found)} not ${JSON.stringify(expected)}`,
        )
      }
    }
  }
  assert.deepEqual(different, [])
  assert.ok(compared > 2000, `${compared} values`)
})

/** By it alone relative references are told to lead to a type. */
function isResolvedByTheLibrary(value: unknown): boolean {
  const { reference = '' } = value as { readonly reference?: string }
  return !reference.startsWith('#') && !reference.includes('://')
}

/** The library knows no abstract types, and would follow the other types' branches to find nothing, slowly. */
function unionFor(type: string, expression: string): string {
  const branches = expression.replace('Resource.', `${type}.`).split(' | ')
  const own = branches.filter((one) => {
    const parsed = readPath(one)
    return parsed !== undefined && aboutType(parsed, type) !== undefined
  })
  return own.join(' | ')
}

function* resourcesUnder(folder: string): Generator<Record<string, unknown>> {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.json')) continue
    const resource: Record<string, unknown> = JSON.parse(
      readFileSync(path.join(folder, file), 'utf8'),
    )
    if (typeof resource.resourceType === 'string') yield resource
  }
}

const found = (expression: string, resource: Record<string, unknown>): readonly unknown[] => {
  const parsed = readPath(expression)
  assert.ok(parsed, expression)
  return compilePath(parsed)(resource, resource)
}

test('extensions, conditions on parts and typed choices are followed', () => {
  const study = {
    resourceType: 'ImagingStudy',
    identifier: [
      { type: { coding: [{ code: 'X' }, { code: 'ACSN' }] }, value: 'A1' },
      { type: { coding: [{ code: 'X' }] }, value: 'B' },
      { system: 'urn:dicom:uid', value: 'urn:oid:1.2' },
    ],
    extension: [
      { url: 'u', valueCode: 'complete' },
      { url: 'v', valueCode: 'other' },
    ],
  }
  const accession = "ImagingStudy.identifier.where(type.coding.where(code='ACSN').exists()).value"
  assert.deepEqual(found(accession, study), ['A1'])
  assert.deepEqual(found("ImagingStudy.extension('u').value.ofType(code)", study), ['complete'])
  assert.deepEqual(found("ImagingStudy.identifier.where(system='urn:dicom:uid').value", study), [
    'urn:oid:1.2',
  ])
  assert.deepEqual(found('(ImagingStudy.extension.value as code)', study), ['complete', 'other'])
})

test('a reference resolves to a contained resource, and else to the type it names', () => {
  const list = {
    resourceType: 'List',
    contained: [{ resourceType: 'Patient', id: 'p' }],
    entry: [
      { item: { reference: '#p' } },
      { item: { reference: 'https://other.example/fhir/Patient/1/_history/2' } },
      { item: { type: 'Patient', identifier: { value: '1' } } },
      { item: { reference: 'Group/1' } },
      { item: { reference: 'urn:uuid:1' } },
    ],
  }
  const patients = found('List.entry.item.where(resolve() is Patient)', list)
  assert.deepEqual(
    patients,
    list.entry.slice(0, 3).map(({ item }) => item),
  )
})

test('what is beyond this part of FHIRPath is not understood at all', () => {
  for (const text of [
    '',
    'Patient.',
    'Patient.name.first()',
    'a or b',
    "a.where(b='",
    'a[b]',
    'a.b)',
    "x = 'a'b",
  ]) {
    assert.equal(readPath(text), undefined, text)
  }
})

test('the implied systems are those of the required bindings', () => {
  const implied = (name: string) => findParameter(...(name.split('.') as [string, string]))?.implied
  assert.deepEqual(implied('ImagingStudy.status'), ['http://hl7.org/fhir/imagingstudy-status'])
  assert.deepEqual(implied('Task.intent'), [
    'http://hl7.org/fhir/task-intent',
    'http://hl7.org/fhir/request-intent',
  ])
  assert.deepEqual(implied('Patient.active'), [
    'http://terminology.hl7.org/CodeSystem/special-values',
  ])
  assert.equal(implied('ImagingStudy.modality'), undefined)
})
