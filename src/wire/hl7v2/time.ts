/** TS: `YYYYMMDD[HHMM[SS[.S]]][+/-ZZZZ]` (HL7 v2.5, section 2.A.75). */
import { studyStart, type StudyStart, type TimeZone } from '../../domain/imaging/study-time.ts'

/** `zone` holds where the text names no offset. Undefined where it is less than a day, or no time. */
export function parseTimestamp(text: string | undefined, zone: TimeZone): StudyStart | undefined {
  const [, date, time, offset] =
    /^(\d{8})(\d{2,6}(?:\.\d{1,4})?)?([+-]\d{4})?$/.exec(text ?? '') ?? []
  return studyStart({ date, time, offset }, zone)
}
