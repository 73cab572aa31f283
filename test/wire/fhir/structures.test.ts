import assert from 'node:assert/strict'
import { test } from 'node:test'
import { structures } from '../../support/definitions.ts'

const named = (typeOrPath: string, name: string) => {
  const member = structures.structureOf(typeOrPath)?.members.get(name)
  assert.ok(member, `${typeOrPath}.${name}`)
  return member
}

test('elements come in the order of the definition, those of base types first', () => {
  const names = structures.elementsOf('Patient').map(({ name }) => name)
  assert.deepEqual(names.slice(0, 10), [
    'id',
    'meta',
    'implicitRules',
    'language',
    'text',
    'contained',
    'extension',
    'modifierExtension',
    'identifier',
    'active',
  ])
})

test('a choice has a name for each of its types', () => {
  const [deceased] = structures.elementsOf('Patient').filter(({ name }) => name === 'deceased')
  assert.equal(deceased?.path, 'Patient.deceased[x]')
  assert.deepEqual(
    deceased.types.map(({ name, code, isPrimitive }) => [name, code, isPrimitive]),
    [
      ['deceasedBoolean', 'boolean', true],
      ['deceasedDateTime', 'dateTime', true],
    ],
  )
  assert.equal(named('Observation', 'valueQuantity').type.content, 'Quantity')
  assert.ok(structures.structureOf('Extension')?.members.has('valueBase64Binary'))
})

test('cardinality, summary and modifier flags are told', () => {
  const { element } = named('ImagingStudy', 'status')
  assert.deepEqual(
    [element.min, element.max, element.repeats, element.isSummary, element.isModifier],
    [1, 1, false, true, true],
  )
  assert.equal(named('ImagingStudy', 'series').element.max, Infinity)
  assert.ok(named('ImagingStudy', 'series').element.repeats)
})

test('what is inside an element is found by its path, whoever defines it', () => {
  assert.equal(
    named('ImagingStudy.series', 'instance').type.content,
    'ImagingStudy.series.instance',
  )
  assert.ok(structures.structureOf('Patient.name.period')?.members.has('start'))
  assert.ok(structures.structureOf('Observation.valueQuantity')?.members.has('unit'))
})

test('an element with the content of another leads there', () => {
  const { type } = named('Bundle.entry', 'link')
  assert.deepEqual([type.code, type.content, type.isPrimitive], ['', 'Bundle.link', false])
  assert.ok(structures.structureOf('Parameters.parameter.part')?.members.has('resource'))
})

test('places for any resource are marked as such', () => {
  for (const [path, name] of [
    ['Patient', 'contained'],
    ['Bundle.entry', 'resource'],
    ['Parameters.parameter', 'resource'],
  ] as const) {
    assert.equal(named(path, name).type.content, 'Resource')
  }
})

test('ids of elements and urls of extensions are attributes, ids of resources are not', () => {
  assert.ok(named('HumanName', 'id').element.isAttribute)
  assert.ok(named('Patient.contact', 'id').element.isAttribute)
  assert.ok(named('Extension', 'url').element.isAttribute)
  assert.ok(!named('Patient', 'id').element.isAttribute)
})

test('kinds tell resources, types and primitives apart', () => {
  const kinds = ['Patient', 'HumanName', 'dateTime', 'Patient.contact'].map(
    (name) => structures.structureOf(name)?.kind,
  )
  assert.deepEqual(kinds, ['resource', 'complex', 'primitive', 'complex'])
})

test('what R4 does not have is not there', () => {
  for (const name of [
    '',
    'Patients',
    'Patient.nickname',
    '__proto__',
    'constructor',
    'patient-nationality',
    'SimpleQuantity',
    'Patient..name',
  ]) {
    assert.equal(structures.structureOf(name), undefined, name)
    assert.deepEqual(structures.elementsOf(name), [])
  }
})
