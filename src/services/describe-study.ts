/** From a study's rows in the index to its ImagingStudy and to what policy asks of it. */
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { DicomJson } from '../domain/imaging/study.ts'
import {
  makeTimeZone,
  studyStart,
  type StudyStart,
  type TimeZone,
} from '../domain/imaging/study-time.ts'
import type { ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { SeriesRow } from '../storage/studies.ts'
import { itemsAt, textAt } from '../wire/dicom/attributes.ts'
import {
  imagingStudyResource,
  type DicomCode,
  type SeriesDescription,
} from '../wire/fhir/imaging-study.ts'
import type { JsonObject } from '../wire/fhir/json.ts'

export interface IndexedStudy {
  readonly id: ImagingStudyId
  readonly custodian: OrganizationId
  readonly patient: PatientId | null
  readonly study: StudyUid
  readonly attributes: DicomJson
  readonly series: readonly SeriesRow[]
  /** Where the attributes name no offset from UTC. */
  readonly timeZone: string
  readonly security: readonly unknown[]
  readonly labels: readonly string[]
}

export interface DescribedStudy {
  readonly resource: JsonObject
  readonly facts: ObjectFacts
}

export function describeStudy(study: IndexedStudy): DescribedStudy {
  const zone = makeTimeZone(study.timeZone)
  const start = studyTime(study, zone)
  const series = study.series.map((row) => describeSeries(row, study, zone))
  return {
    resource: imagingStudyResource({
      ...study,
      start,
      series,
      text: {
        accession: textAt(study.attributes, '00080050'),
        description: textAt(study.attributes, '00081030'),
        procedures: itemsAt(study.attributes, '00081032').map(toCode),
      },
    }),
    facts: {
      custodian: study.custodian,
      patient: study.patient,
      studyUids: [study.study],
      modalities: distinct(series.map(({ modality }) => modality)),
      bodyRegions: distinct(series.map(({ bodyPart }) => bodyPart)),
      startedAt: start?.instant ?? null,
      labels: study.labels,
    },
  }
}

function studyTime({ attributes }: IndexedStudy, zone: TimeZone): StudyStart | undefined {
  const told = {
    date: textAt(attributes, '00080020'),
    time: textAt(attributes, '00080030'),
    offset: textAt(attributes, '00080201'),
  }
  return studyStart(told, zone)
}

function describeSeries(row: SeriesRow, study: IndexedStudy, zone: TimeZone): SeriesDescription {
  const { attributes } = row
  const told = {
    date: textAt(attributes, '00080021'),
    time: textAt(attributes, '00080031'),
    offset: textAt(study.attributes, '00080201'),
  }
  return {
    uid: row.series,
    number: row.number ?? undefined,
    modality: row.modality ?? undefined,
    description: textAt(attributes, '0008103E'),
    bodyPart: textAt(attributes, '00180015')?.toUpperCase(),
    laterality: textAt(attributes, '00200060'),
    instances: row.instances,
    start: studyStart(told, zone),
  }
}

/** A long code or a URN may stand in place of the short one (PS3.3 table 8.8-1). */
function toCode(item: DicomJson): DicomCode {
  return {
    value: textAt(item, '00080100') ?? textAt(item, '00080119') ?? textAt(item, '00080120'),
    scheme: textAt(item, '00080102'),
    meaning: textAt(item, '00080104'),
  }
}

function distinct(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values.flatMap((value) => value ?? []))].sort()
}
