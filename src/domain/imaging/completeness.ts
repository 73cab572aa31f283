/** What of an examination the hub has: its images, the report on them, and the referral that asked for both. */
import { wasIssued, type ReportStatus } from './report.ts'

export interface ExaminationParts {
  readonly images: boolean
  /** Of every report on it that people may see. */
  readonly reports: readonly ReportStatus[]
  /** The order, or at least its number. */
  readonly referral: boolean
}

/** Codes of https://samsyn.no/fhir/CodeSystem/imaging-completeness: what is there, in one word. */
export type Completeness =
  | 'none'
  | 'referral'
  | 'preliminary'
  | 'preliminary-referral'
  | 'report'
  | 'report-referral'
  | 'images'
  | 'images-referral'
  | 'images-preliminary'
  | 'images-preliminary-referral'
  | 'images-report'
  | 'complete'

export interface ExaminationState {
  readonly completeness: Completeness
  /** A preliminary one counts. */
  readonly hasReport: boolean
}

export function examinationState({
  images,
  reports,
  referral,
}: ExaminationParts): ExaminationState {
  const report = reportOf(reports)
  const parts = [
    ...(images ? ['images' as const] : []),
    ...(report === undefined ? [] : [report]),
    ...(referral ? ['referral' as const] : []),
  ]
  return { completeness: NAMES[parts.join('-')] ?? 'none', hasReport: report !== undefined }
}

/** One that was issued is a report, whatever drafts there are beside it; one taken back is none. */
function reportOf(reports: readonly ReportStatus[]): 'report' | 'preliminary' | undefined {
  const live = reports.filter((status) => status !== 'entered-in-error')
  if (live.some(wasIssued)) return 'report'
  return live.some((status) => DRAFTS.has(status)) ? 'preliminary' : undefined
}

const DRAFTS: ReadonlySet<ReportStatus> = new Set(['partial', 'preliminary'])

const NAMES: Readonly<Record<string, Completeness>> = {
  referral: 'referral',
  preliminary: 'preliminary',
  'preliminary-referral': 'preliminary-referral',
  report: 'report',
  'report-referral': 'report-referral',
  images: 'images',
  'images-referral': 'images-referral',
  'images-preliminary': 'images-preliminary',
  'images-preliminary-referral': 'images-preliminary-referral',
  'images-report': 'images-report',
  'images-report-referral': 'complete',
}
