import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HubError, isHubError } from '../../../src/kernel/errors.ts'
import { parseSearch, type SearchRequest } from '../../../src/wire/fhir/parse-search.ts'
import type { Condition, QueryPair, Search } from '../../../src/wire/fhir/search.ts'

const HUB = 'http://hub/fhir'

function parse(type: string, query: string, options: Partial<SearchRequest> = {}): Search {
  const pairs = query.split('&').map((pair): QueryPair => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
  return parseSearch({ type, pairs, strict: true, base: HUB, ...options })
}

const conditionsOf = (type: string, query: string): readonly Condition[] =>
  parse(type, query).conditions

function problemsOf(type: string, query: string, options: Partial<SearchRequest> = {}): unknown {
  try {
    parse(type, query, options)
  } catch (error) {
    assert.ok(isHubError(error, 'invalid'))
    return Object.fromEntries(error.problems.map(({ location, text }) => [location, text]))
  }
  return assert.fail('The search was understood')
}

test('everything that is wrong is said at once, by the parameter it is wrong in', () => {
  const problems = problemsOf(
    'ImagingStudy',
    'started=soon&status:above=x&_count=many&_total=some&nonsense=1&_summary=short&_sort=',
  )
  assert.deepEqual(Object.keys(problems as object), [
    'started',
    'status:above',
    '_count',
    '_total',
    '_summary',
    'nonsense',
    '_sort',
  ])
})

test('what is unknown is named when leniency is asked for, but an unknown modifier is refused', () => {
  const lenient = { strict: false }
  const search = parse('ImagingStudy', 'nonsense=1&status=available&patient.nonsense=2', lenient)
  assert.deepEqual(search.ignored, ['nonsense', 'patient.nonsense'])
  assert.deepEqual(search.understood, [['status', 'available']])
  for (const name of [
    'status:like',
    'patient:Medication',
    'started:exact',
    '_id:text',
    '_count:x',
    '_include:up',
  ]) {
    assert.notDeepEqual(problemsOf('ImagingStudy', `${name}=1`, lenient), {}, name)
  }
})

test('a national id that somebody sent as a name does not come back', () => {
  const search = parse('ImagingStudy', '17858550084=1', { strict: false })
  assert.deepEqual(search.ignored, ['***'])
})

test('a chain goes through the column where the reference leads to a patient', () => {
  assert.deepEqual(conditionsOf('ImagingStudy', 'patient.family=berg'), [
    {
      kind: 'chain',
      link: { code: 'patient', column: 'patient' },
      target: 'Patient',
      of: [{ kind: 'text', code: 'family', match: 'begins', anyOf: ['berg'] }],
    },
  ])
  assert.deepEqual(conditionsOf('ImagingStudy', 'subject:Patient.identifier=urn:x|1'), [
    { kind: 'patient-identifier', anyOf: ['identifier|urn:x|1'] },
  ])
})

test('a subject that is no patient is found by its identifier too', () => {
  const patient = { kind: 'patient-identifier', anyOf: ['identifier|urn:x|1'] }
  const group = { kind: 'keys', anyOf: ['identifier|urn:x|1'] }
  assert.deepEqual(conditionsOf('Observation', 'subject.identifier=urn:x|1'), [
    {
      kind: 'any',
      of: [{ kind: 'chain', link: { code: 'subject' }, target: 'Group', of: [group] }, patient],
    },
  ])
  assert.deepEqual(conditionsOf('Observation', 'subject:identifier=urn:x|1'), [
    { kind: 'any', of: [patient, { kind: 'keys', anyOf: ['subject:identifier|urn:x|1'] }] },
  ])
})

test('a chain to several types is to any of those that have the parameter', () => {
  const [condition] = conditionsOf('DiagnosticReport', 'performer.name=aker')
  assert.equal(condition?.kind, 'any')
  const targets = condition.of.map((one) => (one.kind === 'chain' ? one.target : ''))
  assert.deepEqual(targets.toSorted(), ['Organization', 'Practitioner'])
})

test('custodians are found by the column, by identifier and by name', () => {
  const link = { code: 'custodian', column: 'custodian' }
  assert.deepEqual(conditionsOf('ImagingStudy', 'custodian=o1,Organization/o2'), [
    { kind: 'custodian', anyOf: ['o1', 'o2'] },
  ])
  for (const name of ['custodian:identifier', 'custodian.identifier']) {
    assert.deepEqual(conditionsOf('ImagingStudy', `${name}=urn:x|9`), [
      {
        kind: 'chain',
        link,
        target: 'Organization',
        of: [{ kind: 'keys', anyOf: ['identifier|urn:x|9'] }],
      },
    ])
  }
})

test('_has goes against the reference, and both ways combine to a depth of three', () => {
  assert.deepEqual(conditionsOf('Patient', '_has:ImagingStudy:patient:modality=CT'), [
    {
      kind: 'has',
      source: 'ImagingStudy',
      link: { code: 'patient', column: 'patient' },
      of: [{ kind: 'keys', anyOf: ['modality|CT'] }],
    },
  ])
  const three = '_has:DiagnosticReport:imaging-study:patient.organization.name=x'
  assert.equal(conditionsOf('ImagingStudy', three).length, 1)
  const nested = 'patient._has:Consent:patient:_has:Provenance:target:recorded=2024'
  assert.equal(conditionsOf('ImagingStudy', nested).length, 1)
  const four = '_has:DiagnosticReport:imaging-study:patient.organization.partof.name'
  assert.deepEqual(Object.keys(problemsOf('ImagingStudy', `${four}=x`) as object), [four])
})

test('_has by what does not refer to the type is unknown', () => {
  for (const name of [
    '_has:Endpoint:organization:name',
    '_has:Nothing:x:y',
    '_has:ImagingStudy',
    '_has:ImagingStudy:status:x',
    '_has:AuditEvent:entity:type',
  ]) {
    assert.deepEqual(problemsOf('Patient', `${name}=1`), { [name]: 'Not supported on this type' })
  }
})

test('a search that follows very many references is refused', () => {
  const chains = Array.from({ length: 40 }, (_, index) => `performer.name=${index}`).join('&')
  assert.notDeepEqual(problemsOf('DiagnosticReport', chains), {})
})

test('patients are asked for by identifier as their custodians may be', () => {
  assert.deepEqual(conditionsOf('Patient', 'identifier=urn:x|1'), [
    { kind: 'own-identifier', anyOf: ['identifier|urn:x|1'] },
  ])
  assert.deepEqual(conditionsOf('Patient', 'identifier:not=urn:x|1'), [
    { kind: 'not', of: { kind: 'own-identifier', anyOf: ['identifier|urn:x|1'] } },
  ])
})

test('separators that are escaped separate nothing', () => {
  assert.deepEqual(conditionsOf('ImagingStudy', String.raw`identifier=urn:x|a\,b\|c\$d\\e,f`), [
    { kind: 'keys', anyOf: [String.raw`identifier|urn:x|a,b\|c$d\e`, 'identifier|f'] },
  ])
  const composite = conditionsOf('Observation', String.raw`code-value-string=a\$b$c\,d`)
  assert.deepEqual(composite, [
    { kind: 'keys', anyOf: ['code|a$b'] },
    {
      kind: 'composite',
      code: 'code-value-string',
      anyOf: [
        [
          { kind: 'key', part: 0, key: '|a$b' },
          { kind: 'text', part: 1, begins: 'c d' },
        ],
      ],
    },
  ])
})

test('a composite needs a value for each component, each of its kind', () => {
  assert.notDeepEqual(problemsOf('Observation', 'code-value-quantity=a'), {})
  assert.notDeepEqual(problemsOf('Observation', 'code-value-quantity=a$b$c'), {})
  assert.notDeepEqual(problemsOf('Observation', 'code-value-quantity=a$heavy'), {})
  assert.notDeepEqual(problemsOf('Observation', 'code-value-quantity=$5'), {})
})

test('value sets are asked by only where they can be listed', () => {
  const enumerate = (url: string) =>
    url === 'urn:vs' ? [{ system: 'urn:s', value: 'a' }] : undefined
  const search = parse('DiagnosticReport', 'code:not-in=urn:vs', { enumerate })
  assert.deepEqual(search.conditions, [
    { kind: 'not', of: { kind: 'keys', anyOf: ['code|urn:s|a'] } },
  ])
  assert.notDeepEqual(problemsOf('DiagnosticReport', 'code:in=urn:other', { enumerate }), {})
  assert.notDeepEqual(problemsOf('DiagnosticReport', 'code:in=urn:vs'), {})
})

test('sorting is by several keys of every kind that has an order', () => {
  const { sort } = parse('ImagingStudy', '_sort=-started,status,_id,endpoint,_lastUpdated')
  assert.deepEqual(sort, [
    { by: { in: 'clinical-date' }, descending: true },
    {
      by: { in: 'content', paths: ['status.coding.code', 'status.code', 'status.value', 'status'] },
      descending: false,
    },
    { by: { in: 'id' }, descending: false },
    {
      by: {
        in: 'content',
        paths: ['endpoint.reference', 'endpoint', 'series.endpoint.reference', 'series.endpoint'],
      },
      descending: false,
    },
    { by: { in: 'last-updated' }, descending: false },
  ])
  assert.deepEqual(parse('Observation', '_sort=-value-quantity').sort, [
    { by: { in: 'compared-value', letter: 'q', code: 'value-quantity' }, descending: true },
  ])
  assert.deepEqual(parse('Observation', '_sort=code-value-string', { strict: false }).ignored, [
    '_sort',
  ])
})

test('inclusions are spelt out, with the types they may lead to', () => {
  const { include, revinclude } = parse(
    'ImagingStudy',
    '_include=ImagingStudy:patient&_include:iterate=Patient:organization&_revinclude=DiagnosticReport:imaging-study',
  )
  assert.deepEqual(include, [
    {
      type: 'ImagingStudy',
      link: { code: 'patient', column: 'patient' },
      targets: ['Patient'],
      iterate: false,
    },
    { type: 'Patient', link: { code: 'organization' }, targets: ['Organization'], iterate: true },
  ])
  assert.deepEqual(revinclude, [
    {
      type: 'DiagnosticReport',
      link: { code: 'imaging-study' },
      targets: ['ImagingStudy'],
      iterate: false,
    },
  ])
  const all = parse('ImagingStudy', '_include=*').include.map(({ link }) => link.code)
  for (const code of ['patient', 'subject', 'endpoint', 'basedon', 'custodian'])
    assert.ok(all.includes(code), code)
  assert.deepEqual(parse('ImagingStudy', '_include=ImagingStudy:*').include.length, all.length)
  const back = parse('ImagingStudy', '_revinclude=*').revinclude
  assert.ok(
    back.every(({ targets, type }) => targets.includes('ImagingStudy') && type !== 'AuditEvent'),
  )
  assert.ok(back.some(({ type }) => type === 'DiagnosticReport'))
})

test('an inclusion from a type that is not searched is unknown unless it iterates', () => {
  for (const pair of [
    '_include=Patient:organization',
    '_revinclude=DiagnosticReport:performer',
    '_include=ImagingStudy:status',
    '_include=ImagingStudy:patient:Organization',
  ]) {
    assert.equal(parse('ImagingStudy', pair, { strict: false }).ignored.length, 1, pair)
  }
})

test('a summary, elements, a total and a page of nothing are understood', () => {
  const search = parse(
    'ImagingStudy',
    '_summary=count&_elements=status,series&_total=estimate&_count=0',
  )
  assert.deepEqual(
    [search.summary, search.elements, search.total, search.countOnly, search.count],
    ['count', ['status', 'series'], 'estimate', true, 0],
  )
  assert.equal(parse('ImagingStudy', '_count=100000').count, 500)
})

test('a missing value is asked of the column that would hold it', () => {
  assert.deepEqual(conditionsOf('ImagingStudy', 'started:missing=false'), [
    { kind: 'present', where: 'clinical-date', code: 'started' },
  ])
  assert.deepEqual(conditionsOf('ImagingStudy', 'patient:missing=true'), [
    {
      kind: 'not',
      of: {
        kind: 'any',
        of: [
          { kind: 'present', where: 'patient', code: 'patient' },
          // A patient of another server.
          { kind: 'present', where: 'keys', code: 'patient' },
        ],
      },
    },
  ])
  assert.deepEqual(conditionsOf('ImagingStudy', 'modality:missing=true'), [
    { kind: 'not', of: { kind: 'present', where: 'keys', code: 'modality' } },
  ])
  assert.notDeepEqual(problemsOf('ImagingStudy', 'modality:missing=perhaps'), {})
})

test('searches without bounds are refused', () => {
  const many = Array.from({ length: 65 }, () => 'status=a').join('&')
  const values = `status=${Array.from({ length: 501 }, () => 'a').join(',')}`
  for (const query of [
    many,
    values,
    `status=${'a'.repeat(3000)}`,
    `${'a'.repeat(300)}=1`,
    'status=a\0',
    'status=\ud800',
  ]) {
    assert.throws(() => parse('ImagingStudy', query), HubError)
  }
})

test('a list that stands for very many keys is refused', () => {
  const ids = Array.from({ length: 100 }, (_, index) => `id${index}`).join(',')
  assert.notDeepEqual(problemsOf('Provenance', `target=${ids}`), {})
  assert.equal(conditionsOf('Provenance', `target:ImagingStudy=${ids}`).length, 1)
  const url = `http://a.example/${'b/'.repeat(100)}`
  const urls = Array.from({ length: 100 }, () => url).join(',')
  assert.notDeepEqual(problemsOf('ValueSet', `url:above=${urls}`), {})
})

test('whatever is asked, it is understood or refused, and nothing else', () => {
  const types = fc.constantFrom(
    'Patient',
    'ImagingStudy',
    'Observation',
    'DiagnosticReport',
    'Provenance',
    'ValueSet',
    'AuditEvent',
    'X',
    'constructor',
  )
  const words = fc.constantFrom(
    ...[
      '_has',
      '_id',
      '_sort',
      '_include',
      '_include:iterate',
      '_summary',
      '_lastUpdated',
      'constructor',
      '__proto__',
    ],
    ...[
      'patient',
      'subject',
      'identifier',
      'code',
      'value-quantity',
      'date',
      'name',
      'url',
      'modality',
      'based-on',
    ],
    ...[
      'code-value-quantity',
      'combo-code-value-concept',
      'Patient',
      'ImagingStudy',
      'missing',
      'not',
      'in',
      'of-type',
    ],
    ...[
      'text',
      'above',
      'below',
      'exact',
      'contains',
      'target',
      'general-practitioner',
      '*',
      'toString',
    ],
  )
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc
      .array(fc.tuple(words, fc.constantFrom('', ':', '.')), { minLength: 1, maxLength: 7 })
      .map((parts) => parts.flat().join('')),
  )
  const values = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(
        fc.oneof(
          words,
          fc.constantFrom(
            ...[
              '|',
              ',',
              '$',
              '\\',
              '%',
              "'",
              '"',
              ';--',
              'ge',
              'ap',
              '2024-02',
              '1e9',
              '-5.4',
              'http://a/b#c',
              ':',
              ' ',
              '\0',
              'T10:00Z',
            ],
          ),
        ),
        { maxLength: 9 },
      )
      .map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(
      types,
      fc.array(fc.tuple(names, values), { maxLength: 5 }),
      fc.boolean(),
      (type, pairs, strict) => {
        try {
          const search = parseSearch({ type, pairs, strict, base: HUB })
          JSON.stringify(search)
          assert.ok(search.understood.length + search.ignored.length <= pairs.length)
        } catch (error) {
          assert.ok(isHubError(error, 'invalid'), String(error))
        }
      },
    ),
    { numRuns: 3000 },
  )
})
