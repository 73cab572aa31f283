/** The elements of a Consent's provision, each read into the decision's own words or reported. */
import { isClinical } from '../../domain/access/roles.ts'
import { ACTIONS, type Action } from '../../domain/access/principal.ts'
import { isUid, parseStudyUid } from '../../domain/imaging/uid.ts'
import type { StudyUid } from '../../kernel/ids.ts'
import {
  ACTION_SYSTEM,
  CONSENT_ACTION_SYSTEM,
  DICOM_SYSTEM,
  OBJECT_MEANINGS,
  PURPOSES,
  PURPOSE_SYSTEMS,
  SEEING_ACTIONS,
  SNOMED,
} from './consent-codes-table.ts'
import type { ConsentReferences } from './consent-references.ts'
import { parseDateInterval } from './date-interval.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from './json.ts'
import { attempt, unread, within, type Place } from './problems.ts'
import { DICOM_UID_SYSTEM } from './systems.ts'

interface Coding {
  readonly system: string | undefined
  readonly code: string
}

interface Period {
  readonly from?: Date | undefined
  readonly until?: Date | undefined
}

export function readPeriod(value: unknown, place: Place): Period | undefined {
  if (value === undefined) return undefined
  if (!isJsonObject(value)) throw unread(place, 'is not a Period')
  const [start, end] = [value.start, value.end].map((text) =>
    typeof text === 'string' ? parseDateInterval(text) : undefined,
  )
  const illegible = (value.start !== undefined && !start) || (value.end !== undefined && !end)
  if (illegible || (!start && !end))
    throw unread(place, 'has neither a start nor an end that is a date')
  return { from: start?.from, until: end?.until }
}

export function readPurposes(value: unknown, place: Place): readonly string[] | undefined {
  return readList(value, place, (item, at) => {
    const coding = readCoding(item, at)
    const known = PURPOSE_SYSTEMS.includes(coding.system ?? '') && PURPOSES.includes(coding.code)
    if (!known) throw unread(at, 'is not a purpose of use the decision knows')
    return coding.code
  })
}

export function readLabels(value: unknown, place: Place): readonly string[] | undefined {
  return readList(value, place, (item, at) => {
    const coding = readCoding(item, at)
    return coding.system === undefined ? coding.code : `${coding.system}|${coding.code}`
  })
}

/** `access`, `use` and `disclose` are any way of seeing: undefined, like no action at all. */
export function readActions(value: unknown, place: Place): readonly Action[] | undefined {
  const read = readList(value, place, (item, at): Action | 'any' => {
    const codings = codingsOf(item)
    if (codings.some(isSeeing)) return 'any'
    const action = ACTIONS.find((one) =>
      codings.some(({ system, code }) => system === ACTION_SYSTEM && code === one),
    )
    if (action !== undefined && isClinical(action)) return action
    throw unread(at, 'is not an action the decision knows')
  })
  if (read === undefined || read.includes('any')) return undefined
  return read.filter((action) => action !== 'any')
}

function isSeeing({ system, code }: Coding): boolean {
  return system === CONSENT_ACTION_SYSTEM && SEEING_ACTIONS.includes(code)
}

export interface ReadCodes {
  readonly modalities?: readonly string[] | undefined
  readonly bodyRegions?: readonly string[] | undefined
}

/** Modalities (DCM) or body regions (SNOMED CT); one list means "any of", so it holds only one of the two. */
export function readCodes(value: unknown, place: Place): ReadCodes {
  const codes = readList(value, place, (item, at) => {
    const coding = codingsOf(item).find(
      ({ system }) => system === DICOM_SYSTEM || system === SNOMED,
    )
    if (coding === undefined)
      throw unread(at, 'is neither a DICOM modality nor a SNOMED CT body region')
    return coding
  })
  if (codes === undefined) return {}
  const of = (system: string): readonly string[] =>
    codes.filter((coding) => coding.system === system).map(({ code }) => code)
  const [modalities, bodyRegions] = [of(DICOM_SYSTEM), of(SNOMED)]
  if (modalities.length > 0 && bodyRegions.length > 0)
    throw unread(place, 'mixes modalities and body regions; give each a provision of its own')
  return modalities.length > 0 ? { modalities } : { bodyRegions }
}

/** Study UIDs, given as such or through a study or report of the registry. */
export function readStudies(
  value: unknown,
  references: ConsentReferences,
  place: Place,
): readonly StudyUid[] | undefined {
  return readList(value, place, (item, at) => {
    if (!isJsonObject(item) || !isJsonObject(item.reference)) throw unread(at, 'has no reference')
    if (!OBJECT_MEANINGS.includes(String(item.meaning)))
      throw unread(within(at, '.meaning'), `is not one of ${OBJECT_MEANINGS.join(', ')}`)
    return studiesOf(item.reference, references, within(at, '.reference'))
  })?.flat()
}

function studiesOf(
  reference: JsonObject,
  references: ConsentReferences,
  place: Place,
): readonly StudyUid[] {
  const text = textOf(reference.reference)
  if (text !== undefined) {
    const studies = references.studies(text) ?? []
    if (studies.length === 0) throw unread(place, 'leads to no study of the registry')
    return studies
  }
  const identifier = isJsonObject(reference.identifier) ? reference.identifier : {}
  const uid = textOf(identifier.value)?.replace(/^urn:oid:/, '') ?? ''
  if (identifier.system !== DICOM_UID_SYSTEM || !isUid(uid))
    throw unread(place, 'is neither a study or report of the registry nor a Study Instance UID')
  return [parseStudyUid(uid)]
}

const MAX_ITEMS = 500

/** Undefined where the element is absent; what cannot be read is reported, not skipped in silence. */
export function readList<Item>(
  value: unknown,
  place: Place,
  read: (item: unknown, at: Place) => Item,
): readonly Item[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ITEMS)
    throw unread(place, `is not a list of 1 to ${MAX_ITEMS}`)
  return value.flatMap((item: unknown, index) => {
    const at = within(place, `[${index}]`)
    return attempt(at, () => [read(item, at)]) ?? []
  })
}

function readCoding(value: unknown, place: Place): Coding {
  const code = isJsonObject(value) ? textOf(value.code) : undefined
  if (!isJsonObject(value) || code === undefined) throw unread(place, 'has no code')
  return { system: textOf(value.system), code }
}

export function codingsOf(concept: unknown): readonly Coding[] {
  if (!isJsonObject(concept)) return []
  return listOf(concept.coding).flatMap((coding) => {
    const code = isJsonObject(coding) ? textOf(coding.code) : undefined
    return isJsonObject(coding) && code !== undefined
      ? [{ system: textOf(coding.system), code }]
      : []
  })
}
