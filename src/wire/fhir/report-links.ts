/** How a report names its studies and its patient. */
import { isJsonObject, textOf, valuesAt, type JsonObject } from './json.ts'
import { tokenEntry, type Token } from './search-values.ts'
import { DICOM_UID_SYSTEM } from './systems.ts'

export interface ReportLinks {
  /** Ids of the hub's ImagingStudy resources. */
  readonly studyIds: readonly string[]
  /** Entries by which an ImagingStudy's identifiers are found: study UIDs, else accession numbers. */
  readonly identifiers: readonly string[]
}

/**
 * References count first, then study UIDs; only a report with neither is linked by accession number,
 * which a custodian may have given to several studies of one examination.
 */
export function reportLinks(report: JsonObject, base: string): ReportLinks {
  const studyIds = valuesAt(report, 'imagingStudy.reference').flatMap((reference) =>
    idOf('ImagingStudy', reference, base),
  )
  const uids = identifiersAt(report, 'imagingStudy.identifier')
  if (studyIds.length > 0 || uids.length > 0) return { studyIds, identifiers: entries(uids) }
  const accession = [
    ...identifiersAt(report, 'basedOn.identifier'),
    ...identifiersAt(report, 'identifier').filter(({ system }) => system !== DICOM_UID_SYSTEM),
  ]
  return { studyIds: [], identifiers: entries(accession) }
}

/** The patient a report names; `other` where it names something that is no patient of the hub's. */
export type NamedPatient =
  | { readonly kind: 'reference'; readonly id: string }
  | { readonly kind: 'identifier'; readonly system: string; readonly value: string }
  | { readonly kind: 'other' }

export function namedPatient(report: JsonObject, base: string): NamedPatient {
  const { subject } = report
  if (!isJsonObject(subject)) return { kind: 'other' }
  const [id] = idOf('Patient', subject.reference, base)
  if (id !== undefined) return { kind: 'reference', id }
  const [identifier] = identifiersAt(report, 'subject.identifier')
  if (subject.reference !== undefined || identifier?.system === undefined) return { kind: 'other' }
  return { kind: 'identifier', system: identifier.system, value: identifier.value }
}

interface Identifier extends Token {
  readonly value: string
}

function identifiersAt(report: JsonObject, path: string): readonly Identifier[] {
  return valuesAt(report, path).flatMap((value) => {
    const text = isJsonObject(value) ? textOf(value.value) : undefined
    if (!isJsonObject(value) || text === undefined) return []
    return [{ system: textOf(value.system), value: text }]
  })
}

function entries(identifiers: readonly Identifier[]): readonly string[] {
  return identifiers.map((identifier) => tokenEntry('identifier', identifier))
}

function idOf(type: string, reference: unknown, base: string): readonly string[] {
  const text = textOf(reference) ?? ''
  const local = text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text
  const [named, id, ...more] = local.split('/')
  return named === type && id !== undefined && more.length === 0 ? [id] : []
}
