/** Statuses of Norwegian reports (KITH svarrapport) as FHIR has them. */
import type { ReportStatus } from '../../domain/imaging/report.ts'

/** Volven 8245, status of a result (StatusInvestigation). */
export const INVESTIGATION_STATUSES: Readonly<Record<string, ReportStatus>> = {
  /** Revidert */
  '1': 'amended',
  /** Foreløpig */
  '2': 'preliminary',
  /** Endelig */
  '3': 'final',
  /** Tillegg */
  '4': 'appended',
  /** Henvisning registrert */
  '5': 'registered',
  /** Prosedyrer registrert/planlagt */
  '6': 'registered',
  /** Tildelt time */
  '7': 'registered',
  /** Undersøkelse gjennomført */
  '8': 'registered',
  /** Diktert */
  '9': 'preliminary',
  /** Skrevet (usignert svar foreligger) */
  '10': 'preliminary',
  /** Signert */
  '11': 'final',
  /** Korrigert (usignert tilleggsbeskrivelse foreligger) */
  '12': 'corrected',
  /** Signert korrigert/tilleggsbeskrivelse foreligger */
  '13': 'appended',
  /** Undersøkelse slettet */
  '14': 'cancelled',
  /** I prosess */
  '15': 'registered',
}

/** Volven 7306, status of a report (ServReport/Status). */
export const REPORT_STATUSES: Readonly<Record<string, ReportStatus>> = {
  S: 'registered',
  P: 'preliminary',
  F: 'final',
  A: 'appended',
}
