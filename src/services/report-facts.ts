/** What policy may ask of a report, taken from the studies it is about. */
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { LinkedStudy } from '../storage/linked-studies.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { securityLabels } from '../wire/fhir/security-labels.ts'

export interface ReportFacts {
  readonly studies: readonly LinkedStudy[]
  /** Studies it names that the hub has not. */
  readonly absent?: readonly StudyUid[]
  readonly custodian: OrganizationId
  readonly patient: PatientId | null
  readonly report: JsonObject
}

/**
 * What one of the studies does not tell is unknown for the report, and so is what a study that is not there
 * would tell: an unknown falls under a refusal and never under a permission, so a report is never wider open
 * than its studies.
 */
export function reportFacts({
  studies,
  absent = [],
  custodian,
  patient,
  report,
}: ReportFacts): ObjectFacts {
  const isWhole = absent.length === 0
  return {
    custodian,
    patient,
    studyUids: union([...studies.map((study) => study.studyUids), absent]),
    modalities: isWhole ? unionOfKnown(studies.map((study) => study.modalities)) : [],
    bodyRegions: isWhole ? unionOfKnown(studies.map((study) => study.bodyRegions)) : [],
    startedAt: isWhole ? commonTime(studies.map((study) => study.startedAt)) : null,
    labels: union([...studies.map((study) => study.labels), securityLabels(report)]),
  }
}

function union<Value extends string>(lists: readonly (readonly Value[])[]): readonly Value[] {
  return [...new Set(lists.flat())]
}

function unionOfKnown(lists: readonly (readonly string[])[]): readonly string[] {
  return lists.some((list) => list.length === 0) ? [] : union(lists)
}

function commonTime(times: readonly (Date | null)[]): Date | null {
  const [first = null, ...others] = times
  return others.every((time) => time?.getTime() === first?.getTime()) ? first : null
}
