/** One fault at a time: what of R4 the validator holds a resource to, and where it says so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { specificationTexts } from '../../../../src/definition-files.ts'
import { makeDefinitions } from '../../../../src/wire/fhir/definitions.ts'
import type { JsonObject } from '../../../../src/wire/fhir/json.ts'
import { parseResourceJson } from '../../../../src/wire/fhir/parse-json.ts'
import { makeValidator } from '../../../../src/wire/fhir/validation/validator.ts'

const definitions = makeDefinitions(specificationTexts())
const validator = makeValidator(definitions, [])

function placesIn(resource: object): readonly string[] {
  return validator
    .report(resource as JsonObject)
    .filter(({ severity }) => severity === 'error')
    .map(({ location }) => location)
}

const patient = { resourceType: 'Patient' }
const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' } }
const NAMESPACE = 'http://www.w3.org/1999/xhtml'
const narrative = (inner: string): object => ({
  ...patient,
  text: { status: 'generated', div: `<div xmlns="${NAMESPACE}">${inner}</div>` },
})
const dated = (birthDate: unknown): object => ({ ...patient, birthDate })
const contained = (reference: string, ...resources: object[]): object => ({
  ...observation,
  subject: { reference },
  contained: resources,
})
const person = { resourceType: 'Patient', id: 'p' }

const FAULTS: readonly (readonly [string, object, readonly string[]])[] = [
  ['a type R4 does not have', { resourceType: 'Horse' }, ['Resource']],
  ['an unknown element', { ...patient, colour: 'red' }, ['Patient.colour']],
  [
    'an element that every object inherits',
    { ...patient, constructor: 1 },
    ['Patient.constructor'],
  ],
  ['a missing element', { resourceType: 'Observation', status: 'final' }, ['Observation.code']],
  ['a list where one value is', { ...patient, gender: ['male'] }, ['Patient.gender']],
  ['one value where a list is', { ...patient, name: { family: 'x' } }, ['Patient.name']],
  ['an empty list', { ...patient, name: [] }, ['Patient.name']],
  ['an empty object', { ...patient, name: [{}] }, ['Patient.name[0]']],
  ['an element with an id alone', { ...patient, name: [{ id: 'a' }] }, ['Patient.name[0]']],
  ['an empty string', { ...patient, gender: '' }, ['Patient.gender']],
  ['a null', { ...patient, gender: null }, ['Patient.gender']],
  ['a string where an object is', { ...patient, name: ['Anne'] }, ['Patient.name[0]']],
  ['a string where a boolean is', { ...patient, active: 'true' }, ['Patient.active']],
  [
    'a fraction where an integer is',
    { ...observation, valueInteger: 1.5 },
    ['Observation.value.ofType(integer)'],
  ],
  [
    'two values of a choice',
    { ...observation, valueString: 'x', valueBoolean: true },
    ['Observation.value'],
  ],
  ['a type a choice does not have', { ...observation, valueMoney: {} }, ['Observation.value']],
  ['a day no calendar has', dated('2023-02-29'), ['Patient.birthDate']],
  ['a month no calendar has', dated('2023-13'), ['Patient.birthDate']],
  ['a time in a date', dated('2023-01-01T00:00:00Z'), ['Patient.birthDate']],
  [
    'a time without a zone',
    { ...observation, effectiveDateTime: '2023-01-01T10:00:00' },
    ['Observation.effective.ofType(dateTime)'],
  ],
  [
    'a time without seconds',
    { ...observation, effectiveDateTime: '2023-01-01T10:00Z' },
    ['Observation.effective.ofType(dateTime)'],
  ],
  ['an id that is none', { ...patient, id: 'a b' }, ['Patient.id']],
  ['a URI with white space', { ...patient, implicitRules: 'a b' }, ['Patient.implicitRules']],
  ['a code with white space at its end', { ...patient, language: 'nb ' }, ['Patient.language']],
  ['a control character', { ...patient, name: [{ text: 'a\u0007' }] }, ['Patient.name[0].text']],
  ['a code outside a required set', { ...patient, gender: 'm' }, ['Patient.gender']],
  [
    'bytes that are not base64',
    { ...patient, photo: [{ contentType: 'image/png', data: 'a' }] },
    ['Patient.photo[0].data'],
  ],
  [
    'a code system by a local name',
    { ...observation, code: { coding: [{ system: 'x', code: 'y' }] } },
    ['Observation.code.coding[0].system'],
  ],
  [
    'a reference to another type',
    { ...observation, subject: { reference: 'Practitioner/1' } },
    ['Observation.subject'],
  ],
  [
    'a reference that is none',
    { ...observation, subject: { reference: 'Anne' } },
    ['Observation.subject'],
  ],
  [
    'a reference to a type R4 does not have',
    { ...observation, subject: { reference: 'Horse/1' } },
    ['Observation.subject'],
  ],
  [
    'ref-1: a local reference to nothing',
    { ...observation, subject: { reference: '#p' } },
    ['Observation.subject'],
  ],
  [
    'a local reference to another type',
    contained('#p', { resourceType: 'Practitioner', id: 'p' }),
    ['Observation.subject'],
  ],
  [
    'dom-2: a resource within a contained one',
    contained('#p', { ...person, contained: [{ ...person, id: 'q' }] }),
    ['Observation', 'Observation.contained[0]'],
  ],
  ['dom-3: a contained resource nobody refers to', contained('Patient/1', person), ['Observation']],
  [
    'dom-4: a version within',
    contained('#p', { ...person, meta: { versionId: '1' } }),
    ['Observation'],
  ],
  [
    'a contained resource without an id',
    contained('Patient/1', { resourceType: 'Patient' }),
    ['Observation', 'Observation.contained[0].id'],
  ],
  [
    'per-1: an end before its start',
    { ...patient, name: [{ text: 'x', period: { start: '2023-02', end: '2023-01' } }] },
    ['Patient.name[0].period'],
  ],
  [
    'per-1: an end before its start by another zone',
    {
      ...patient,
      name: [
        { text: 'x', period: { start: '2023-01-01T23:00:00-05:00', end: '2023-01-02T00:00:00Z' } },
      ],
    },
    ['Patient.name[0].period'],
  ],
  [
    'rng-2: a range that ends before it begins',
    {
      ...observation,
      valueRange: { low: { value: 10, unit: 'mg' }, high: { value: 9, unit: 'mg' } },
    },
    ['Observation.value.ofType(Range)'],
  ],
  [
    'cpt-2: a number of no system',
    { ...patient, telecom: [{ value: '1' }] },
    ['Patient.telecom[0]'],
  ],
  [
    'qty-3: a code of no system',
    { ...observation, valueQuantity: { value: 1, code: 'mg' } },
    ['Observation.value.ofType(Quantity)'],
  ],
  ['att-1: bytes of no type', { ...patient, photo: [{ data: 'YQ==' }] }, ['Patient.photo[0]']],
  [
    'pat-1: a contact without details',
    { ...patient, contact: [{ gender: 'male' }] },
    ['Patient.contact[0]'],
  ],
  [
    'obs-6: a value and a reason for none',
    { ...observation, valueString: 'x', dataAbsentReason: { text: 'y' } },
    ['Observation'],
  ],
  [
    'ext-1: an extension with neither value nor parts',
    { ...patient, extension: [{ url: 'http://x.org/e' }] },
    ['Patient.extension[0]'],
  ],
  [
    'an extension without a URL',
    { ...patient, extension: [{ valueString: 'x' }] },
    ['Patient.extension[0].url'],
  ],
  [
    'an extension by a relative URL',
    { ...patient, extension: [{ url: 'e', valueString: 'x' }] },
    ['Patient.extension[0].url'],
  ],
  [
    'a value of a type its extension does not have',
    {
      ...patient,
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace', valueString: 'Oslo' },
      ],
    },
    ['Patient.extension[0].value'],
  ],
  [
    'an extension out of its place',
    {
      ...observation,
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
          valueAddress: { city: 'Oslo' },
        },
      ],
    },
    ['Observation.extension[0]'],
  ],
  [
    'an extension beside a value',
    { ...patient, _birthDate: { extension: [{ url: 'x', valueString: 'y' }] } },
    ['Patient.birthDate.extension[0].url'],
  ],
  ['a companion of what is no primitive', { ...patient, _name: [{ id: 'x' }] }, ['Patient._name']],
  [
    'an id twice',
    {
      ...patient,
      name: [
        { id: 'a', text: 'x' },
        { id: 'a', text: 'y' },
      ],
    },
    ['Patient.name[1]'],
  ],
  ['a script in a narrative', narrative('<script>x</script>'), ['Patient.text.div']],
  ['a handler in a narrative', narrative('<p onclick="x()">x</p>'), ['Patient.text.div']],
  ['a script as a link', narrative('<a href=" javascript:x()">x</a>'), ['Patient.text.div']],
  [
    'a style that fetches',
    narrative('<p style="background:url(https://x.org/p)">x</p>'),
    ['Patient.text.div'],
  ],
  ['a frame in a narrative', narrative('<iframe src="https://x.org"/>x'), ['Patient.text.div']],
  ['a narrative that is not well formed', narrative('<p>x<b></p></b>'), ['Patient.text.div']],
  ['an entity XML does not know', narrative('x&nbsp;y'), ['Patient.text.div']],
  ['an empty narrative', narrative(' <p></p>'), ['Patient.text.div']],
]

for (const [what, resource, places] of FAULTS) {
  test(`refuses ${what}`, () => {
    assert.deepEqual([...placesIn(resource)].sort(), [...places].sort())
  })
}

/** Across zones and precisions. */
const PERIODS = [
  ['2023-01-01T10:00:00+02:00', '2023-01-01T09:00:00Z'],
  ['2023-02-15', '2023-02'],
  ['2023-02-15T10:00:00Z', '2023-02-15'],
  ['2023', '2023-12-31'],
  ['2023-01-01', '2023-01-01'],
] as const

const GOOD: readonly (readonly [string, object])[] = [
  ['nothing but a type', patient],
  ['a leap day', dated('2024-02-29')],
  ['a year', dated('2024')],
  ['a leap second', { ...observation, effectiveInstant: '2016-12-31T23:59:60Z' }],
  [
    'a value that is absent with a reason',
    {
      ...patient,
      _gender: {
        extension: [
          {
            url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason',
            valueCode: 'unknown',
          },
        ],
      },
    },
  ],
  [
    'a place kept in a list of primitives',
    {
      ...patient,
      name: [
        {
          given: ['Anne', null],
          _given: [null, { extension: [{ url: 'http://x.org/e', valueString: 'x' }] }],
        },
      ],
    },
  ],
  [
    'a contained resource that refers back',
    { ...patient, contained: [{ ...observation, id: 'o', subject: { reference: '#' } }] },
  ],
  ['a local reference to a contained resource', contained('#p', person)],
  [
    'references of every form',
    {
      ...observation,
      performer: [
        'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66',
        'https://x.org/fhir/Practitioner/1',
        'Practitioner/1/_history/2',
        'Practitioner?identifier=x|y',
      ].map((reference) => ({ reference })),
    },
  ],
  ...PERIODS.map(([start, end]): readonly [string, object] => [
    `a period from ${start} to ${end}`,
    { ...patient, name: [{ text: 'x', period: { start, end } }] },
  ]),
  [
    'a range of units that differ',
    {
      ...observation,
      valueRange: { low: { value: 2, unit: 'mg' }, high: { value: 1, unit: 'g' } },
    },
  ],
  ['base64 in lines', { ...patient, photo: [{ contentType: 'image/png', data: 'YWJj\r\n ZGVm' }] }],
  [
    'a narrative with a picture of its own',
    narrative('<img src="data:image/png;base64,AA==" alt="x"/>'),
  ],
]

for (const [what, resource] of GOOD) {
  test(`accepts ${what}`, () => {
    assert.deepEqual(placesIn(resource), [])
  })
}

test('an integer is one by its text, and a decimal keeps its own', () => {
  const parse = (text: string): object =>
    parseResourceJson(
      Buffer.from(`{"resourceType":"Observation","status":"final","code":{"text":"x"},${text}}`),
    )
  assert.deepEqual(placesIn(parse('"valueInteger":1.0')), ['Observation.value.ofType(integer)'])
  assert.deepEqual(placesIn(parse('"valueQuantity":{"value":1.50}')), [])
  const range = '"valueRange":{"low":{"value":2.00},"high":{"value":1.00}}'
  assert.equal(placesIn(parse(range)).length, 1)
})

test('a resource of nothing but faults is answered with a hundred of them', () => {
  const name = Array.from({ length: 900 }, () => ({ use: 'x', colour: 1 }))
  assert.equal(placesIn({ ...patient, name }).length, 100)
})

test('what is quoted of names holds no national id', () => {
  const issues = validator.report({ ...patient, '17858550084': 1 })
  assert.ok(issues.every((one) => !JSON.stringify(one).includes('17858550084')))
})

test('warns of what it cannot check, and lets it pass', () => {
  const unknown = { url: 'http://x.org/e', valueString: 'x' }
  const issues = validator.report({ ...patient, extension: [unknown] })
  assert.ok(
    issues.some(
      ({ severity, location }) => severity === 'warning' && location === 'Patient.extension[0]',
    ),
  )
  assert.ok(issues.every(({ severity }) => severity === 'warning'))
})

/** Long texts that make backtracking patterns stall. */
const TRAPS = [' ', 'a', 'A', '0', '/', '.', '=', ':', '-', '<', '<a ', '&', 'a ', '/A', '#'].map(
  (text) => `${text.repeat(Math.floor(200_000 / text.length))}!`,
)

test('no text stalls it, wherever it stands', () => {
  const started = performance.now()
  for (const trap of TRAPS) {
    placesIn({
      ...patient,
      id: trap,
      implicitRules: trap,
      language: trap,
      birthDate: trap,
      text: { status: 'generated', div: `<div xmlns="${NAMESPACE}">${trap}</div>` },
      photo: [{ contentType: trap, data: trap, creation: trap }],
      link: [{ type: 'seealso', other: { reference: trap } }],
      extension: [
        { url: trap, valueOid: trap },
        { url: 'http://x.org/e', valueUuid: trap },
      ],
    })
    placesIn({
      resourceType: 'Bundle',
      type: 'document',
      entry: [{ fullUrl: trap, resource: { ...patient, id: 'a' } }],
    })
    placesIn({ resourceType: 'SearchParameter', name: trap, expression: trap, base: ['Patient'] })
  }
  assert.ok(performance.now() - started < 10_000)
})

test('nothing a body may hold makes it fail', () => {
  const keys = fc.constantFrom(
    'resourceType',
    'id',
    'text',
    'div',
    'name',
    'extension',
    'url',
    'contained',
    'reference',
    'value',
    'valueString',
    '_name',
    'entry',
    'resource',
    'fullUrl',
    'coding',
    'system',
    '__proto__',
    'toString',
  )
  const values = fc.constantFrom<unknown>(
    '',
    'Patient',
    'Bundle',
    'document',
    '#',
    '<div>',
    0,
    -0,
    true,
    null,
    [],
    {},
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      values,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(keys, tie('tree'), { maxKeys: 5 }),
    ),
  }))
  const types = fc.constantFrom(
    'Patient',
    'Bundle',
    'Observation',
    'Parameters',
    'StructureDefinition',
    'Questionnaire',
    'CapabilityStatement',
  )
  fc.assert(
    fc.property(types, fc.dictionary(keys, tree, { maxKeys: 8 }), (resourceType, body) => {
      validator.report({ ...body, resourceType })
    }),
    { numRuns: 300 },
  )
})
