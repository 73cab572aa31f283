/** Transactions as an archive sends them. */
import type { JsonObject } from '../../../src/wire/fhir/json.ts'

const DCM = 'http://dicom.nema.org/resources/ontology/DCM'
const SERIES = [1, 2, 3]
const INSTANCES = 20

/** A study of three series and sixty instances with its report, for a Patient of the registry. */
export function bundleOf(patient: string, unique: string): JsonObject {
  return { resourceType: 'Bundle', type: 'transaction', entry: entriesOf(patient, unique) }
}

export function entriesOf(patient: string, unique: string): JsonObject[] {
  const number = BigInt(`0x${unique.replaceAll('-', '')}`).toString()
  const fullUrl = `urn:uuid:${unique}`
  const study = studyOf(patient, `2.25.${number}`)
  const report = reportOf({ patient, study: fullUrl, number: number.slice(0, 12) })
  return [
    { fullUrl, resource: study, request: { method: 'POST', url: 'ImagingStudy' } },
    { resource: report, request: { method: 'POST', url: 'DiagnosticReport' } },
  ]
}

function studyOf(patient: string, uid: string): JsonObject {
  return {
    resourceType: 'ImagingStudy',
    identifier: [
      { system: 'urn:dicom:uid', value: `urn:oid:${uid}` },
      {
        type: {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'ACSN' }],
        },
        value: `A${uid.slice(-12)}`,
      },
    ],
    status: 'available',
    subject: { reference: `Patient/${patient}` },
    started: '2026-03-04T08:15:00+01:00',
    numberOfSeries: SERIES.length,
    numberOfInstances: SERIES.length * INSTANCES,
    description: 'CT Thorax',
    series: SERIES.map((number) => seriesOf(`${uid.slice(0, 50)}.${number}`, number)),
  }
}

function seriesOf(uid: string, number: number): JsonObject {
  return {
    uid,
    number,
    modality: { system: DCM, code: 'CT' },
    description: `Thorax ${number}.0 B30f`,
    numberOfInstances: INSTANCES,
    bodySite: { system: 'http://snomed.info/sct', code: '51185008', display: 'Thorax' },
    started: '2026-03-04T08:16:00+01:00',
    instance: Array.from({ length: INSTANCES }, (_, index) => ({
      uid: `${uid}.${index + 1}`,
      sopClass: { system: 'urn:ietf:rfc:3986', code: 'urn:oid:1.2.840.10008.5.1.4.1.1.2' },
      number: index + 1,
    })),
  }
}

interface ReportFacts {
  readonly patient: string
  /** Reference to the study. */
  readonly study: string
  readonly number: string
}

function reportOf({ patient, study, number }: ReportFacts): JsonObject {
  const radiology = { system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'RAD' }
  return {
    resourceType: 'DiagnosticReport',
    identifier: [{ system: 'urn:oid:2.16.578.1.12.4.1.7.1', value: `R${number}` }],
    status: 'final',
    category: [{ coding: [radiology] }],
    code: {
      coding: [{ system: 'urn:oid:2.16.578.1.12.4.1.1.7270', code: 'SJJ0AK' }],
      text: 'CT Thorax',
    },
    subject: { reference: `Patient/${patient}` },
    effectiveDateTime: '2026-03-04T08:15:00+01:00',
    issued: '2026-03-04T10:00:00+01:00',
    imagingStudy: [{ reference: study }],
    conclusion:
      'Ingen tegn til fokal patologi. Normale forhold for øvrig, uendret fra forrige undersøkelse.',
  }
}
