/** How each type that is written over FHIR becomes a row, and what its writing brings along (access.md section 6). */
import { HubError } from '../kernel/errors.ts'
import { lookup } from '../kernel/lookup.ts'
import { fileClinical } from './file-clinical.ts'
import { fileDirectoryEntry, keepMembersEntry } from './file-directory-entry.ts'
import { fileOwn } from './file-own.ts'
import { fileReport, followReport } from './file-report.ts'
import { followOrder } from './follow-order.ts'
import { makeStudyWriter, type FileStudyDeps } from './file-study.ts'
import type { ResourceWriter } from './resource-writer.ts'

export type { ResourceWriter }

export type ResourceWriters = Readonly<Record<string, ResourceWriter>>

/** `more` are the writers of types that have a house of their own: Patient, Subscription. */
export function makeResourceWriters(
  deps: FileStudyDeps & { readonly more?: ResourceWriters },
): ResourceWriters {
  return { ...WRITERS, ImagingStudy: makeStudyWriter(deps), ...deps.more }
}

const CLINICAL = { action: 'publish', toRow: fileClinical, contributed: true } as const
const DIRECTORY = {
  action: 'operate',
  toRow: fileDirectoryEntry,
  contributed: false,
  beforeDelete: keepMembersEntry,
} as const
const OWN = { action: 'publish', toRow: fileOwn, contributed: false } as const

const WRITERS: ResourceWriters = {
  DiagnosticReport: {
    action: 'publish',
    toRow: fileReport,
    after: followReport,
    contributed: true,
  },
  Observation: CLINICAL,
  ServiceRequest: { ...CLINICAL, after: followOrder },
  Task: CLINICAL,
  DocumentReference: CLINICAL,
  List: CLINICAL,
  Binary: CLINICAL,
  Organization: DIRECTORY,
  Endpoint: DIRECTORY,
  Practitioner: DIRECTORY,
  PractitionerRole: DIRECTORY,
  ResearchStudy: DIRECTORY,
  Group: OWN,
  Basic: OWN,
  ResearchSubject: OWN,
}

/** Throws `method-not-allowed` for a type that is not written in this way. */
export function writerOf(writers: ResourceWriters, type: string): ResourceWriter {
  const writer = lookup(writers, type)
  if (writer !== undefined) return writer
  const text = lookup(REFUSALS, type) ?? `${type} is written by the hub itself`
  throw new HubError('method-not-allowed', text)
}

/** What to do instead. */
const REFUSALS: Readonly<Record<string, string>> = {
  Consent: 'A Consent is recorded on its own: POST it to /Consent',
}
