/**
 * Reports that a transaction is about to file on a study it creates: the study says at once that it has them,
 * and is not written a second time for it. Filing a report brings its studies in line whatever was expected
 * (followReport), and what is not filed takes the whole transaction along.
 */
import { reportStatus, type ReportStatus } from '../domain/imaging/report.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from '../wire/fhir/json.ts'
import type { PlannedEntry } from './plan-transaction.ts'

/** By the fullUrl of the study's entry. */
export type ExpectedReports = ReadonlyMap<string, readonly ReportStatus[]>

export function expectedReports(entries: readonly PlannedEntry[]): ExpectedReports {
  const expected = new Map<string, ReportStatus[]>()
  for (const one of entries) {
    if (one.kind === 'read' || !isCertain(one)) continue
    const { resource = {} } = one.entry
    const status = reportStatus(textOf(resource.status) ?? '')
    if (status === undefined) continue
    for (const study of namedStudies(resource))
      expected.set(study, [...(expected.get(study) ?? []), status])
  }
  return expected
}

/** With a condition it may be there already. */
function isCertain({ type, method, target }: Exclude<PlannedEntry, { kind: 'read' }>): boolean {
  return type === 'DiagnosticReport' && method === 'POST' && target === undefined
}

/** A reference with an extension may be one that the hub has found, which it looks for anew. */
function namedStudies({ imagingStudy }: JsonObject): readonly string[] {
  return listOf(imagingStudy).flatMap((one) =>
    isJsonObject(one) && one.extension === undefined && typeof one.reference === 'string'
      ? [one.reference]
      : [],
  )
}
