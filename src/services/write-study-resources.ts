/**
 * The registry's side of a study: its ImagingStudy and the Provenance of that version.
 *
 * A version opens with the first change after quiet and is rewritten in place while the study grows, so
 * that changes are seen at once; it is closed when the study settles, and never touched again.
 */
import type { PoolClient } from 'pg'
import type { DicomJson } from '../domain/imaging/study.ts'
import type { ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import { putResource, readResource } from '../storage/resources.ts'
import { findStudyTimeZone, readSeries, type StudyRow } from '../storage/studies.ts'
import { isJsonObject, valuesAt, type JsonObject } from '../wire/fhir/json.ts'
import { provenanceOf } from '../wire/fhir/provenance.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { securityLabels } from '../wire/fhir/security-labels.ts'
import { describeStudy } from './describe-study.ts'

export interface WrittenStudy {
  readonly imagingStudy: ImagingStudyId
  readonly study: StudyUid
  readonly custodian: OrganizationId
  readonly patient: PatientId | null
  readonly attributes: DicomJson
  /** The row as it was before this change; absent for a copy that is new. */
  readonly own: StudyRow | undefined
  readonly publishedBy: { readonly client?: string; readonly member: OrganizationId }
  readonly at: Date
  /** IANA zone where neither the objects nor a source name one. */
  readonly timeZone: string
}

/** Call when the study's rows are written and counted, in their transaction. */
export async function writeStudyResources(db: PoolClient, study: WrittenStudy): Promise<void> {
  const { imagingStudy, own, at } = study
  const before = own === undefined ? {} : await currentContent(db, imagingStudy)
  const { resource, facts } = describeStudy({
    ...study,
    id: imagingStudy,
    series: await readSeries(db, imagingStudy),
    timeZone: (await findStudyTimeZone(db, imagingStudy)) ?? study.timeZone,
    security: valuesAt(before, 'meta.security'),
    labels: securityLabels(before),
  })
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

  const provenance = provenanceOf({
    target: `ImagingStudy/${imagingStudy}/_history/${version}`,
    recorded: at,
    ...study.publishedBy,
    activity: version === 1 ? 'CREATE' : 'UPDATE',
  })
  await putResource(
    db,
    {
      type: 'Provenance',
      id: `${imagingStudy}-${version}`,
      resource: provenance,
      facts,
      quarantined,
      search: searchValues(provenance),
      at,
    },
    { method: 'POST', keepVersion },
  )
}

async function currentContent(db: PoolClient, imagingStudy: ImagingStudyId): Promise<JsonObject> {
  const stored = await readResource(db, 'ImagingStudy', imagingStudy)
  const content: unknown = JSON.parse(stored?.content ?? '{}')
  return isJsonObject(content) ? content : {}
}
