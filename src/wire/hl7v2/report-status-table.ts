/** Statuses of results and observations as FHIR has them. */
import type { ReportStatus } from '../../domain/imaging/report.ts'

/** HL7 table 0123, result status (OBR-25). */
export const RESULT_STATUSES: Readonly<Record<string, ReportStatus>> = {
  O: 'registered',
  I: 'registered',
  S: 'registered',
  A: 'partial',
  P: 'preliminary',
  R: 'preliminary',
  F: 'final',
  C: 'corrected',
  M: 'amended',
  X: 'cancelled',
}

/** HL7 table 0085, observation result status (OBX-11). */
export const OBSERVATION_STATUSES: Readonly<Record<string, ReportStatus>> = {
  O: 'registered',
  I: 'registered',
  N: 'registered',
  S: 'partial',
  P: 'preliminary',
  R: 'preliminary',
  B: 'appended',
  F: 'final',
  U: 'final',
  V: 'final',
  C: 'corrected',
  A: 'amended',
  X: 'cancelled',
  D: 'entered-in-error',
  W: 'entered-in-error',
}
