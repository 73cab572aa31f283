/** Arbitrary values of R4's datatypes from small stocks, so that queries find something, and something else not. */
import fc from 'fast-check'
import { codesOf, LINKED_TYPES, type ElementDefinition } from '../oracle/definitions.ts'

type Value = fc.Arbitrary<unknown>

export interface Surroundings {
  readonly base: string
  /** Ids there are of a type, and one that is not there. */
  idsOf(type: string): readonly string[]
}

const some = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values)

/** Members are there more often than not; an object with none of them is no FHIR. */
function object(members: Readonly<Record<string, Value>>, always: readonly string[] = []): Value {
  const options = Object.entries(members).map(([name, value]) => [
    name,
    always.includes(name) ? value : fc.option(value, { nil: undefined, freq: 2 }),
  ])
  return fc
    .record<Record<string, unknown>>(Object.fromEntries(options))
    .map((one) => Object.fromEntries(Object.entries(one).filter(([, each]) => each !== undefined)))
    .filter((one) => Object.keys(one).length > 0)
}

const TEXTS = [
  'Ødegård',
  'Odegard',
  'Oedegaard',
  'Sæther',
  'sather',
  "O'Brien",
  'Anne-Lise',
  'Anne Lise',
  'ANNE',
  'Åse',
  'Aase',
  'Müller',
  'Tromsø sykehus',
  '50% of it',
  'under_score',
  String.raw`back\slash`,
  'a, comma',
  'a|bar',
  'a$dollar',
  '"quoted"',
  'ab',
  'å',
  '株式会社',
  '🩻 thorax',
  'Bergen',
]
const text = some(...TEXTS)
const system = some('http://loinc.org', 'http://snomed.info/sct', 'urn:oid:1.2.3', 'urn:x|bar')
const code = some('c1', 'C1', 'c2', 'c3', 'a|b', 'a,b', 'x$y', String.raw`b\c`, 'urn:oid:1.2.9')
const uid = some('1.2.840.1', '1.2.840.2', 'urn:oid:1.2.840.1', 'urn:oid:1.2.840.3')

const DATES = ['1985', '2024', '1985-05', '2024-02', '2024-02-29', '1985-05-17', '2024-12-31']
const TIMES = [
  '2024-02-29T00:00:00Z',
  '2024-02-29T23:59:59.999Z',
  '2024-03-01T00:30:00+01:00',
  '2024-12-31T23:30:00-05:00',
  '1985-05-17T12:00:00.5Z',
  '1985-05-17T12:00:00Z',
  '1969-12-31T23:59:59Z',
]
const date = some(...DATES)
const instant = some(...TIMES)
const dateTime = fc.oneof(date, instant)

/** Starts before it ends, or has one of the two. */
const period = fc.oneof(
  some('1985', '2024-02', '2024-02-29', '2024-02-29T23:59:59.999Z').map((start) => ({ start })),
  some('1985-05', '2024-12-31', '2024-12-31T23:30:00-05:00').map((end) => ({ end })),
  fc.record({
    start: some('1985', '1985-05-17', '2024-02', '2024-02-29T00:00:00Z'),
    end: some('2024-02-29T23:59:59.999Z', '2024-12-31', '2024-03', '2025'),
  }),
)
const timing = fc.oneof(
  fc.array(dateTime, { minLength: 1, maxLength: 3 }).map((event) => ({ event })),
  period.map((boundsPeriod) => ({ repeat: { boundsPeriod } })),
)

const number = some(0, 1, 5, 5.4, 5.35, 5.45, 99.5, 100, 100.5, -3, 0.002, 1200)
const unit = {
  system: some('http://unitsofmeasure.org', 'urn:x'),
  code: some('mg', 'mL', 'a|b'),
  unit: some('mg', 'millilitre'),
}
const quantity = object(
  {
    value: number,
    comparator: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      some('<', '<=', '>', '>='),
    ),
    ...unit,
  },
  ['value'],
)
const simpleQuantity = object({ value: number, ...unit }, ['value'])
const range = fc.oneof(
  simpleQuantity.map((low) => ({ low })),
  simpleQuantity.map((high) => ({ high })),
  fc.tuple(number, fc.nat(20), simpleQuantity).map(([low, more, one]) => ({
    low: { ...(one as object), value: low },
    high: { ...(one as object), value: low + more },
  })),
)

const coding = object({ system, code, display: text })
const concept = object({ coding: fc.array(coding, { minLength: 1, maxLength: 2 }), text })
const identifierType = object({
  coding: fc.array(object({ system, code: some('ACSN', 'MR', 'a|b') }, ['code']), {
    minLength: 1,
    maxLength: 2,
  }),
  text,
})
const identifier = fc.oneof(
  {
    weight: 3,
    arbitrary: object({
      system,
      value: some('1', '2', 'A1', 'a1', 'a|b', 'a,b'),
      type: identifierType,
    }),
  },
  uid.map((value) => ({ system: 'urn:dicom:uid', value })),
)
const URLS = [
  'http://example.org/fhir',
  'http://example.org/fhir/a',
  'http://example.org/fhir/a/b',
  'http://example.org/FHIR',
  'http://example.org/100%25_sure',
  'urn:oid:1.2.3',
  'urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7',
]
const url = some(...URLS)
const canonical = fc.tuple(url, some('', '', '|1', '|2.0')).map((parts) => parts.join(''))

const PLAIN: Readonly<Record<string, Value>> = {
  boolean: fc.boolean(),
  string: text,
  markdown: text,
  id: some('one', 'Two', '1.2.840.1'),
  oid: uid,
  uri: url,
  url,
  canonical,
  uuid: some('urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7'),
  integer: some(0, 1, 2),
  positiveInt: some(1, 2),
  unsignedInt: some(0, 1, 2),
  decimal: number,
  date,
  dateTime,
  instant,
  time: some('12:00:00'),
  Period: period,
  Timing: timing,
  Quantity: quantity,
  SimpleQuantity: simpleQuantity,
  Age: simpleQuantity,
  Duration: simpleQuantity,
  Count: simpleQuantity,
  Distance: simpleQuantity,
  Money: object({ value: number, currency: some('NOK', 'EUR') }, ['value']),
  Range: range,
  Coding: coding,
  CodeableConcept: concept,
  Identifier: identifier,
  ContactPoint: object({
    system: some('phone', 'email', 'fax'),
    value: some('555', '+47 22', 'a@example.org', 'A@example.org'),
    use: some('home', 'work'),
  }),
  HumanName: object({
    text,
    family: text,
    given: fc.array(text, { minLength: 1, maxLength: 2 }),
    prefix: fc.constant(['Dr.']),
    use: some('official', 'usual'),
  }),
  Address: object({
    text,
    line: fc.array(text, { minLength: 1, maxLength: 2 }),
    city: text,
    state: text,
    postalCode: some('0150', '5003'),
    country: some('NO', 'Norge'),
    use: some('home', 'work'),
  }),
  UsageContext: fc
    .oneof(
      concept,
      quantity.map((one) => one),
      range,
    )
    .chain((value) => coding.map((one) => ({ code: one, ...usage(value) }))),
  Attachment: object({
    contentType: some('application/dicom', 'text/plain'),
    language: some('nb', 'nn', 'en-US'),
    creation: dateTime,
    url,
  }),
  Annotation: object({ text, time: dateTime }, ['text']),
  Signature: object({ type: fc.array(coding, { minLength: 1, maxLength: 2 }), when: instant }, [
    'type',
  ]),
  ElementDefinition: object({
    path: some('Patient.name', 'Patient.birthDate', 'patient.name'),
    base: some('Element.id', 'Patient.name').map((path) => ({ path })),
    binding: canonical.map((valueSet) => ({ strength: 'example', valueSet })),
  }),
}

function usage(value: unknown): object {
  const one = value as Readonly<Record<string, unknown>>
  if ('low' in one || 'high' in one) return { valueRange: one }
  return 'value' in one ? { valueQuantity: one } : { valueCodeableConcept: one }
}

/** A value of one of the element's types, under the name that JSON gives it there. */
export function valueOf(
  type: string,
  element: ElementDefinition,
  around: Surroundings,
): Value | undefined {
  if (type === 'code') return codeOf(element)
  if (type === 'Reference') return referenceTo(targetsOf(element), element, around)
  return PLAIN[type]
}

function codeOf({ binding }: ElementDefinition): Value {
  const codes =
    binding?.strength === 'required' && binding.valueSet !== undefined
      ? codesOf(binding.valueSet)
      : []
  return codes.length === 0 ? some('nb', 'text/plain', 'c1') : some(...codes.slice(0, 4))
}

function targetsOf(element: ElementDefinition): readonly string[] {
  const profiles = element.type?.find(({ code: one }) => one === 'Reference')?.targetProfile ?? []
  const types = profiles.map((one) => one.split('/').at(-1) ?? '')
  return types.length === 0 || types.includes('Resource') ? LINKED_TYPES : types
}

/** What the registry resolves itself always names a resource (access.md, "Identity"). */
const RESOLVED = /\.(?:subject|patient|for|target)$|^AuditEvent\.entity\.what$/

/** Where all types may be referred to, those whose references matter. */
const CLINICAL = ['Patient', 'ImagingStudy', 'DiagnosticReport', 'Observation']
const OFTEN: Readonly<Record<string, readonly string[]>> = {
  'Provenance.target': CLINICAL,
  'Task.for': ['Patient', 'Group'],
  'Basic.subject': ['Patient', 'Practitioner'],
  'AuditEvent.entity.what': CLINICAL,
  'DocumentReference.context.related': CLINICAL,
}

function referenceTo(
  types: readonly string[],
  { path }: ElementDefinition,
  around: Surroundings,
): Value {
  const { base } = around
  const served = types.filter((type) => LINKED_TYPES.includes(type))
  const target = (among: readonly string[]): fc.Arbitrary<string> =>
    some(...among).chain((type) => some(...around.idsOf(type)).map((id) => `${type}/${id}`))
  const near = target(served.length === 0 ? types : (OFTEN[path] ?? served))
  const any = target(types)
  const literal = fc.oneof(
    { weight: 12, arbitrary: near.map((reference) => ({ reference })) },
    { weight: 1, arbitrary: any.map((reference) => ({ reference: `${reference}/_history/2` })) },
    { weight: 1, arbitrary: near.map((reference) => ({ reference: `${base}/${reference}` })) },
    {
      weight: 1,
      arbitrary: any.map((reference) => ({
        reference: `http://elsewhere.example/fhir/${reference}`,
      })),
    },
  )
  if (RESOLVED.test(path)) return fc.tuple(literal, identifier).map(withIdentifier)
  return fc.oneof(
    { weight: 8, arbitrary: literal },
    {
      weight: /\.(?:related|imagingStudy|basedOn)$/.test(path) ? 12 : 2,
      arbitrary: identifier.map((one) => ({ identifier: one })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(literal, identifier).map(([one, each]) => ({ ...one, identifier: each })),
    },
    { weight: 1, arbitrary: fc.constant({ reference: '#inside' }) },
  )
}

/** A patient's identifiers are those of the Patient; of what else a subject may be, those beside the reference. */
function withIdentifier([one, each]: readonly [{ readonly reference: string }, unknown]): unknown {
  return one.reference.includes('Patient/') ? one : { ...one, identifier: each }
}

export const META: Value = object({
  tag: fc.array(coding, { minLength: 1, maxLength: 2 }),
  security: fc.array(coding, { minLength: 1, maxLength: 1 }),
  profile: fc.array(canonical, { minLength: 1, maxLength: 2 }),
  source: url,
})
export const CONCEPT = concept
