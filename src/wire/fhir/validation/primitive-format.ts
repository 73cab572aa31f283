/** The lexical form of FHIR's primitive types in JSON (R4 datatypes, section 2.24.0.1). */
import { numberText } from '../exact-json.ts'

/** A string of R4 is at most 1 MB. */
const MAX_STRING = 1024 * 1024
const ID = /^[A-Za-z0-9\-.]{1,64}$/
const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,20})?$/
const ZONE = /^(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))$/
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/
const UUID = /^urn:uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/
// R4 allows tab, carriage return and line feed alone.
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/
const BASE64_GROUP = /^[A-Za-z0-9+/]*={0,2}$/

const STRINGS = new Map<string, (text: string) => string | undefined>([
  ['string', textFault],
  ['markdown', textFault],
  ['xhtml', textFault],
  ['code', codeFault],
  ['id', (text) => (ID.test(text) ? undefined : idFault(text))],
  ['uri', uriFault],
  ['url', uriFault],
  ['canonical', uriFault],
  ['oid', (text) => (OID.test(text) ? undefined : 'Not an OID: urn:oid:1.2.3')],
  ['uuid', (text) => (UUID.test(text) ? undefined : 'Not a UUID: urn:uuid: and 36 characters')],
  ['date', (text) => (isDate(text) ? undefined : 'Not a date: YYYY, YYYY-MM or YYYY-MM-DD')],
  ['dateTime', dateTimeFault],
  ['instant', instantFault],
  ['time', (text) => (TIME.test(text) ? undefined : 'Not a time: hh:mm:ss')],
  ['base64Binary', base64Fault],
])

const INTEGERS = new Map([
  ['integer', -(2 ** 31)],
  ['unsignedInt', 0],
  ['positiveInt', 1],
])

export function isPrimitive(type: string): boolean {
  return STRINGS.has(type) || INTEGERS.has(type) || type === 'boolean' || type === 'decimal'
}

/** What is wrong with a JSON value as a primitive of this type. */
export function primitiveFault(type: string, value: unknown): string | undefined {
  const check = STRINGS.get(type)
  if (check !== undefined) {
    if (typeof value !== 'string') return `A ${type} is a JSON string`
    if (value === '') return 'An empty value: leave it out'
    return check(value)
  }
  if (type === 'boolean') {
    return typeof value === 'boolean' ? undefined : 'A boolean is true or false, without quotes'
  }
  const text = numberText(value)
  if (text === undefined) return `A ${type} is a JSON number`
  const least = INTEGERS.get(type)
  return least === undefined ? undefined : integerFault(type, text, least)
}

function integerFault(type: string, text: string, least: number): string | undefined {
  const whole = /^-?(?:0|[1-9]\d{0,9})$/.test(text) ? Number(text) : NaN
  return whole >= least && whole < 2 ** 31 ? undefined : `Not a ${type} of 32 bits`
}

function textFault(text: string): string | undefined {
  if (CONTROL.test(text)) return 'Holds a control character'
  if (text.length > MAX_STRING) return 'Longer than 1 MB'
  return text.trim() === '' ? 'Holds nothing but white space' : undefined
}

function codeFault(text: string): string | undefined {
  const isTight = !/^\s|\s$|\s\s/.test(text) && !CONTROL.test(text)
  return isTight ? undefined : 'A code has no white space at its ends, and single spaces within'
}

function idFault(text: string): string {
  return text.length > 64
    ? 'An id has at most 64 characters'
    : 'An id has letters, digits, hyphens and dots alone'
}

function uriFault(text: string): string | undefined {
  return /\s/.test(text) ? 'A URI has no white space' : undefined
}

function dateTimeFault(text: string): string | undefined {
  const at = text.indexOf('T')
  if (at < 0)
    return isDate(text) ? undefined : 'Not a dateTime: YYYY-MM-DDThh:mm:ss+zz:zz, or a date'
  return instantFault(text)
}

function instantFault(text: string): string | undefined {
  const at = text.indexOf('T')
  if (at !== 10 || !isDate(text.slice(0, at))) return 'Not an instant: YYYY-MM-DDThh:mm:ss+zz:zz'
  const zoneAt = text.slice(at).search(/[Z+-]/)
  if (zoneAt < 0) return 'A date with a time has a time zone'
  const time = text.slice(at + 1, at + zoneAt)
  const isRight = TIME.test(time) && ZONE.test(text.slice(at + zoneAt))
  return isRight ? undefined : 'Not a time with a time zone: hh:mm:ss+zz:zz'
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** On the calendar: there is no 30 February. */
function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? []
  if (year === undefined || year === '0000') return false
  if (month === undefined) return true
  const days = DAYS[Number(month) - 1]
  if (days === undefined) return false
  const last = month === '02' && !isLeap(Number(year)) ? 28 : days
  return day === undefined || (Number(day) >= 1 && Number(day) <= last)
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function base64Fault(text: string): string | undefined {
  const packed = text.replaceAll(/\s/g, '')
  return packed.length % 4 === 0 && packed.length > 0 && BASE64_GROUP.test(packed)
    ? undefined
    : 'Not base64'
}
