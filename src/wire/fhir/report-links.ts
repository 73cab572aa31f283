/** How a report names its studies, its order and its patient. */
import { isUid } from '../../domain/imaging/uid.ts'
import type { StudyUid } from '../../kernel/ids.ts'
import { isJsonObject, textOf, valuesAt, type JsonObject } from './json.ts'
import { tokenKey } from './search-keys.ts'
import { DICOM_UID_SYSTEM } from './systems.ts'

export interface ReportLinks {
  /** Ids of the hub's ImagingStudy resources. */
  readonly studyIds: readonly string[]
  readonly studyUids: readonly StudyUid[]
  /** Accession numbers: they link only a report that names no study otherwise. */
  readonly accessions: readonly string[]
  /** Numbers that an order may have, accession numbers among them. */
  readonly orders: readonly string[]
  /** Ids of the hub's ServiceRequest resources. */
  readonly orderIds: readonly string[]
  /** Whether a number is the referring side's own, so that there is a referral. */
  readonly isReferred: boolean
}

/** On a reference in `imagingStudy` that the hub has found by accession number, and finds anew each time. */
export const LINKED_BY = 'https://samsyn.no/fhir/StructureDefinition/linked-by'

/** HL7 table 0203 */
const IDENTIFIER_TYPES = 'http://terminology.hl7.org/CodeSystem/v2-0203'

export function typedIdentifier(
  code: 'ACSN' | 'FILL' | 'PLAC',
  value: string,
  system?: string,
): JsonObject {
  return {
    type: { coding: [{ system: IDENTIFIER_TYPES, code }] },
    ...(system !== undefined && { system }),
    value,
  }
}

/** What the report says itself: links that the hub has found are left aside. */
export function reportLinks(report: JsonObject, base: string): ReportLinks {
  const named = valuesAt(report, 'imagingStudy')
    .filter(isJsonObject)
    .filter((one) => !valuesAt(one, 'extension.url').includes(LINKED_BY))
  const orders = identifiersAt(report, 'basedOn.identifier')
  const studyIds = named.flatMap(({ reference }) => idOf('ImagingStudy', reference, base))
  const studyUids = named.flatMap((one) => identifiersAt(one, 'identifier')).flatMap(uidOf)
  return {
    studyIds,
    studyUids,
    accessions: studyIds.length > 0 || studyUids.length > 0 ? [] : accessionsIn(report, orders),
    orders: orders.map(({ value }) => value),
    orderIds: valuesAt(report, 'basedOn.reference').flatMap((reference) =>
      idOf('ServiceRequest', reference, base),
    ),
    isReferred: orders.some(({ type }) => type === 'PLAC'),
  }
}

/** The order's number where it is one that the radiology department gave, else one of the report's own. */
function accessionsIn(report: JsonObject, orders: readonly Identifier[]): readonly string[] {
  const own = identifiersAt(report, 'identifier')
  const candidates = [
    ...orders.filter(({ type }) => type !== 'PLAC'),
    ...own.filter(({ system, type }) => system !== DICOM_UID_SYSTEM && type !== 'FILL'),
  ]
  return [...new Set(candidates.map(({ value }) => value))]
}

/** The accession numbers of an ImagingStudy, or the numbers of an order: all but DICOM's UIDs. */
export function numbersOf(resource: JsonObject): readonly string[] {
  const numbers = identifiersAt(resource, 'identifier').filter(
    ({ system }) => system !== DICOM_UID_SYSTEM,
  )
  return [...new Set(numbers.map(({ value }) => value))]
}

/** Ids of the orders that a study or report says it is based on. */
export function orderIdsOf(resource: JsonObject): readonly string[] {
  return valuesAt(resource, 'basedOn.reference').flatMap((reference) =>
    idOf('ServiceRequest', reference, ''),
  )
}

/** Keys by which an ImagingStudy or a ServiceRequest with the number is found, whatever its system. */
export function numberKeys(numbers: readonly string[]): readonly string[] {
  return numbers.map((value) => tokenKey('identifier', { value }))
}

/** Keys by which a report that names the number, as its order's or as its own, is found. */
export function reportNumberKeys(numbers: readonly string[]): readonly string[] {
  return numbers.flatMap((value) => [
    tokenKey('based-on:identifier', { value }),
    tokenKey('identifier', { value }),
  ])
}

export function studyUidKeys(uids: readonly StudyUid[]): readonly string[] {
  return uids.map((uid) => tokenKey('identifier', { system: DICOM_UID_SYSTEM, value: uid }))
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

interface Identifier {
  readonly system: string | undefined
  readonly value: string
  /** Code of HL7 table 0203. */
  readonly type: string | undefined
}

function identifiersAt(resource: JsonObject, path: string): readonly Identifier[] {
  return valuesAt(resource, path).flatMap((value) => {
    const text = isJsonObject(value) ? textOf(value.value) : undefined
    if (!isJsonObject(value) || text === undefined) return []
    const [type] = valuesAt(value, 'type.coding.code')
    return [{ system: textOf(value.system), value: text, type: textOf(type) }]
  })
}

function uidOf({ system, value }: Identifier): readonly StudyUid[] {
  const bare = value.replace(/^urn:oid:/, '')
  // A brand is made by its parser alone; here the same test is made without throwing.
  return system === DICOM_UID_SYSTEM && isUid(bare) ? [bare as StudyUid] : []
}

function idOf(type: string, reference: unknown, base: string): readonly string[] {
  const text = textOf(reference) ?? ''
  const local = text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text
  const [named, id, ...more] = local.split('/')
  return named === type && id !== undefined && more.length === 0 ? [id] : []
}
