/** Keeping reports with their studies: a study that comes, goes or changes takes its reports along. */
import type { OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { ObjectFacts } from '../domain/access/filter.ts'
import {
  findExaminedStudy,
  holdReportsByKeys,
  type ExaminedReport,
} from '../storage/examinations.ts'
import type { Db } from '../storage/db.ts'
import { narrowByStudy } from '../storage/linked-rows.ts'
import { setReportFacts } from '../storage/linked-studies.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { putResource, studyKey } from '../storage/resources.ts'
import { hasReportDoubt, settleReportDoubts } from '../storage/unclear-reports.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import {
  namedPatient,
  numbersOf,
  reportLinks,
  reportNumberKeys,
} from '../wire/fhir/report-links.ts'
import { fittingStudies, linkStudies, type LinkedStudies } from './link-studies.ts'
import { refreshStudies } from './refresh-study.ts'
import { reportRow } from './report-row.ts'

export interface ChangedStudy {
  readonly custodian: OrganizationId
  readonly studyUid: StudyUid
  /** When: a report that is linked anew, or whose doubt is settled, gets a new version. */
  readonly at: Date
  /** The ImagingStudy where this transaction has just written it, with its state as it is now. */
  readonly written?:
    { readonly resource: JsonObject; readonly labels: readonly string[] } | undefined
}

/**
 * Runs in the transaction that changed what policy may ask of the study (a modality, a body region, its
 * time, a label, whose it is), or made or withdrew it; under the study's lock. Reports that have waited for
 * the study are linked to it, and it says that it has them.
 */
export async function refreshReports(db: Db, study: ChangedStudy): Promise<void> {
  const { custodian, studyUid, at, written } = study
  const found = written ?? (await findStudy(db, study))
  const numbers = found === undefined ? [] : numbersOf(found.resource)
  const keys = [studyKey(studyUid), ...reportNumberKeys(numbers)]
  const reports = await holdReportsByKeys(db, { custodian, keys })
  for (const report of reports) await refreshReport(db, report, { custodian, at })
  if (found !== undefined) await narrowByStudy(db, { custodian, studyUid, labels: found.labels })
  if (written === undefined || reports.length > 0)
    await refreshStudies(db, { custodian, studyUids: [studyUid], at })
}

async function findStudy(
  db: Db,
  { custodian, studyUid }: ChangedStudy,
): Promise<ChangedStudy['written']> {
  const found = await findExaminedStudy(db, custodian, studyUid)
  if (found === undefined) return undefined
  const resource = parseJsonText(found.content)
  return { resource: isJsonObject(resource) ? resource : {}, labels: found.labels }
}

interface Refreshing {
  readonly custodian: OrganizationId
  readonly at: Date
}

/** Links the report to what is there now; it gets a new version where that changes what it says. */
export async function refreshReport(
  db: Db,
  row: ExaminedReport,
  { custodian, at }: Refreshing,
): Promise<void> {
  const report = parseJsonText(row.content)
  if (!isJsonObject(report)) return
  // Stored references are the hub's own and relative.
  const links = reportLinks(report, '')
  const found = await linkStudies(db, { custodian, links })
  const isDoubted = row.patient === null && (await hasReportDoubt(db, row.id))
  const settled =
    row.patient === null && !isDoubted
      ? await settledPatient(db, report, { linked: found, custodian })
      : undefined
  const patient = settled ?? row.patient
  const linked = fittingStudies(found, patient)
  // A study that turned out to be someone else's leaves its report in doubt: nobody is shown it.
  const isContradicted = linked.named.some((study) => study.patient !== patient)
  const filing = { id: row.id, report, links, linked, custodian, patient, at }
  const next = await reportRow(db, { ...filing, isDoubted: isDoubted || isContradicted })
  const { facts, quarantined } = next
  if (JSON.stringify(next.resource) !== JSON.stringify(report))
    await putResource(db, next, { method: 'PUT' })
  else if (quarantined !== row.quarantined || !haveEqualFacts(facts, row))
    await setReportFacts(db, row.id, { facts, quarantined })
  if (row.quarantined && !quarantined)
    await settleReportDoubts(db, row.id, { at, by: 'study-settled' })
}

function haveEqualFacts(facts: ObjectFacts, row: ObjectFacts): boolean {
  const print = (one: ObjectFacts): string =>
    JSON.stringify([one.studyUids, one.modalities, one.bodyRegions, one.labels, one.startedAt])
  return print(facts) === print(row)
}

/** Whose the studies turned out to be, unless the report itself names someone else the hub knows. */
async function settledPatient(
  db: Db,
  report: JsonObject,
  { linked, custodian }: { readonly linked: LinkedStudies; readonly custodian: OrganizationId },
): Promise<PatientId | undefined> {
  const studies = [...linked.named, ...linked.numbered]
  const [patient, ...others] = new Set(studies.map((study) => study.patient))
  const inDoubt = studies.some((study) => study.quarantined)
  if (patient === undefined || patient === null || others.length > 0 || inDoubt) return undefined
  const named = namedPatient(report, '')
  if (named.kind === 'other') return patient
  const known = named.kind === 'reference' ? named.id : await findPatient(db, named, custodian)
  return known === undefined || known === patient ? patient : undefined
}
