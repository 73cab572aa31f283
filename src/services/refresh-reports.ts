/** Keeping reports as narrow as their studies: a study that changes takes its reports along. */
import type { Db } from '../storage/db.ts'
import type { OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import { findOwnStudies, findReportsAbout, setReportFacts } from '../storage/linked-studies.ts'
import type { LinkedReport, LinkedStudy } from '../storage/linked-studies.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { putResource } from '../storage/resources.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { namedPatient, reportLinks } from '../wire/fhir/report-links.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { reportFacts } from './report-facts.ts'

export interface ChangedStudy {
  readonly custodian: OrganizationId
  readonly studyUid: StudyUid
  /** When: a report whose doubt is settled by the change gets a new version. */
  readonly at: Date
}

/**
 * Runs in the transaction that changed what policy may ask of the study: a modality, a body region, its
 * time, a label, or whose it is.
 */
export async function refreshReports(db: Db, study: ChangedStudy): Promise<void> {
  for (const report of await findReportsAbout(db, study)) await refreshReport(db, study, report)
}

async function refreshReport(db: Db, study: ChangedStudy, row: LinkedReport): Promise<void> {
  const { custodian, at } = study
  const report = parse(row.content)
  // Stored references are the hub's own and relative.
  const { studyIds: ids } = reportLinks(report, '')
  const studies = await findOwnStudies(db, { custodian, ids, identifiers: [] })
  const settled =
    row.patient === null ? await settledPatient(db, report, { studies, custodian }) : undefined
  if (settled !== undefined) {
    await release(db, { id: row.id, report, studies, custodian, patient: settled, at })
    return
  }
  const { id, patient } = row
  const facts = reportFacts({ studies, custodian, patient, report })
  // A study that turned out to be someone else's leaves its report in doubt: nobody is shown it.
  const quarantined = studies.some((one) => one.quarantined || one.patient !== patient)
  await setReportFacts(db, id, { facts, quarantined })
}

/** Whose the studies turned out to be, unless the report itself names someone else the hub knows. */
async function settledPatient(
  db: Db,
  report: JsonObject,
  { studies, custodian }: Pick<Released, 'studies' | 'custodian'>,
): Promise<PatientId | undefined> {
  const [patient, ...others] = new Set(studies.map((study) => study.patient))
  const inDoubt = studies.some((study) => study.quarantined)
  if (patient === undefined || patient === null || others.length > 0 || inDoubt) return undefined
  const named = namedPatient(report, '')
  if (named.kind === 'other') return patient
  const known = named.kind === 'reference' ? named.id : await findPatient(db, named, custodian)
  return known === undefined || known === patient ? patient : undefined
}

interface Released {
  readonly id: string
  readonly report: JsonObject
  readonly studies: readonly LinkedStudy[]
  readonly custodian: OrganizationId
  readonly patient: PatientId
  readonly at: Date
}

/** The report's next version names the patient as the hub does. */
async function release(db: Db, { id, at, ...released }: Released): Promise<void> {
  const { patient } = released
  const resource = { ...released.report, subject: { reference: `Patient/${patient}` } }
  const facts = reportFacts({ ...released, report: resource })
  const search = searchValues(resource)
  const row = { type: 'DiagnosticReport', id, resource, facts, quarantined: false, search, at }
  await putResource(db, row, { method: 'PUT' })
}

function parse(content: string): JsonObject {
  const value: unknown = JSON.parse(content)
  return isJsonObject(value) ? value : {}
}
