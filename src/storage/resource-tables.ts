/** Where the rows of each resource type are, and what is peculiar to that place. */
import { lookup } from '../kernel/lookup.ts'

/** Partitions of `resource`, and the log seen as rows. Named rather than `resource`, so that plans are short. */
const TABLES: Readonly<Record<string, string>> = {
  Patient: 'resource_patient',
  ImagingStudy: 'resource_imaging_study',
  DiagnosticReport: 'resource_report',
  Observation: 'resource_observation',
  DocumentReference: 'resource_document',
  List: 'resource_document',
  Binary: 'resource_binary',
  ServiceRequest: 'resource_workflow',
  Task: 'resource_workflow',
  Consent: 'resource_consent',
  Provenance: 'resource_provenance',
  Organization: 'resource_directory',
  Endpoint: 'resource_directory',
  Practitioner: 'resource_directory',
  PractitionerRole: 'resource_directory',
  CapabilityStatement: 'resource_conformance',
  StructureDefinition: 'resource_conformance',
  SearchParameter: 'resource_conformance',
  OperationDefinition: 'resource_conformance',
  ValueSet: 'resource_conformance',
  CodeSystem: 'resource_conformance',
  ResearchStudy: 'resource_research',
  ResearchSubject: 'resource_research',
  Group: 'resource_research',
  AuditEvent: 'audit_event_row',
}

const TYPE_NAME = /^[A-Z][A-Za-z]{1,63}$/

/** Throws on what is no name of a type: it would reach a statement as text. */
export function tableOf(type: string): string {
  if (!TYPE_NAME.test(type)) throw new Error('A resource type is a name in letters')
  return lookup(TABLES, type) ?? 'resource_other'
}

/** Columns of the table's primary key. */
export function keyOf(table: string): 'id' | 'type, id' {
  const types = Object.values(TABLES).filter((one) => one === table)
  return types.length === 1 ? 'id' : 'type, id'
}

/** The log is ordered by its sequence, everything else by its ids, which are never given twice. */
export function tieOf(type: string): { readonly column: string; readonly cast: 'text' | 'bigint' } {
  return type === 'AuditEvent' ? { column: 'seq', cast: 'bigint' } : { column: 'id', cast: 'text' }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Events are kept by their UUID: what is none names no event, and must not reach a cast that would fail. */
export function mayName({ type, id }: { readonly type: string; readonly id: string }): boolean {
  return type !== 'AuditEvent' || UUID.test(id)
}

/** The row whose id is the statement's first value. */
export function idTest(type: string, alias: string): string {
  return type === 'AuditEvent' ? `${alias}.uuid = $1::uuid` : `${alias}.id = $1`
}
