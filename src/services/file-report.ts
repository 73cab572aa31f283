/** Filing a custodian's DiagnosticReport under the studies it is about, or until they come (access.md section 6). */
import type { PoolClient } from 'pg'
import { HubError } from '../kernel/errors.ts'
import type { PatientId } from '../kernel/ids.ts'
import type { CurrentRow } from '../storage/current-row.ts'
import { lockExamination } from '../storage/examinations.ts'
import type { NewResource } from '../storage/resources.ts'
import { isJsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { namedPatient, reportLinks, type ReportLinks } from '../wire/fhir/report-links.ts'
import { refreshStudies } from './refresh-study.ts'
import { linkStudies, lockLinked, type LinkedStudies } from './link-studies.ts'
import { reportRow } from './report-row.ts'
import { resolveSubject } from './resolve-subject.ts'
import type { WriteRequest, WrittenRow } from './write-request.ts'

/**
 * The report as a row. Custodian is who the token says; studies are the custodian's own; the patient is
 * theirs, and the report must name the same. A report whose studies are not there is kept as its patient's.
 * Throws `unprocessable` with what does not fit.
 */
export async function fileReport(db: PoolClient, request: WriteRequest): Promise<NewResource> {
  const { access, resource: report, id, at, base, previous } = request
  const custodian = access.principal.member
  const links = reportLinks(report, base)
  await lockLinked(db, custodian, [links, ...linksBefore(previous?.content ?? undefined)])
  const subject = await resolveSubject(db, namedPatient(report, base), custodian)
  const linked = await linkStudies(db, { custodian, links })
  const patient = commonPatient(linked, links, subject)
  const filing = { id, report, links, linked, custodian, patient, at }
  return reportRow(db, { ...filing, isDoubted: false })
}

/** What the version that is there leads to. */
function linksBefore(content: string | undefined): readonly ReportLinks[] {
  const stored = content === undefined ? undefined : parseJsonText(content)
  return isJsonObject(stored) ? [reportLinks(stored, '')] : []
}

export interface FollowedReport extends Pick<WrittenRow, 'facts' | 'at'> {
  readonly method?: WrittenRow['method'] | undefined
  readonly previous?: Pick<CurrentRow, 'facts'> | undefined
}

/** The state of every study that the report is about, or was. */
export async function followReport(
  db: PoolClient,
  { facts, previous, method, at }: FollowedReport,
): Promise<void> {
  const studyUids = [...facts.studyUids, ...(previous?.facts.studyUids ?? [])]
  const { custodian } = facts
  if (custodian === null) return
  // Whoever writes a report holds its studies already.
  if (method === 'DELETE') await lockExamination(db, { custodian, numbers: [], studyUids })
  await refreshStudies(db, { custodian, studyUids, at })
}

function commonPatient(
  { named, numbered }: LinkedStudies,
  { studyIds }: ReportLinks,
  subject: PatientId | undefined,
): PatientId | null {
  const studies = [...named, ...numbered]
  if (studyIds.some((id) => !named.some((study) => study.id === id)))
    throw refusal('DiagnosticReport.imagingStudy', 'Names no study that this member has published')
  const [patient = null, ...others] = new Set(studies.map((study) => study.patient))
  if (others.length > 0)
    throw refusal('DiagnosticReport.imagingStudy', 'Names studies of different patients')
  // A study in doubt has nobody to compare with: its report waits in the same queue.
  if (studies.some((study) => study.quarantined)) return patient
  if (studies.length === 0) {
    if (subject !== undefined) return subject
    throw refusal('DiagnosticReport.subject', 'Names no patient that the registry knows')
  }
  if (patient !== null && subject === patient) return patient
  throw refusal('DiagnosticReport.subject', 'Is not the patient of the studies reported on')
}

function refusal(location: string, text: string): HubError {
  return new HubError('unprocessable', 'The report could not be filed', {
    problems: [{ location, text }],
  })
}
