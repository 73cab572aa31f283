/** What the registry serves of each type, and what it takes to see and to write it (access.md section 6). */
import type { Action } from '../domain/access/principal.ts'
import { lookup } from '../kernel/lookup.ts'

/** R4 value set type-restful-interaction, as far as it is served. */
export const INTERACTION_CODES = [
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'history-type',
  'create',
  'search-type',
] as const
export type Interaction = (typeof INTERACTION_CODES)[number]

export interface ServedType {
  readonly sees: Action
  /** Absent for what the hub alone writes. */
  readonly writes?: Action | undefined
  readonly interactions: ReadonlySet<Interaction>
  /** Whether create, update and delete may name what they mean by a search. */
  readonly conditional: boolean
}

const READ = ['read', 'vread', 'history-instance', 'history-type', 'search-type'] as const
const WRITTEN = [...READ, 'create', 'update', 'patch', 'delete'] as const

const CLINICAL_CONTENT = written('read-report', 'publish')
const CLINICAL_WORK = written('find', 'publish')
const OWN = written('publish', 'publish')
const DIRECTORY = written('read-directory', 'operate')
const DEFINITION = served('read-directory', READ)

export const SERVED_TYPES: Readonly<Record<string, ServedType>> = {
  Patient: written('find', 'link-patients'),
  Organization: DIRECTORY,
  Practitioner: DIRECTORY,
  PractitionerRole: DIRECTORY,
  Endpoint: DIRECTORY,
  ImagingStudy: CLINICAL_WORK,
  DiagnosticReport: CLINICAL_CONTENT,
  Observation: CLINICAL_CONTENT,
  ServiceRequest: CLINICAL_WORK,
  Task: CLINICAL_WORK,
  DocumentReference: CLINICAL_CONTENT,
  List: CLINICAL_WORK,
  Binary: CLINICAL_CONTENT,
  Consent: {
    ...served('read-consent', [...READ, 'create', 'update']),
    writes: 'record-consent',
  },
  // The log is a table of its own, and each of its events has one version.
  AuditEvent: served('read-audit', ['read', 'vread', 'search-type']),
  Provenance: served('find', READ),
  // No two of a client's are told apart by a search, so none is meant by one.
  Subscription: { ...written('subscribe', 'subscribe'), conditional: false },
  ResearchStudy: DIRECTORY,
  ResearchSubject: OWN,
  Group: OWN,
  Basic: OWN,
  CapabilityStatement: DEFINITION,
  StructureDefinition: DEFINITION,
  SearchParameter: DEFINITION,
  OperationDefinition: DEFINITION,
  ValueSet: DEFINITION,
  CodeSystem: DEFINITION,
}

function served(sees: Action, interactions: readonly Interaction[]): ServedType {
  return { sees, interactions: new Set(interactions), conditional: false }
}

function written(sees: Action, writes: Action): ServedType {
  return { sees, writes, interactions: new Set(WRITTEN), conditional: true }
}

export function servedType(type: string): ServedType | undefined {
  return lookup(SERVED_TYPES, type)
}
