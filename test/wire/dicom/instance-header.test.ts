import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DicomJson } from '../../../src/domain/imaging/study.ts'
import { toInstanceHeader } from '../../../src/wire/dicom/instance-header.ts'
import { ctAttributes, element } from '../../support/dicom.ts'

const NATIONAL = 'urn:oid:2.16.578.1.12.4.1.4.1'

function claim(attributes: DicomJson, defaultIssuer?: string) {
  return toInstanceHeader(ctAttributes({ attributes }), { defaultIssuer }).patient
}

test('UIDs, levels and the claim come from their attributes', () => {
  const attributes = ctAttributes({ studyUid: '1.2.3', instanceUid: '1.2.3.4' })
  const header = toInstanceHeader(attributes, { transferSyntaxUid: '1.2.840.10008.1.2.1' })
  assert.equal(header.studyUid, '1.2.3')
  assert.equal(header.instanceUid, '1.2.3.4')
  assert.equal(header.transferSyntaxUid, '1.2.840.10008.1.2.1')
  assert.deepEqual(header.studyAttributes['00081030']?.Value, ['CT Thorax'])
  assert.deepEqual(header.seriesAttributes['00080060']?.Value, ['CT'])
  assert.deepEqual(header.instanceAttributes['00280010']?.Value, [16])
  assert.equal(header.studyAttributes['00080060'], undefined)
  assert.deepEqual(header.patient, {
    id: '17858550084',
    issuer: undefined,
    otherIds: [],
    familyName: 'Ødegård',
    givenName: 'Åse',
    birthDate: '1985-05-17',
    sex: 'female',
  })
})

test('an id without an issuer has the default one', () => {
  assert.equal(claim({}, NATIONAL).issuer, NATIONAL)
})

test('an issuer that is told wins over the default', () => {
  const qualifier = { '00400032': element('UT', '1.2.3'), '00400033': element('CS', 'ISO') }
  assert.equal(claim({ '00100024': element('SQ', qualifier) }, NATIONAL).issuer, 'urn:oid:1.2.3')
  assert.equal(claim({ '00100021': element('LO', '1.2.4') }, NATIONAL).issuer, 'urn:oid:1.2.4')
})

test('a local issuer that is no OID is not taken for the default', () => {
  assert.equal(claim({ '00100021': element('LO', 'PACS') }, NATIONAL).issuer, undefined)
  const qualifier = { '00400032': element('UT', 'pacs.example'), '00400033': element('CS', 'DNS') }
  assert.equal(claim({ '00100024': element('SQ', qualifier) }, NATIONAL).issuer, undefined)
})

test('other patient ids carry their own issuers and never the default', () => {
  const others = [
    {
      '00100020': element('LO', '17858550084'),
      '00100024': element('SQ', {
        '00400032': element('UT', '2.16.578.1.12.4.1.4.1'),
        '00400033': element('CS', 'ISO'),
      }),
    },
    { '00100020': element('LO', 'A1') },
  ]
  assert.deepEqual(claim({ '00101002': element('SQ', ...others) }, NATIONAL).otherIds, [
    { id: '17858550084', issuer: NATIONAL },
    { id: 'A1', issuer: undefined },
  ])
})

test('a birth date that is none is left out', () => {
  for (const date of ['19850230', '1985', 'unknown', '00000000'])
    assert.equal(claim({ '00100030': element('DA', date) }).birthDate, undefined)
  assert.equal(claim({ '00100030': element('DA', '1985.05.17') }).birthDate, '1985-05-17')
})

test('a missing or malformed UID is refused by name', () => {
  for (const [tag, name] of [
    ['0020000D', 'Study Instance UID'],
    ['0020000E', 'Series Instance UID'],
    ['00080018', 'SOP Instance UID'],
    ['00080016', 'SOP Class UID'],
  ] as const)
    for (const value of [{ vr: 'UI' }, element('UI', '../../etc/passwd'), element('UI', '1.02.3')])
      assert.throws(() => toInstanceHeader(ctAttributes({ attributes: { [tag]: value } })), {
        reason: 'missing-uid',
        message: new RegExp(name),
      })
})

test('what a source tells is held to the same: no control characters, no whereabouts, no malformed UID', () => {
  const bad: readonly DicomJson[] = [
    { '00081030': element('LO', 'a\0b') },
    { '00100010': element('PN', { Alphabetic: 'a\nb' }) },
    { '00100020': element('LO', '\ud800') },
    { '00081032': element('SQ', { '00080104': element('LO', 'a\0') }) },
    { '00101002': element('SQ', { '00100020': element('LO', 'a\0') }) },
  ]
  for (const attributes of bad)
    assert.throws(() => toInstanceHeader(ctAttributes({ attributes })), {
      code: 'unprocessable',
      reason: 'malformed-text',
    })
  const noList = JSON.parse('{"00081030":{"vr":"LO","Value":"text"}}') as DicomJson
  assert.throws(() => toInstanceHeader(ctAttributes({ attributes: noList })), {
    reason: 'malformed',
  })
  const header = toInstanceHeader(
    ctAttributes({
      attributes: {
        '00081030': { ...element('LO', 'CT'), BulkDataURI: 'http://pacs/x' },
        '00081032': element('SQ', { '00081190': element('UR', 'http://pacs/x') }),
        '00083002': element('UI', '1.2.3\r\nX: y'),
      },
    }),
  )
  assert.equal(header.transferSyntaxUid, undefined)
  assert.ok(!JSON.stringify(header).includes('pacs'))
})
