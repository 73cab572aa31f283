/**
 * One custodian's copy of a study as FHIR `ImagingStudy`, down to the series with counts: instances are
 * asked for by DICOMweb at the endpoint (fhir-profiles/StructureDefinition-samsyn-imaging-study.json).
 */
import type { StudyStart } from '../../domain/imaging/study-time.ts'
import type { ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../../kernel/ids.ts'
import { lookup } from '../../kernel/lookup.ts'
import { bodySite } from './body-site.ts'
import type { JsonObject } from './json.ts'
import { endpointIds } from './organization.ts'
import { DICOM_UID_SYSTEM } from './systems.ts'

export interface StudyDescription {
  readonly id: ImagingStudyId
  readonly custodian: OrganizationId
  /** Null while it is not clear whose the study is. */
  readonly patient: PatientId | null
  readonly study: StudyUid
  readonly start: StudyStart | undefined
  readonly text: StudyTexts
  readonly series: readonly SeriesDescription[]
  /** `meta.security` to carry on. */
  readonly security: readonly unknown[]
}

export interface StudyTexts {
  readonly accession: string | undefined
  readonly description: string | undefined
  readonly procedures: readonly DicomCode[]
}

/** An item of a code sequence (PS3.3 section 8). */
export interface DicomCode {
  readonly value: string | undefined
  readonly scheme: string | undefined
  readonly meaning: string | undefined
}

export interface SeriesDescription {
  readonly uid: string
  readonly number: number | undefined
  readonly modality: string | undefined
  readonly description: string | undefined
  /** (0018,0015) */
  readonly bodyPart: string | undefined
  readonly laterality: string | undefined
  readonly instances: number
  readonly start: StudyStart | undefined
}

const PROFILE = 'https://samsyn.no/fhir/StructureDefinition/samsyn-imaging-study'
const MODALITY_SYSTEM = 'http://dicom.nema.org/resources/ontology/DCM'
const ACCESSION = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'ACSN' }],
}
/** PS3.16 section 8: designators whose FHIR system is known. */
const SCHEMES: Readonly<Record<string, string>> = {
  SCT: 'http://snomed.info/sct',
  DCM: 'http://dicom.nema.org/resources/ontology/DCM',
  LN: 'http://loinc.org',
  NCRP: 'urn:oid:2.16.578.1.12.4.1.1.7270',
}

export function imagingStudyResource(study: StudyDescription): JsonObject {
  const { text, series, start } = study
  const modalities = [...new Set(series.flatMap(({ modality }) => modality ?? []))]
  return {
    resourceType: 'ImagingStudy',
    id: study.id,
    meta: {
      source: `Organization/${study.custodian}`,
      profile: [PROFILE],
      ...(study.security.length > 0 && { security: study.security }),
    },
    identifier: identifiers(study.study, text.accession),
    status: 'available',
    ...(modalities.length > 0 && { modality: modalities.map(modalityCoding) }),
    subject:
      study.patient === null
        ? { display: 'Identity unclear' }
        : { reference: `Patient/${study.patient}` },
    ...(start !== undefined && { started: start.dateTime }),
    endpoint: [{ reference: `Endpoint/${endpointIds(study.custodian).wadoRs}` }],
    numberOfSeries: series.length,
    numberOfInstances: series.reduce((sum, { instances }) => sum + instances, 0),
    ...(text.procedures.length > 0 && { procedureCode: text.procedures.map(codeableConcept) }),
    ...(text.description !== undefined && { description: text.description }),
    series: series.map(seriesElement),
  }
}

function identifiers(study: StudyUid, accession: string | undefined): readonly JsonObject[] {
  const uid = { system: DICOM_UID_SYSTEM, value: `urn:oid:${study}` }
  return accession === undefined ? [uid] : [uid, { type: ACCESSION, value: accession }]
}

function seriesElement(series: SeriesDescription): JsonObject {
  return {
    uid: series.uid,
    ...(series.number !== undefined && series.number >= 0 && { number: series.number }),
    // Required by FHIR; DICOM requires it too, and OT is its word for "other".
    modality: modalityCoding(series.modality ?? 'OT'),
    ...(series.description !== undefined && { description: series.description }),
    numberOfInstances: series.instances,
    ...(series.bodyPart !== undefined && { bodySite: bodySite(series.bodyPart) }),
    ...laterality(series.laterality),
    ...(series.start !== undefined && { started: series.start.dateTime }),
  }
}

function modalityCoding(code: string): JsonObject {
  return { system: MODALITY_SYSTEM, code }
}

function laterality(code: string | undefined): JsonObject {
  const [snomed, display] = { R: ['24028007', 'Right'], L: ['7771000', 'Left'] }[code ?? ''] ?? []
  return snomed === undefined
    ? {}
    : { laterality: { system: 'http://snomed.info/sct', code: snomed, display } }
}

function codeableConcept({ value, scheme, meaning }: DicomCode): JsonObject {
  const system = lookup(SCHEMES, scheme ?? '')
  return {
    ...(system !== undefined &&
      value !== undefined && {
        coding: [{ system, code: value, ...(meaning !== undefined && { display: meaning }) }],
      }),
    ...((meaning ?? value) !== undefined && { text: meaning ?? value }),
  }
}
