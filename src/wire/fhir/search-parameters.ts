/**
 * The search parameters the registry answers, as data: `search-values.ts` reads it to fill a row,
 * `parse-search.ts` to understand a query, and the face to say what it can do. Codes and paths are
 * FHIR R4's (section "Search Parameters" of each resource), except those marked as ours, which
 * `fhir-profiles/` defines.
 */
import { lookup } from '../../kernel/lookup.ts'

interface Parameter {
  readonly code: string
  /** Element paths, dotted; every value found at any of them counts. */
  readonly paths: readonly string[]
  /** Other spellings that R5 or IHE clients use. */
  readonly aliases?: readonly string[] | undefined
}

export interface TokenParameter extends Parameter {
  readonly kind: 'token'
  /** The code system of an element of type `code`, which does not carry it itself. */
  readonly system?: string | undefined
}

export interface ReferenceParameter extends Parameter {
  readonly kind: 'reference'
  /** Types a bare id may name; a reference to another type is not this parameter's. */
  readonly targets: readonly string[]
  /** The row's `patient` column answers it. */
  readonly column?: 'patient' | undefined
}

export interface StringParameter extends Parameter {
  readonly kind: 'string'
}

export interface DateParameter extends Parameter {
  readonly kind: 'date'
  /** The type's clinical date, held in `date_from` and `date_until`: one for each type. */
  readonly primary?: true | undefined
}

export type SearchParameter = TokenParameter | ReferenceParameter | StringParameter | DateParameter

const FHIR = 'http://hl7.org/fhir'

const token = (code: string, path: string, system?: string): TokenParameter => ({
  kind: 'token',
  code,
  paths: [path],
  system,
})
const reference = (
  code: string,
  paths: readonly string[],
  targets: readonly string[],
  aliases?: readonly string[],
): ReferenceParameter => ({ kind: 'reference', code, paths, targets, aliases })
const patient = (code: string, path: string): ReferenceParameter => ({
  kind: 'reference',
  code,
  paths: [path],
  targets: ['Patient'],
  column: 'patient',
})
const string = (code: string, ...paths: string[]): StringParameter => ({
  kind: 'string',
  code,
  paths,
})
const date = (code: string, ...paths: string[]): DateParameter => ({ kind: 'date', code, paths })
const clinicalDate = (code: string, ...paths: string[]): DateParameter => ({
  kind: 'date',
  code,
  paths,
  primary: true,
})

const AGENTS = ['Organization', 'Practitioner', 'PractitionerRole', 'Device', 'Patient']

export const SEARCH_PARAMETERS: Readonly<Record<string, readonly SearchParameter[]>> = {
  Patient: [
    token('identifier', 'identifier'),
    token('active', 'active'),
    token('gender', 'gender', `${FHIR}/administrative-gender`),
    string('family', 'name.family'),
    string('given', 'name.given'),
    string('name', 'name.family', 'name.given', 'name.text', 'name.prefix', 'name.suffix'),
    clinicalDate('birthdate', 'birthDate'),
  ],
  Organization: [
    token('identifier', 'identifier'),
    token('active', 'active'),
    token('type', 'type'),
    string('name', 'name', 'alias'),
    reference('partof', ['partOf'], ['Organization']),
    reference('endpoint', ['endpoint'], ['Endpoint']),
  ],
  Endpoint: [
    token('identifier', 'identifier'),
    token('status', 'status', `${FHIR}/endpoint-status`),
    token('connection-type', 'connectionType'),
    token('payload-type', 'payloadType'),
    string('name', 'name'),
    reference('organization', ['managingOrganization'], ['Organization']),
  ],
  ImagingStudy: [
    token('identifier', 'identifier'),
    token('status', 'status', `${FHIR}/imagingstudy-status`),
    token('modality', 'series.modality'),
    { kind: 'token', code: 'bodysite', paths: ['series.bodySite'], aliases: ['body-site'] },
    token('series', 'series.uid'),
    patient('patient', 'subject'),
    patient('subject', 'subject'),
    reference('endpoint', ['endpoint', 'series.endpoint'], ['Endpoint']),
    reference(
      'basedon',
      ['basedOn'],
      ['ServiceRequest', 'CarePlan', 'Appointment', 'AppointmentResponse', 'Task'],
      ['based-on'],
    ),
    clinicalDate('started', 'started'),
  ],
  DiagnosticReport: [
    token('identifier', 'identifier'),
    token('status', 'status', `${FHIR}/diagnostic-report-status`),
    token('category', 'category'),
    token('code', 'code'),
    patient('patient', 'subject'),
    patient('subject', 'subject'),
    reference('based-on', ['basedOn'], ['ServiceRequest', 'CarePlan'], ['basedon']),
    reference('performer', ['performer'], ['Organization', 'Practitioner', 'PractitionerRole']),
    reference(
      'results-interpreter',
      ['resultsInterpreter'],
      ['Organization', 'Practitioner', 'PractitionerRole'],
    ),
    // Ours: R4 has the element but no parameter for it.
    reference('imaging-study', ['imagingStudy'], ['ImagingStudy']),
    date('date', 'effectiveDateTime', 'effectivePeriod'),
    clinicalDate('issued', 'issued'),
  ],
  Consent: [
    token('identifier', 'identifier'),
    token('status', 'status', `${FHIR}/consent-state-codes`),
    token('scope', 'scope'),
    token('category', 'category'),
    token('purpose', 'provision.purpose'),
    patient('patient', 'patient'),
    reference('actor', ['provision.actor.reference'], AGENTS),
    date('period', 'provision.period'),
    clinicalDate('date', 'dateTime'),
  ],
  Provenance: [
    patient('patient', 'target'),
    reference('target', ['target'], ['ImagingStudy', 'DiagnosticReport', 'Patient', 'Consent']),
    reference('agent', ['agent.who'], AGENTS),
    clinicalDate('recorded', 'recorded'),
  ],
  AuditEvent: [
    token('type', 'type'),
    token('subtype', 'subtype'),
    token('action', 'action', `${FHIR}/audit-event-action`),
    token('outcome', 'outcome', `${FHIR}/audit-event-outcome`),
    { ...patient('patient', 'entity.what'), paths: ['entity.what', 'agent.who'] },
    reference('agent', ['agent.who'], AGENTS),
    reference(
      'entity',
      ['entity.what'],
      ['ImagingStudy', 'DiagnosticReport', 'Patient', 'Consent', 'Organization', 'Endpoint'],
    ),
    clinicalDate('date', 'recorded'),
  ],
}

/** The parameter a code or one of its other spellings names on this type. */
export function findParameter(type: string, code: string): SearchParameter | undefined {
  const parameters = lookup(SEARCH_PARAMETERS, type) ?? []
  return parameters.find((one) => one.code === code || (one.aliases?.includes(code) ?? false))
}
