/** From a data set in the DICOM JSON model, read here or told by a source, to what the index keeps of it. */
import type { DicomJson, InstanceHeader } from '../../domain/imaging/study.ts'
import { isUid, parseInstanceUid, parseSeriesUid, parseStudyUid } from '../../domain/imaging/uid.ts'
import { pick, textAt } from './attributes.ts'
import { patientClaim } from './patient-claim.ts'
import { requireProperTexts } from './proper-texts.ts'
import { unreadable } from './unreadable.ts'
import { withoutWhereabouts } from './whereabouts.ts'

export interface HeaderOptions {
  /** (0002,0010), which is no part of the data set. */
  readonly transferSyntaxUid?: string | undefined
  /** `urn:oid:…` of patient ids that name no issuer. */
  readonly defaultIssuer?: string | undefined
}

/** PS3.18 table 10.6.3-3 and what a timeline shows. */
const STUDY = tags(`
  00080020 00080030 00080050 00080051 00080080 00080090 00080201 00081030 00081032
  00100010 00100020 00100021 00100024 00100030 00100040 00101010 0020000D 00200010`)
/** PS3.18 table 10.6.3-4. */
const SERIES = tags(`
  00080021 00080031 00080060 00080070 0008103E 00081090 00082218 00180015 00181030
  0020000E 00200011 00200052 00200060 00400244 00400245 00400275`)
/** PS3.18 table 10.6.3-5, and what tells a document's kind. */
const INSTANCE = tags(`
  00080008 00080016 00080018 00080023 00080033 00200013 00280008 00280010 00280011
  00280100 0040A043 0040A491 0040A493 00420010`)

/** Besides these, what tells whose it is. */
const CLAIM = tags('00101002')
const KEPT = [...STUDY, ...SERIES, ...INSTANCE, ...CLAIM]

/**
 * Throws `unprocessable`: with reason `missing-uid` where one of the four UIDs is missing or malformed, with
 * `malformed-text` where a text that the index would keep holds what no text may.
 */
export function toInstanceHeader(told: DicomJson, options: HeaderOptions = {}): InstanceHeader {
  const dataset = withoutWhereabouts(pick(told, KEPT))
  requireProperTexts(dataset)
  return {
    studyUid: parseStudyUid(uidAt(dataset, '0020000D', 'Study Instance UID')),
    seriesUid: parseSeriesUid(uidAt(dataset, '0020000E', 'Series Instance UID')),
    instanceUid: parseInstanceUid(uidAt(dataset, '00080018', 'SOP Instance UID')),
    sopClassUid: uidAt(dataset, '00080016', 'SOP Class UID'),
    transferSyntaxUid: options.transferSyntaxUid ?? uidOrNone(textAt(told, '00083002')),
    patient: patientClaim(dataset, options.defaultIssuer),
    studyAttributes: pick(dataset, STUDY),
    seriesAttributes: pick(dataset, SERIES),
    instanceAttributes: pick(dataset, INSTANCE),
  }
}

/** A source may say anything; what is no UID says nothing. */
function uidOrNone(text: string | undefined): string | undefined {
  return text !== undefined && isUid(text) ? text : undefined
}

function tags(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

function uidAt(dataset: DicomJson, tag: string, name: string): string {
  const uid = textAt(dataset, tag)
  if (uid === undefined) throw unreadable('missing-uid', `it has no ${name}`)
  if (!isUid(uid)) throw unreadable('missing-uid', `its ${name} is malformed`)
  return uid
}
