/** DICOM unique identifiers, well-formed by construction. */
import { HubError } from '../../kernel/errors.ts'
import type { InstanceUid, SeriesUid, StudyUid } from '../../kernel/ids.ts'

/** PS3.5 section 9.1: components of digits without leading zeros, at most 64 characters. */
const UID = /^(?=.{1,64}$)(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+$/

export function isUid(text: string): boolean {
  return UID.test(text)
}

export const parseStudyUid = (text: string): StudyUid => requireUid(text) as StudyUid
export const parseSeriesUid = (text: string): SeriesUid => requireUid(text) as SeriesUid
export const parseInstanceUid = (text: string): InstanceUid => requireUid(text) as InstanceUid

function requireUid(text: string): string {
  if (!UID.test(text)) throw new HubError('invalid', 'Not a DICOM UID (PS3.5 section 9.1)')
  return text
}
