/** Reports follow the studies they are about: what policy asks of them is told by those. */
import type { PoolClient } from 'pg'
import type { OrganizationId, StudyUid } from '../kernel/ids.ts'
import { findOwnStudies, findReportsAbout, type LinkedReport } from '../storage/linked-studies.ts'
import { updateFacts } from '../storage/resource-facts.ts'
import { isJsonObject, textOf, valuesAt, type JsonObject } from '../wire/fhir/json.ts'
import { reportFacts } from './report-facts.ts'

/** Call after the custodian's ImagingStudy was written, in its transaction. */
export async function refreshReports(
  db: PoolClient,
  study: { readonly custodian: OrganizationId; readonly studyUid: StudyUid },
): Promise<void> {
  for (const report of await findReportsAbout(db, study)) {
    await refresh(db, study.custodian, report)
  }
}

async function refresh(
  db: PoolClient,
  custodian: OrganizationId,
  { id, content }: LinkedReport,
): Promise<void> {
  const report: unknown = JSON.parse(content)
  if (!isJsonObject(report)) return
  const studies = await findOwnStudies(db, { custodian, ids: studyIds(report), identifiers: [] })
  const patients = new Set(studies.map(({ patient }) => patient))
  const [patient = null] = patients
  await updateFacts(db, {
    type: 'DiagnosticReport',
    id,
    facts: reportFacts({ studies, custodian, patient, report }),
    quarantined: patients.size !== 1 || studies.some(({ quarantined }) => quarantined),
  })
}

function studyIds(report: JsonObject): readonly string[] {
  return valuesAt(report, 'imagingStudy.reference').flatMap(
    (reference) => /^ImagingStudy\/([^/]+)/.exec(textOf(reference) ?? '')?.[1] ?? [],
  )
}
