import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOwnDefinitions, specificationTexts } from '../../../src/definition-files.ts'
import type { DicomJson } from '../../../src/domain/imaging/study.ts'
import type { ImagingStudyId, PatientId, SeriesUid, StudyUid } from '../../../src/kernel/ids.ts'
import { describeStudy } from '../../../src/services/describe-study.ts'
import { makeValidate } from '../../support/validate.ts'
import { element } from '../../support/dicom.ts'
import { custodian } from '../../support/register.ts'

const validate = makeValidate(specificationTexts(), readOwnDefinitions())

function describe(attributes: DicomJson, series: DicomJson, patient: string | null = 'p1') {
  return describeStudy({
    id: 'study-1' as ImagingStudyId,
    custodian: custodian('oslo'),
    patient: patient as PatientId | null,
    study: '1.2.3' as StudyUid,
    attributes,
    series: [
      {
        series: '1.2.3.4' as SeriesUid,
        modality: 'CT',
        number: 2,
        attributes: series,
        instances: 7,
      },
      {
        series: '1.2.3.5' as SeriesUid,
        modality: null,
        number: null,
        attributes: {},
        instances: 1,
      },
    ],
    timeZone: 'Europe/Oslo',
    security: [],
    labels: [],
  })
}

test('a full study is a valid ImagingStudy of the profile', () => {
  const code = {
    '00080100': element('SH', 'SJJ0AK'),
    '00080102': element('SH', 'NCRP'),
    '00080104': element('LO', 'CT thorax'),
  }
  const { resource } = describe(
    {
      '00080020': element('DA', '20250714'),
      '00080030': element('TM', '1015'),
      '00080050': element('SH', 'A1'),
      '00081030': element('LO', 'CT Thorax'),
      '00081032': element('SQ', code),
    },
    {
      '00080021': element('DA', '20250714'),
      '0008103E': element('LO', 'Lunge'),
      '00180015': element('CS', 'CHEST'),
      '00200060': element('CS', 'L'),
    },
  )
  assert.deepEqual(validate(resource), [])
  assert.deepEqual(resource.procedureCode, [
    {
      coding: [
        {
          system: 'urn:oid:2.16.578.1.12.4.1.1.7270',
          code: 'SJJ0AK',
          display: 'CT thorax',
        },
      ],
      text: 'CT thorax',
    },
  ])
  const [first] = resource.series as readonly Record<string, unknown>[]
  assert.deepEqual(first, {
    uid: '1.2.3.4',
    number: 2,
    modality: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: 'CT' },
    description: 'Lunge',
    numberOfInstances: 7,
    bodySite: { system: 'http://snomed.info/sct', code: '51185008', display: 'CHEST' },
    laterality: { system: 'http://snomed.info/sct', code: '7771000', display: 'Left' },
    started: '2025-07-14',
  })
})

test('a study that says next to nothing, of nobody yet, is valid too', () => {
  const { resource, facts } = describe({}, {}, null)
  assert.deepEqual(validate(resource), [])
  assert.deepEqual(resource.subject, { display: 'Identity unclear' })
  assert.equal(facts.startedAt, null)
  assert.deepEqual(facts.bodyRegions, [])
})

test('a body part is a fact for policy in upper case, and one without a code is shown as it stands', () => {
  const { resource, facts } = describe({}, { '00180015': element('CS', 'Lillefinger') })
  assert.deepEqual(validate(resource), [])
  assert.deepEqual(facts.bodyRegions, ['LILLEFINGER'])
})
