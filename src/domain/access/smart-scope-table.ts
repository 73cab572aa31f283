/**
 * What each letter of a SMART v2 scope (SMART App Launch 2.2, "Scopes for requesting FHIR resources")
 * covers here. Reading an ImagingStudy opens its pixels too (SMART imaging access); a search for reports
 * returns them whole.
 */
import type { Action } from './principal.ts'

export const SMART_CONTEXTS = ['patient', 'user', 'system'] as const

/** create, read, update, delete, search: in this order in a scope. */
export const SMART_LETTERS = ['c', 'r', 'u', 'd', 's'] as const
export type SmartLetter = (typeof SMART_LETTERS)[number]

export type LetterActions = Readonly<Partial<Record<SmartLetter, readonly Action[]>>>

const publishing = { c: ['publish'], u: ['publish'], d: ['publish'] } satisfies LetterActions
const directory = {
  r: ['read-directory'],
  s: ['read-directory'],
  c: ['operate'],
  u: ['operate'],
  d: ['operate'],
} satisfies LetterActions

const reports = {
  ...publishing,
  r: ['find', 'read-report'],
  s: ['find', 'read-report'],
} satisfies LetterActions
const workflow = { ...publishing, r: ['find'], s: ['find'] } satisfies LetterActions

export const SMART_SCOPES: Readonly<Record<string, LetterActions>> = {
  ImagingStudy: { ...publishing, r: ['find', 'view-images'], s: ['find'] },
  DiagnosticReport: reports,
  Patient: {
    r: ['find'],
    s: ['find', 'identify'],
    c: ['link-patients'],
    u: ['link-patients'],
    d: ['link-patients'],
  },
  Provenance: { r: ['find'], s: ['find'] },
  Consent: {
    r: ['read-consent'],
    s: ['read-consent'],
    c: ['record-consent'],
    u: ['record-consent'],
    d: ['record-consent'],
  },
  AuditEvent: { r: ['read-audit'], s: ['read-audit'] },
  Organization: directory,
  Endpoint: directory,
  Practitioner: directory,
  PractitionerRole: directory,
  ResearchStudy: directory,
  Observation: reports,
  DocumentReference: reports,
  Binary: reports,
  ServiceRequest: workflow,
  Task: workflow,
  List: workflow,
  Group: workflow,
  ResearchSubject: workflow,
  Basic: workflow,
  Subscription: {
    r: ['subscribe'],
    s: ['subscribe'],
    c: ['subscribe'],
    u: ['subscribe'],
    d: ['subscribe'],
  },
}
