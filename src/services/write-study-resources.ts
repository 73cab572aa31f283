/**
 * The registry's side of a study: its ImagingStudy and the Provenance of that version.
 *
 * A version opens with the first change after quiet and is rewritten in place while the study grows, so
 * that changes are seen at once; it is closed when the study settles, and never touched again.
 */
import type { PoolClient } from 'pg'
import { examinationState } from '../domain/imaging/completeness.ts'
import type { DicomJson } from '../domain/imaging/study.ts'
import type { ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import { putResource, readResource } from '../storage/resources.ts'
import { countInstances, type SeriesRow, type StudyRow } from '../storage/studies.ts'
import { withState } from '../wire/fhir/examination-state.ts'
import { isJsonObject, valuesAt } from '../wire/fhir/json.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { describeRegisteredStudy } from './describe-registered-study.ts'
import { describeStudy, type DescribedStudy } from './describe-study.ts'
import { putProvenance } from './put-provenance.ts'
import { stateOfStudy, type StudyInQuestion } from './refresh-study.ts'

export interface WrittenStudy {
  readonly imagingStudy: ImagingStudyId
  readonly study: StudyUid
  readonly custodian: OrganizationId
  readonly patient: PatientId | null
  readonly attributes: DicomJson
  /** Where they have been counted already. */
  readonly series?: readonly SeriesRow[] | undefined
  /** The row as it was before this change; absent for a copy that is new. */
  readonly own: StudyRow | undefined
  readonly publishedBy: { readonly client?: string; readonly member: OrganizationId }
  readonly at: Date
  /** IANA zone where the objects name no offset. */
  readonly timeZone: string
}

/** Call when the study's rows are written, in their transaction. */
export async function writeStudyResources(db: PoolClient, study: WrittenStudy): Promise<void> {
  const { imagingStudy, own, at } = study
  const described = await describe(db, study)
  const { facts } = described
  // What has waited for a study that is new is found once it is there (refresh-reports.ts).
  const state =
    own === undefined ? IMAGES_ALONE : await stateOfStudy(db, questionOf(study, described))
  const resource = withState(described.resource, state)
  const quarantined = study.patient === null
  const keepVersion = own?.settledAt === null
  const how = { method: own === undefined ? 'POST' : 'PUT', keepVersion } as const
  const version = await putResource(
    db,
    {
      type: 'ImagingStudy',
      id: imagingStudy,
      resource,
      facts,
      quarantined,
      search: searchValues(resource),
      at,
    },
    how,
  )

  await putProvenance(
    db,
    {
      target: `ImagingStudy/${imagingStudy}/_history/${version}`,
      recorded: at,
      ...study.publishedBy,
      activity: version === 1 ? 'CREATE' : 'UPDATE',
    },
    { id: `${imagingStudy}-${version}`, facts, quarantined, keepVersion },
  )
}

const IMAGES_ALONE = examinationState({ images: true, reports: [], referral: false })

function questionOf(
  { custodian, study: studyUid }: WrittenStudy,
  { resource, facts: { patient, labels } }: DescribedStudy,
): StudyInQuestion {
  return { resource, custodian, studyUid, patient, labels }
}

async function describe(db: PoolClient, study: WrittenStudy): Promise<DescribedStudy> {
  const { imagingStudy, own } = study
  const series = study.series ?? (await countInstances(db, imagingStudy))
  // Without objects there is nothing to make a description of.
  const registered =
    series.length === 0 && own !== undefined
      ? await describeRegisteredStudy(db, imagingStudy, study)
      : undefined
  const labels = own?.labels ?? []
  const security = labels.length === 0 ? [] : await securityOf(db, imagingStudy)
  return registered ?? describeStudy({ ...study, id: imagingStudy, series, security, labels })
}

/** `meta.security` as it stands: it is not ours to drop. */
async function securityOf(
  db: PoolClient,
  imagingStudy: ImagingStudyId,
): Promise<readonly unknown[]> {
  const stored = await readResource(db, 'ImagingStudy', imagingStudy)
  const content: unknown = JSON.parse(stored?.content ?? '{}')
  return isJsonObject(content) ? valuesAt(content, 'meta.security') : []
}
