/** A report as a system of a custodian's sends it, whatever the message it came in, and how its versions follow. */
import type { StudyUid } from '../../kernel/ids.ts'
import type { PatientClaim } from './study.ts'
import type { StudyStart } from './study-time.ts'

/** FHIR R4 DiagnosticReport.status. */
export type ReportStatus =
  | 'registered'
  | 'partial'
  | 'preliminary'
  | 'final'
  | 'appended'
  | 'amended'
  | 'corrected'
  | 'cancelled'
  | 'entered-in-error'

/** A code and what it is called; either may be missing. */
export interface ReportCode {
  /** URI */
  readonly system?: string | undefined
  readonly code?: string | undefined
  readonly display?: string | undefined
}

export interface ReportSection {
  /** As `Impression`; absent for text that has no heading. */
  readonly heading?: ReportCode | undefined
  readonly text: string
  /** Whether it says what the findings mean, rather than what they are. */
  readonly concludes: boolean
}

export interface ReportDocument {
  /** As `application/pdf`. */
  readonly contentType: string
  /** Base64. */
  readonly data: string
  readonly title?: string | undefined
}

/** Somebody named by a sender: a person or a unit. */
export interface ReportActor {
  readonly name?: string | undefined
  /** URI */
  readonly system?: string | undefined
  readonly value?: string | undefined
}

export interface ReceivedReport {
  /** What all versions of the report share; unique among the custodian's reports. */
  readonly identifier: { readonly system?: string | undefined; readonly value: string }
  readonly status: ReportStatus
  /** When this version was made available. */
  readonly issued: Date
  /** When the patient was examined. */
  readonly examined?: StudyStart | undefined
  readonly patient: PatientClaim
  readonly studyUids: readonly StudyUid[]
  readonly accessions: readonly string[]
  /** Order numbers of whoever asked for the examination. */
  readonly orders: readonly string[]
  readonly procedures: readonly ReportCode[]
  readonly categories: readonly ReportCode[]
  readonly sections: readonly ReportSection[]
  readonly documents: readonly ReportDocument[]
  readonly responsible: readonly ReportActor[]
  readonly requester?: ReportActor | undefined
  /** Why the examination was asked for. */
  readonly reason?: string | undefined
}

/** How far along a report is: where two versions are of one moment, the one that is further along is the later. */
const RANKS: Readonly<Record<ReportStatus, number>> = {
  registered: 0,
  partial: 1,
  preliminary: 2,
  final: 3,
  appended: 4,
  amended: 5,
  corrected: 5,
  cancelled: 6,
  'entered-in-error': 7,
}

export interface ReportVersion {
  readonly status: ReportStatus
  readonly issued: Date
}

/** Whether what arrives was overtaken by what is there. */
export function isOvertaken(arriving: ReportVersion, stored: ReportVersion): boolean {
  const later = stored.issued.getTime() - arriving.issued.getTime()
  if (later !== 0) return later > 0
  return RANKS[stored.status] > RANKS[arriving.status]
}

/** Whether people have been told what the report says, and so have to be told that it says something else. */
export function wasIssued(status: ReportStatus): boolean {
  return RANKS[status] >= RANKS.final && status !== 'cancelled'
}

/**
 * Senders call the next version of a final report final again, and take it back as they cancel one that never
 * was: FHIR tells these apart.
 */
export function followingStatus(arriving: ReportStatus, stored: ReportStatus): ReportStatus {
  if (!wasIssued(stored)) return arriving
  if (arriving === 'cancelled') return 'entered-in-error'
  return arriving === 'final' && stored !== 'entered-in-error' ? 'amended' : arriving
}

/** `undefined` for a word that is none of FHIR's. */
export function reportStatus(text: string): ReportStatus | undefined {
  return isStatus(text) ? text : undefined
}

function isStatus(text: string): text is ReportStatus {
  return Object.hasOwn(RANKS, text)
}
