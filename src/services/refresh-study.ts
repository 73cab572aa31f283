/** Keeping what an ImagingStudy says of its examination true: the state turns with the part that arrives. */
import { examinationState, type ExaminationState } from '../domain/imaging/completeness.ts'
import type { ReportStatus } from '../domain/imaging/report.ts'
import type { OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { findExaminedStudy, findStudyParts, type ExaminedStudy } from '../storage/examinations.ts'
import { putResource } from '../storage/resources.ts'
import { withState } from '../wire/fhir/examination-state.ts'
import { isJsonObject, type JsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { numberKeys, numbersOf, orderIdsOf } from '../wire/fhir/report-links.ts'
import { searchValues } from '../wire/fhir/search-values.ts'

export interface StudiesToRefresh {
  readonly custodian: OrganizationId
  readonly studyUids: readonly StudyUid[]
  readonly at: Date
}

/** Call it under the studies' locks. One that is not there has no state. */
export async function refreshStudies(
  db: Db,
  { custodian, studyUids, at }: StudiesToRefresh,
): Promise<void> {
  for (const studyUid of new Set(studyUids)) {
    const study = await findExaminedStudy(db, custodian, studyUid)
    if (study !== undefined) await refreshStudy(db, study, { custodian, studyUid, at })
  }
}

async function refreshStudy(
  db: Db,
  study: ExaminedStudy,
  {
    custodian,
    studyUid,
    at,
  }: Omit<StudiesToRefresh, 'studyUids'> & { readonly studyUid: StudyUid },
): Promise<void> {
  const { id, content, quarantined, isGrowing, lastUpdated, ...facts } = study
  const stored = parseJsonText(content)
  if (!isJsonObject(stored)) return
  const { patient, labels } = facts
  const state = await stateOfStudy(db, { resource: stored, custodian, studyUid, patient, labels })
  const resource = withState(stored, state)
  if (resource === stored) return
  const search = searchValues(resource)
  const row = { type: 'ImagingStudy', id, resource, facts, quarantined, search, at }
  // A version that this very transaction has written is still being written.
  const keepVersion = isGrowing || lastUpdated >= at
  await putResource(db, row, { method: 'PUT', keepVersion })
}

export interface StudyInQuestion {
  readonly resource: JsonObject
  readonly custodian: OrganizationId
  readonly studyUid: StudyUid
  readonly patient: PatientId | null
  readonly labels: readonly string[]
  /** Of reports that are about to be filed on it, beside those that are there. */
  readonly expected?: readonly ReportStatus[] | undefined
}

/** What the hub has of the examination whose images these are. */
export async function stateOfStudy(
  db: Db,
  { resource, expected = [], ...study }: StudyInQuestion,
): Promise<ExaminationState> {
  const orderKeys = numberKeys(numbersOf(resource))
  const parts = await findStudyParts(db, { ...study, orderIds: orderIdsOf(resource), orderKeys })
  return examinationState({
    images: true,
    reports: [
      ...expected,
      ...(parts.issued ? ['final' as const] : []),
      ...(parts.drafted ? ['preliminary' as const] : []),
    ],
    referral: parts.ordered || parts.referred,
  })
}
