/**
 * A study as its DICOM headers tell it, at the three levels of the Study Root model (PS3.4 section C.6.2).
 * Attributes are in the DICOM JSON model (PS3.18 annex F), without bulk data.
 */
import type { InstanceUid, SeriesUid, StudyUid } from '../../kernel/ids.ts'

export interface DicomJsonElement {
  readonly vr: string
  readonly Value?: readonly unknown[]
  readonly InlineBinary?: string
  readonly BulkDataURI?: string
}
/** Keys are tags, eight upper-case hexadecimal digits, ascending. */
export type DicomJson = Readonly<Record<string, DicomJsonElement>>

/** What one object's header says, ready for the index. */
export interface InstanceHeader {
  readonly studyUid: StudyUid
  readonly seriesUid: SeriesUid
  readonly instanceUid: InstanceUid
  readonly sopClassUid: string
  readonly transferSyntaxUid?: string | undefined
  readonly patient: PatientClaim
  /** Study-, series- and instance-level attributes that QIDO-RS returns. */
  readonly studyAttributes: DicomJson
  readonly seriesAttributes: DicomJson
  readonly instanceAttributes: DicomJson
}

/** What an object or message says about whose it is. Never trusted, never logged. */
export interface PatientClaim {
  readonly id?: string | undefined
  /** `urn:oid:…` where the issuer is known: from (0010,0021)/(0010,0024) or the source's default. */
  readonly issuer?: string | undefined
  /** Further ids: (0010,1002) Other Patient IDs Sequence. */
  readonly otherIds: readonly { readonly id: string; readonly issuer?: string | undefined }[]
  readonly familyName?: string | undefined
  readonly givenName?: string | undefined
  /** YYYY-MM-DD */
  readonly birthDate?: string | undefined
  readonly sex?: 'male' | 'female' | 'other' | undefined
}
