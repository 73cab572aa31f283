/** Keeping reports as narrow as their studies: a study that changes takes its reports along. */
import type { Db } from '../storage/db.ts'
import type { OrganizationId, StudyUid } from '../kernel/ids.ts'
import { findOwnStudies, findReportsAbout, setReportFacts } from '../storage/linked-studies.ts'
import type { LinkedReport } from '../storage/linked-studies.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { reportLinks } from '../wire/fhir/report-links.ts'
import { reportFacts } from './report-facts.ts'

/**
 * Runs in the transaction that changed what policy may ask of the study: a modality, a body region, its
 * time, a label, or whether it is in quarantine.
 */
export async function refreshReports(
  db: Db,
  study: { readonly custodian: OrganizationId; readonly studyUid: StudyUid },
): Promise<void> {
  for (const report of await findReportsAbout(db, study)) {
    await refreshReport(db, study.custodian, report)
  }
}

async function refreshReport(
  db: Db,
  custodian: OrganizationId,
  { id, content, patient }: LinkedReport,
): Promise<void> {
  const report = parse(content)
  // Stored references are the hub's own and relative.
  const { studyIds: ids } = reportLinks(report, '')
  const studies = await findOwnStudies(db, { custodian, ids, identifiers: [] })
  const facts = reportFacts({ studies, custodian, patient, report })
  // A study that turned out to be someone else's leaves its report in doubt: nobody is shown it.
  const quarantined = studies.some((study) => study.quarantined || study.patient !== patient)
  await setReportFacts(db, id, { facts, quarantined })
}

function parse(content: string): JsonObject {
  const value: unknown = JSON.parse(content)
  return isJsonObject(value) ? value : {}
}
