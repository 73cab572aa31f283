/** Studies, their reports and their patients as the registry of a region has them, with marks for what differs. */
import { imagingStudyResource } from '../../src/wire/fhir/imaging-study.ts'
import type { ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../../src/kernel/ids.ts'
import type { JsonObject } from '../../src/wire/fhir/json.ts'
import { patientResource } from '../../src/wire/fhir/patient.ts'
import { rowTemplate, TIME_MARK, type RowFacts, type RowTemplate } from './row-template.ts'

/** Marks: texts that stand for what differs from row to row. */
export const MARK = {
  study: '00000000-mark-study-id00-000000000000',
  report: '00000000-mark-report-id0-000000000000',
  patient: '00000000-mark-patient-00-000000000000',
  custodian: '00000000-mark-custodian0-000000000000',
  uid: '2.25.9000000000000000001',
  accession: 'MARKACCESSION',
  number: 'MARKNUMBER',
} as const
const MARKS = Object.values(MARK)

interface Kind {
  readonly modality: string
  readonly region: string
  readonly code: string
  readonly text: string
  readonly series: readonly string[]
}

/** What is examined. */
const KINDS: readonly Kind[] = [
  {
    ...{ modality: 'CT', region: 'CHEST', code: 'RXXBADA', text: 'CT Thorax og abdomen' },
    series: ['Topogram', 'Thorax 1.0 B30f'],
  },
  { modality: 'DX', region: 'HAND', code: 'SNU1AA', text: 'RG Hånd', series: ['PA', 'Skrå'] },
  {
    ...{ modality: 'MR', region: 'HEAD', code: 'SAA0AG', text: 'MR Caput' },
    series: ['T1 sag', 'T2 tra', 'DWI'],
  },
  { modality: 'US', region: 'ABDOMEN', code: 'SJF0AK', text: 'UL Abdomen', series: ['Abdomen'] },
  { modality: 'MG', region: 'BREAST', code: 'SHA1AA', text: 'Mammografi', series: ['CC', 'MLO'] },
  {
    ...{ modality: 'CT', region: 'HEAD', code: 'SAA0AD', text: 'CT Caput' },
    series: ['Caput 1.0', 'Caput 5.0', 'Dose'],
  },
]

export interface StudyTemplates {
  readonly study: RowTemplate
  readonly report: RowTemplate
}

export const STUDY_TEMPLATES: readonly StudyTemplates[] = KINDS.map((one) => ({
  study: rowTemplate(studyOf(one), factsOf(one), MARKS),
  report: rowTemplate(reportOf(one), factsOf(one), MARKS),
}))

function factsOf({ modality, region }: Kind): RowFacts {
  return {
    custodian: MARK.custodian,
    patient: MARK.patient,
    studyUids: [MARK.uid],
    modalities: [modality],
    bodyRegions: [region],
    started: TIME_MARK,
  }
}

function studyOf({ modality, region, code, text, series }: Kind): JsonObject {
  return imagingStudyResource({
    id: MARK.study as ImagingStudyId,
    custodian: MARK.custodian as OrganizationId,
    patient: MARK.patient as PatientId,
    study: MARK.uid as StudyUid,
    start: { dateTime: TIME_MARK, instant: new Date(TIME_MARK) },
    text: {
      accession: MARK.accession,
      description: text,
      procedures: [{ value: code, scheme: 'NCRP', meaning: text }],
    },
    security: [],
    series: series.map((description, index) => ({
      uid: `${MARK.uid}${String(index)}`,
      number: index + 1,
      modality,
      description,
      bodyPart: region,
      laterality: undefined,
      instances: 40 * (index + 1),
      start: undefined,
    })),
  })
}

function reportOf({ code, text }: Kind): JsonObject {
  return {
    resourceType: 'DiagnosticReport',
    id: MARK.report,
    meta: { source: `Organization/${MARK.custodian}` },
    identifier: [{ system: 'urn:oid:2.16.578.1.12.4.1.7.1', value: `R${MARK.number}` }],
    status: 'final',
    category: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'RAD' }] },
    ],
    code: { coding: [{ system: 'urn:oid:2.16.578.1.12.4.1.1.7270', code }], text },
    subject: { reference: `Patient/${MARK.patient}` },
    issued: TIME_MARK,
    performer: [{ reference: `Organization/${MARK.custodian}` }],
    imagingStudy: [{ reference: `ImagingStudy/${MARK.study}` }],
    conclusion:
      `Undersøkelse ${MARK.number}. Ingen tegn til fokal patologi. Normale forhold for øvrig, ` +
      'uendret fra forrige undersøkelse. Ingen forstørrede lymfeknuter.',
  }
}

const FNR = 'urn:oid:2.16.578.1.12.4.1.4.1'

const NOTHING_KNOWN: RowFacts = {
  ...{ custodian: null, patient: null, studyUids: [], modalities: [], bodyRegions: [] },
  started: null,
}

const FAMILIES = [
  'Berg',
  'Dahl',
  'Eik',
  'Foss',
  'Haugen',
  'Lie',
  'Moen',
  'Nygård',
  'Solberg',
  'Vik',
]
const GIVEN = ['Anne', 'Bjørn', 'Eva', 'Geir', 'Inger', 'Jan', 'Kari', 'Lars', 'Marit', 'Ola']
const BIRTH_YEARS = 20

/** Names and births that many share: the number alone tells two persons apart. */
export const PATIENT_TEMPLATES: readonly RowTemplate[] = FAMILIES.flatMap((family, at) =>
  GIVEN.flatMap((given, other) =>
    Array.from({ length: BIRTH_YEARS }, (_, year) => {
      const month = String(1 + ((at + year) % 12)).padStart(2, '0')
      const day = String(1 + ((other * 3 + year) % 28)).padStart(2, '0')
      return patientTemplate(family, given, `${String(1930 + year * 4)}-${month}-${day}`)
    }),
  ),
)

function patientTemplate(familyName: string, givenName: string, birthDate: string): RowTemplate {
  const national = { system: FNR, value: MARK.number, kind: 'fnr' } as const
  const told = { familyName, givenName, birthDate, sex: 'female' } as const
  return rowTemplate(
    patientResource(MARK.patient as PatientId, national, told),
    { ...NOTHING_KNOWN, patient: MARK.patient },
    MARKS,
  )
}
