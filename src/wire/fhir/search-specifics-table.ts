/** What the hub adds to the definitions of search parameters: other spellings, columns, corrections. */
import { DICOM_UID_SYSTEM } from './systems.ts'

/** Types whose rows have a column for their patient, and the parameters it answers. */
export const PATIENT_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  AuditEvent: ['patient'],
  Consent: ['patient'],
  DiagnosticReport: ['patient', 'subject'],
  DocumentReference: ['patient', 'subject'],
  ImagingStudy: ['patient', 'subject'],
  List: ['patient', 'subject'],
  Observation: ['patient', 'subject'],
  Provenance: ['patient'],
  ServiceRequest: ['patient', 'subject'],
  Task: ['patient', 'subject'],
}

/** The date a type's rows are ordered by, in columns of its own. */
export const CLINICAL_DATES: Readonly<Record<string, string>> = {
  AuditEvent: 'date',
  Consent: 'date',
  DiagnosticReport: 'issued',
  DocumentReference: 'date',
  ImagingStudy: 'started',
  List: 'date',
  Observation: 'date',
  Patient: 'birthdate',
  Provenance: 'recorded',
  ServiceRequest: 'authored',
  Task: 'authored-on',
}

/** Spellings of R5, IHE RAD IMR and MADO (ihe.md sections 3.7 and 6.1), by `Type.code`. */
export const ALIASES: Readonly<Record<string, readonly string[]>> = {
  'DiagnosticReport.accession': ['accession-number'],
  'DiagnosticReport.based-on': ['basedon', 'basedOn'],
  'DiagnosticReport.imaging-study': ['imagingStudy'],
  'DiagnosticReport.results-interpreter': ['resultsInterpreter'],
  'DiagnosticReport.study': ['study-instance-uid'],
  'DocumentReference.accession-number': ['accession'],
  'DocumentReference.anatomical-region': ['bodysite', 'body-site'],
  'DocumentReference.study-instance-uid': ['study'],
  'ImagingStudy.accession': ['accession-number'],
  'ImagingStudy.basedon': ['based-on'],
  'ImagingStudy.bodysite': ['body-site', 'anatomical-region'],
  'ImagingStudy.study': ['study-instance-uid'],
}

/**
 * Systems implied by what the hub defines, by UIDs in elements of type `id` and by languages, whose value set is
 * all of BCP 47; beside `implied-systems-table.ts`.
 */
export const OWN_IMPLIED_SYSTEMS: Readonly<Record<string, readonly string[]>> = {
  'CodeSystem.language': ['urn:ietf:bcp:47'],
  'DiagnosticReport.completeness': ['https://samsyn.no/fhir/CodeSystem/imaging-completeness'],
  'DocumentReference.language': ['urn:ietf:bcp:47'],
  'ImagingStudy.completeness': ['https://samsyn.no/fhir/CodeSystem/imaging-completeness'],
  'ImagingStudy.has-report': ['http://terminology.hl7.org/CodeSystem/special-values'],
  'ImagingStudy.instance': [DICOM_UID_SYSTEM],
  'ImagingStudy.series': [DICOM_UID_SYSTEM],
  'Patient.deceased': ['http://terminology.hl7.org/CodeSystem/special-values'],
}

/** Parameters that ask for the keys of another one, within one system: they need none of their own. */
export const WITHIN: Readonly<
  Record<string, { readonly code: string; readonly system: string } | undefined>
> = {
  'ImagingStudy.study': { code: 'identifier', system: DICOM_UID_SYSTEM },
}

/** R4 gives the components of this one the expressions of each other: `relatesto` is a reference, `relation` a code. */
export const CORRECTED_COMPONENTS: Readonly<Record<string, readonly string[]>> = {
  'http://hl7.org/fhir/SearchParameter/DocumentReference-relationship': ['target', 'code'],
}

/**
 * Resource types the registry holds: what chains, wildcards and inclusions can lead to. AuditEvent is not among
 * them: the log is a table of its own.
 */
export const REGISTRY_TYPES: readonly string[] = [
  'Patient',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Endpoint',
  'ImagingStudy',
  'DiagnosticReport',
  'Observation',
  'ServiceRequest',
  'Task',
  'DocumentReference',
  'List',
  'Binary',
  'Consent',
  'Provenance',
  'Subscription',
  'ResearchStudy',
  'ResearchSubject',
  'Group',
  'Basic',
]
