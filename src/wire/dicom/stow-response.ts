/** Store Instances Response Module (PS3.18 annex I) in the DICOM JSON model. */
import type { DicomJson, DicomJsonElement } from '../../domain/imaging/study.ts'

/** Failure Reason (0008,1197), PS3.18 table I.2-2 and PS3.4 table B.2-1. */
export const FAILURE_REASONS = {
  /** Processing failure. */
  'processing-failure': 0x0110,
  /** Duplicate SOP instance: one with other bytes is held already. */
  duplicate: 0x0111,
  /** Data set does not match SOP class, or the study of the request. */
  'does-not-match': 0xa900,
  /** Cannot understand. */
  'cannot-understand': 0xc000,
  /** Out of resources. */
  'out-of-resources': 0xa700,
} as const
export type FailureReason = keyof typeof FAILURE_REASONS

export interface StoredReference {
  readonly studyUid: string
  readonly seriesUid: string
  readonly sopClassUid: string
  readonly instanceUid: string
}

export interface FailedReference {
  readonly reason: FailureReason
  /** Absent where the part could not be read so far. */
  readonly sopClassUid?: string | undefined
  readonly instanceUid?: string | undefined
}

export interface StoreResult {
  readonly stored: readonly StoredReference[]
  readonly failed: readonly FailedReference[]
}

/** `service` is the public base address of the DICOMweb face. */
export function storeResponse({ stored, failed }: StoreResult, service: string): DicomJson {
  const named = failed.filter(isNamed)
  const unnamed = failed.filter((failure) => !isNamed(failure))
  const studies = new Set(stored.map(({ studyUid }) => studyUid))
  const [study] = studies
  return {
    ...(studies.size === 1 && { '00081190': element('UR', `${service}/studies/${study}`) }),
    ...(named.length > 0 && { '00081198': element('SQ', ...named.map(namedFailure)) }),
    ...(stored.length > 0 && {
      '00081199': element('SQ', ...stored.map((one) => reference(one, service))),
    }),
    ...(unnamed.length > 0 && {
      '0008119A': element('SQ', ...unnamed.map(({ reason }) => failureReason(reason))),
    }),
  }
}

function reference(stored: StoredReference, service: string): DicomJson {
  const { studyUid, seriesUid, instanceUid, sopClassUid } = stored
  const url = `${service}/studies/${studyUid}/series/${seriesUid}/instances/${instanceUid}`
  return {
    '00081150': element('UI', sopClassUid),
    '00081155': element('UI', instanceUid),
    '00081190': element('UR', url),
  }
}

function isNamed(
  failure: FailedReference,
): failure is FailedReference & { readonly instanceUid: string } {
  return failure.instanceUid !== undefined
}

function namedFailure(failure: FailedReference & { readonly instanceUid: string }): DicomJson {
  return {
    ...(failure.sopClassUid !== undefined && { '00081150': element('UI', failure.sopClassUid) }),
    '00081155': element('UI', failure.instanceUid),
    ...failureReason(failure.reason),
  }
}

function failureReason(reason: FailureReason): DicomJson {
  return { '00081197': element('US', FAILURE_REASONS[reason]) }
}

function element(vr: string, ...values: readonly unknown[]): DicomJsonElement {
  return { vr, Value: values }
}
