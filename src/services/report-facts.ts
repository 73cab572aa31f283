/** What policy may ask of a report, taken from the studies it is about. */
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { LinkedStudy } from '../storage/linked-studies.ts'
import { isJsonObject, textOf, valuesAt, type JsonObject } from '../wire/fhir/json.ts'

export interface ReportFacts {
  readonly studies: readonly LinkedStudy[]
  readonly custodian: OrganizationId
  readonly patient: PatientId | null
  readonly report: JsonObject
}

/**
 * What one of the studies does not tell is unknown for the report: an unknown falls under a refusal and
 * never under a permission, so a report is never wider open than its studies.
 */
export function reportFacts({ studies, custodian, patient, report }: ReportFacts): ObjectFacts {
  return {
    custodian,
    patient,
    studyUids: union(studies.map((study) => study.studyUids)),
    modalities: unionOfKnown(studies.map((study) => study.modalities)),
    bodyRegions: unionOfKnown(studies.map((study) => study.bodyRegions)),
    startedAt: commonTime(studies.map((study) => study.startedAt)),
    labels: union([...studies.map((study) => study.labels), securityLabels(report)]),
  }
}

/** `system|code` of each security label of the resource. */
function securityLabels(resource: JsonObject): readonly string[] {
  return valuesAt(resource, 'meta.security').flatMap((label) => {
    const code = isJsonObject(label) ? textOf(label.code) : undefined
    const system = isJsonObject(label) ? textOf(label.system) : undefined
    if (code === undefined) return []
    return [system === undefined ? code : `${system}|${code}`]
  })
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
