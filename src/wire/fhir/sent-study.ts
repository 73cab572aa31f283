/** An ImagingStudy as its custodian sends it over FHIR, and what policy may ask of it. */
import type { ObjectFacts } from '../../domain/access/filter.ts'
import { isUid, parseInstanceUid, parseStudyUid } from '../../domain/imaging/uid.ts'
import type { Problem } from '../../kernel/errors.ts'
import type { InstanceUid, StudyUid } from '../../kernel/ids.ts'
import { bodyTerm } from './body-site.ts'
import { isJsonObject, textOf, valuesAt, type JsonObject } from './json.ts'
import { securityLabels } from './security-labels.ts'
import { DICOM_UID_SYSTEM } from './systems.ts'

const URN = 'urn:oid:'

/** The Study Instance UID among the identifiers: there is one, written as FHIR writes it. */
export function studyUidOf(resource: JsonObject): StudyUid | Problem {
  const values = valuesAt(resource, 'identifier').flatMap((one) =>
    isJsonObject(one) && one.system === DICOM_UID_SYSTEM ? [textOf(one.value) ?? ''] : [],
  )
  const [value = '', ...others] = values
  const uid = value.startsWith(URN) ? value.slice(URN.length) : ''
  if (others.length === 0 && isUid(uid)) return parseStudyUid(uid)
  const text = `Must hold one Study Instance UID: system ${DICOM_UID_SYSTEM}, value ${URN} and the UID`
  return { location: 'ImagingStudy.identifier', text }
}

/** SOP Instance UIDs of the instances it lists. */
export function listedInstances(resource: JsonObject): readonly InstanceUid[] {
  return valuesAt(resource, 'series.instance.uid').flatMap((uid) =>
    typeof uid === 'string' && isUid(uid) ? [parseInstanceUid(uid)] : [],
  )
}

type PolicyFacts = Pick<ObjectFacts, 'modalities' | 'bodyRegions' | 'startedAt' | 'labels'>

/** What the resource does not tell is unknown: it falls under a refusal and never under a permission. */
export function policyFactsOf(resource: JsonObject): PolicyFacts {
  const sites = valuesAt(resource, 'series.bodySite').map(bodyTerm)
  return {
    modalities: codesAt(resource, ['series.modality.code', 'modality.code']),
    bodyRegions: sites.includes(undefined) ? [] : distinct(sites),
    startedAt: startOf(resource),
    labels: securityLabels(resource),
  }
}

function codesAt(resource: JsonObject, paths: readonly string[]): readonly string[] {
  return distinct(paths.flatMap((path) => valuesAt(resource, path)).map(textOf))
}

function distinct(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values.filter((value) => value !== undefined))].sort()
}

/** A month or a year is no time that a period of a consent could be held against. */
function startOf({ started }: JsonObject): Date | null {
  const text = textOf(started) ?? ''
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return null
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? null : time
}
