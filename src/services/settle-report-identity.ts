/** A report whose patient was in doubt, and is not any more: it names the patient, and is filed with the rest. */
import type { PoolClient } from 'pg'
import { EVERYTHING } from '../domain/access/build-filter.ts'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import { lockCurrentRow } from '../storage/current-row.ts'
import { putResource } from '../storage/resources.ts'
import { settleReportDoubts } from '../storage/unclear-reports.ts'
import { isJsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { reportLinks } from '../wire/fhir/report-links.ts'
import { followReport } from './file-report.ts'
import { fittingStudies, linkStudies, lockLinked } from './link-studies.ts'
import { reportRow } from './report-row.ts'

export interface SettledReport {
  /** Id of the DiagnosticReport. */
  readonly report: string
  readonly custodian: OrganizationId
  readonly patient: PatientId
  readonly at: Date
  /** For the queue's own record. */
  readonly by: string
}

/** Runs in the caller's transaction. A study that it names and that is another's keeps it in quarantine. */
export async function settleReportIdentity(
  db: PoolClient,
  { report: id, custodian, patient, at, by }: SettledReport,
): Promise<void> {
  const named = { type: 'DiagnosticReport', id }
  const before = await lockCurrentRow(db, named, EVERYTHING)
  const report = parseJsonText(before?.content ?? 'null')
  if (before === undefined || !isJsonObject(report))
    throw new HubError('not-found', 'The report is not in the registry any more')
  // Stored references are the hub's own and relative.
  const links = reportLinks(report, '')
  await lockLinked(db, custodian, [links])
  const linked = fittingStudies(await linkStudies(db, { custodian, links }), patient)
  const isDoubted = linked.named.some((study) => study.patient !== patient)
  const row = await reportRow(db, { id, report, links, linked, custodian, patient, isDoubted, at })
  await putResource(db, row, { method: 'PUT' })
  await settleReportDoubts(db, id, { at, by })
  await followReport(db, { facts: row.facts, previous: before, at })
}
