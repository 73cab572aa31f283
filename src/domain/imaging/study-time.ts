/** When a study began, in the form FHIR and the timeline need, from DICOM's local date and time. */

export interface StudyStart {
  /** FHIR dateTime: with time and offset where both are known, else the date alone. */
  readonly dateTime: string
  /** The first instant it can mean. */
  readonly instant: Date
}

export interface DicomTime {
  /** DA */
  readonly date?: string | undefined
  /** TM, perhaps cut short. */
  readonly time?: string | undefined
  /** (0008,0201) `+0100` */
  readonly offset?: string | undefined
}

/** A zone's offsets from UTC; making one is dear, asking it is cheap. */
export interface TimeZone {
  /** Minutes east of Greenwich at `instant`, milliseconds since 1970. */
  offsetAt(instant: number): number
}

/** `name` is of the IANA time zone database; throws RangeError where it is none. */
export function makeTimeZone(name: string): TimeZone {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  return {
    offsetAt(instant) {
      const parts = format.formatToParts(instant)
      const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
      const [, sign, hours, minutes] = /^GMT([+-])(\d{2}):(\d{2})/.exec(text) ?? []
      if (sign === undefined) return 0
      const offset = Number(hours) * 60 + Number(minutes)
      return sign === '-' ? -offset : offset
    },
  }
}

/** `zone` holds where the object names no offset. Undefined where there is no usable date. */
export function studyStart(told: DicomTime, zone: TimeZone): StudyStart | undefined {
  const date = parseDate(told.date)
  if (date === undefined) return undefined
  const time = parseTime(told.time)
  const local = Date.parse(`${date}T${time ?? '00:00:00'}Z`)
  const offset = parseOffset(told.offset) ?? offsetOf(local, zone)
  const instant = new Date(local - offset * 60_000)
  const dateTime = time === undefined ? date : `${date}T${time}${printOffset(offset)}`
  return { dateTime, instant }
}

function parseDate(text = ''): string | undefined {
  const [, year, month, day] = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text) ?? []
  if (year === undefined || month === undefined || day === undefined) return undefined
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`)
  if (Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day)) return undefined
  return `${year}-${month}-${day}`
}

/** PS3.5 section 6.2: minutes and seconds may be missing, `:` is the older form, a second 60 is a leap second. */
function parseTime(text = ''): string | undefined {
  const [, hour, minute = '00', second = '00'] =
    /^([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(?:\.\d{1,6})?)?)?$/.exec(text.trim()) ?? []
  if (hour === undefined) return undefined
  return `${hour}:${minute}:${second === '60' ? '59' : second}`
}

/** Minutes east of Greenwich. */
function parseOffset(text = ''): number | undefined {
  const [, sign, hours, minutes] = /^([+-])(\d{2})([0-5]\d)$/.exec(text.trim()) ?? []
  if (sign === undefined || Number(hours) > 14) return undefined
  const offset = Number(hours) * 60 + Number(minutes)
  return sign === '-' ? -offset : offset
}

/** The zone's offset at a local time; in the hour that comes twice a year, the first of the two. */
function offsetOf(local: number, zone: TimeZone): number {
  const before = zone.offsetAt(local - 24 * 3_600_000)
  const after = zone.offsetAt(local + 24 * 3_600_000)
  const first = Math.max(before, after)
  return zone.offsetAt(local - first * 60_000) === first ? first : Math.min(before, after)
}

function printOffset(offset: number): string {
  if (offset === 0) return 'Z'
  const minutes = Math.abs(offset)
  const pad = (value: number): string => String(value).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
}
