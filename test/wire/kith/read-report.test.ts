import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isHubError } from '../../../src/kernel/errors.ts'
import { readKithReports } from '../../../src/wire/kith/read-report.ts'
import { INVESTIGATION_STATUSES } from '../../../src/wire/kith/status-table.ts'
import {
  KITH_STRANGER,
  kithMessage,
  kithReport,
  kithResult,
  type KithReport,
} from '../../support/kith.ts'

const READING = { localSystem: 'urn:oid:1.2.3', timeZone: 'Europe/Oslo' }

const read = (text: string, encoding: BufferEncoding = 'utf8') =>
  readKithReports(Buffer.from(text, encoding), READING)

const one = (report: KithReport = {}) => {
  const [only, ...others] = read(kithMessage({ reports: [kithReport(report)] }))
  assert.ok(only)
  assert.deepEqual(others, [])
  return only
}

for (const version of ['1.3', '1.4'] as const) {
  test(`a report of version ${version} is read with who, what, when and by whom`, () => {
    const [report] = read(kithMessage({ version }))
    assert.deepEqual(report, {
      identifier: { value: 'SVAR-1' },
      status: 'final',
      issued: new Date('2026-01-10T10:30:00Z'),
      examined: {
        dateTime: '2026-01-10T09:30:00+01:00',
        instant: new Date('2026-01-10T08:30:00Z'),
      },
      patient: {
        id: '17858550084',
        issuer: 'urn:oid:2.16.578.1.12.4.1.4.1',
        otherIds: [],
        familyName: 'Ødegård',
        givenName: 'Anne Bjørg',
        birthDate: '1985-05-17',
        sex: 'female',
      },
      studyUids: [],
      accessions: ['AKS-1', 'US-1'],
      orders: ['REK-1'],
      procedures: [
        { system: 'urn:oid:2.16.578.1.12.4.1.1.7270', code: 'SJJ0AK', display: 'UL Lever' },
      ],
      categories: [{ system: 'urn:oid:2.16.578.1.12.4.1.1.8202', code: 'UL', display: 'Ultralyd' }],
      sections: [
        {
          heading: {
            system: 'urn:oid:2.16.578.1.12.4.1.1.8243',
            code: 'FU',
            display: 'Funn og undersøkelsesresultater',
          },
          text: 'Leveren er stor, æøå.',
          concludes: false,
        },
      ],
      documents: [],
      responsible: [
        { name: 'Nordre sykehus', value: '4711', system: 'urn:oid:2.16.578.1.12.4.1.2' },
      ],
      requester: { name: 'Kari Lege', value: '9999001', system: 'urn:oid:2.16.578.1.12.4.1.4.4' },
      reason: undefined,
    })
  })
}

const EXPECTED = {
  1: 'amended',
  2: 'preliminary',
  3: 'final',
  4: 'appended',
  5: 'registered',
  6: 'registered',
  7: 'registered',
  8: 'registered',
  9: 'preliminary',
  10: 'preliminary',
  11: 'final',
  12: 'corrected',
  13: 'appended',
  14: 'cancelled',
  15: 'registered',
} as const

test('every status of code system 8245 has one of FHIR’s', () => {
  assert.deepEqual(Object.keys(INVESTIGATION_STATUSES).sort(), Object.keys(EXPECTED).sort())
})

for (const [code, status] of Object.entries(EXPECTED)) {
  test(`StatusInvestigation ${code} is ${status}`, () => {
    assert.equal(one({ results: kithResult({ status: code }) }).status, status)
  })
}

for (const [code, status] of [
  ['S', 'registered'],
  ['P', 'preliminary'],
  ['F', 'final'],
  ['A', 'appended'],
] as const) {
  test(`Status ${code} is ${status} where its results are final or say nothing`, () => {
    assert.equal(one({ status: code, results: kithResult({ status: '' }) }).status, status)
    assert.equal(one({ status: code, results: kithResult({ status: '11' }) }).status, status)
  })
}

test('a report is no further along than the least of its results', () => {
  const both = (first: string, second: string) =>
    one({ results: kithResult({ status: first }) + kithResult({ status: second, id: 'US-2' }) })
      .status
  assert.equal(both('3', '2'), 'preliminary')
  assert.equal(both('3', '8'), 'partial')
  assert.equal(both('3', '14'), 'final')
  assert.equal(both('11', '13'), 'appended')
  assert.equal(both('14', '14'), 'cancelled')
})

test('a cancelled report is taken back whatever else it says', () => {
  assert.equal(one({ servType: 'C' }).status, 'cancelled')
})

test('several results that share a text have it once, with all their codes', () => {
  const shared =
    kithResult({ text: 'Felles tekst' }) +
    kithResult({ text: 'Felles tekst', code: 'SJM0AK', id: 'US-2' })
  const nested = kithResult({
    text: 'Felles tekst',
    code: '',
    id: '',
    inner:
      kithResult({ text: '' }) + kithResult({ text: '', code: 'SJM0AK', id: 'US-2', status: '11' }),
  })
  for (const results of [shared, nested]) {
    const report = one({ results })
    assert.deepEqual(
      report.sections.map(({ text }) => text),
      ['Felles tekst'],
    )
    assert.deepEqual(
      report.procedures.map(({ code }) => code),
      ['SJJ0AK', 'SJM0AK'],
    )
    assert.deepEqual(report.accessions, ['AKS-1', 'US-1', 'US-2'])
    assert.equal(report.status, 'final')
  }
})

test('add-on codes stand beside their main code', () => {
  const spec = '<Spec V="ZTX0EA" S="2.16.578.1.12.4.1.1.7270" DN="Intravenøs kontrast"/>'
  const codes = one({ results: kithResult({ spec }) }).procedures.map(({ code }) => code)
  assert.deepEqual(codes, ['SJJ0AK', 'ZTX0EA'])
})

test('an assessment concludes, markup becomes lines', () => {
  const report = one({
    results:
      kithResult({
        text: '<div xmlns="http://www.w3.org/1999/xhtml"><p><b>R:</b> stor</p><p>lever<br/>ja</p></div>',
      }) + kithResult({ text: 'Hepatomegali', heading: 'VU', id: 'US-2' }),
  })
  assert.deepEqual(
    report.sections.map(({ text, concludes }) => [text, concludes]),
    [
      ['R: stor\n\nlever\nja', false],
      ['Hepatomegali', true],
    ],
  )
})

test('a change is of the moment it was made, a first version of the moment it was issued', () => {
  const of = (servType: string) =>
    read(
      kithMessage({
        genDate: '2026-01-12T12:00:00Z',
        reports: [kithReport({ servType, issued: '2026-01-10' })],
      }),
    )[0]?.issued
  assert.deepEqual(of('N'), new Date('2026-01-09T23:00:00Z'))
  assert.deepEqual(of('M'), new Date('2026-01-12T12:00:00Z'))
})

test('persons are told by their number, responsible ones before the unit', () => {
  const more = `<RelServProv><Relation V="ALE"/><HCP><HCProf><Type V="LE"/><Name>Koman, Magnar</Name>
    <Id>9999002</Id><TypeId V="HPR"/></HCProf></HCP></RelServProv>`
  assert.deepEqual(one({ more }).responsible, [
    { name: 'Koman, Magnar', value: '9999002', system: 'urn:oid:2.16.578.1.12.4.1.4.4' },
  ])
})

test('a patient without a number has none, and one of the sender’s own is the sender’s', () => {
  const stranger = one({ patient: KITH_STRANGER }).patient
  assert.deepEqual([stranger.id, stranger.otherIds], [undefined, []])
  const local = KITH_STRANGER.replace(
    '<OffId/>',
    '<IdByServProvider>L-7</IdByServProvider><OffId/>',
  )
  assert.deepEqual(
    [one({ patient: local }).patient.id, one({ patient: local }).patient.issuer],
    ['L-7', 'urn:oid:1.2.3'],
  )
})

test('documents come along, of types that are taken', () => {
  const data = Buffer.from('%PDF-1.4').toString('base64')
  const document = (type: string) =>
    `<RefDoc><MsgType V="A"/><MimeType>${type}</MimeType><Description>Vedlegg</Description><Content>${data}</Content></RefDoc>`
  assert.deepEqual(one({ request: document('application/pdf') }).documents, [
    { contentType: 'application/pdf', data, title: 'Vedlegg' },
  ])
  assert.throws(() => one({ request: document('text/html') }), { code: 'unprocessable' })
})

test('æøå are kept in Latin-1 and UTF-8, and what is declared is held against the bytes', () => {
  const name = (encoding: string, bytes: BufferEncoding) =>
    read(kithMessage({ encoding }), bytes)[0]?.patient.familyName
  assert.equal(name('ISO-8859-1', 'latin1'), 'Ødegård')
  assert.equal(name('utf-8', 'utf8'), 'Ødegård')
  assert.throws(() => name('UTF-8', 'latin1'), { code: 'invalid' })
  assert.throws(() => name('ISO-8859-1', 'utf8'), { code: 'invalid' })
  assert.throws(() => name('UTF-16', 'utf8'), { code: 'invalid' })
})

for (const [name, text, code] of [
  ['no XML', 'MSH|^~\\&', 'invalid'],
  ['nothing', '', 'invalid'],
  ['another document', '<Message/>', 'invalid'],
  ['unclosed elements', kithMessage().replace('</Patient>', ''), 'invalid'],
  [
    'a DOCTYPE',
    kithMessage().replace('<Message', '<!DOCTYPE x [<!ENTITY a "b">]><Message'),
    'invalid',
  ],
  ['an unknown entity', kithMessage().replace('Leveren', '&bomb;'), 'invalid'],
  [
    'too deep elements',
    kithMessage({ reports: ['<a>'.repeat(100) + '</a>'.repeat(100)] }),
    'too-large',
  ],
  ['too many elements', kithMessage({ reports: ['<a/>'.repeat(60_000)] }), 'too-large'],
  ['no report', kithMessage({ reports: [] }), 'unprocessable'],
  [
    'a laboratory’s report',
    kithMessage({ reports: [kithReport({ category: 'CLIN' })] }),
    'unprocessable',
  ],
  ['no number', kithMessage({ reports: [kithReport({ id: '' })] }), 'unprocessable'],
  [
    'no time',
    kithMessage({ reports: [kithReport({ issued: 'i går' })], genDate: '' }),
    'unprocessable',
  ],
  [
    'an unknown status',
    kithMessage({ reports: [kithReport({ results: kithResult({ status: '99' }) })] }),
    'unprocessable',
  ],
] as const) {
  test(`a message with ${name} is refused`, () => {
    assert.throws(() => read(text), { code })
  })
}

test('whatever the bytes, reading ends in reports or in an error of ours', () => {
  const whole = Buffer.from(kithMessage())
  const mutated = fc
    .tuple(fc.string({ maxLength: 12 }), fc.nat(whole.length), fc.nat(40))
    .map(([noise, at, cut]) =>
      Buffer.concat([whole.subarray(0, at), Buffer.from(noise), whole.subarray(at + cut)]),
    )
  fc.assert(
    fc.property(mutated, (bytes) => {
      try {
        readKithReports(bytes, READING)
      } catch (error) {
        assert.ok(isHubError(error))
      }
    }),
    { numRuns: 200 },
  )
})
