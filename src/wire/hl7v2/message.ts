/**
 * Reading HL7 v2 messages: bytes to segments, and the values at places such as `PID-3.4.2`. Own code and not
 * @medplum/core's Hl7Message: that one has no bounds, no escapes and no character sets, throws at a repetition
 * that is not there, and takes the time of an acknowledgement from the clock.
 */
import { charsetNamed, decodeText, type Charset } from './charset.ts'
import { unescape, withoutControls, type Delimiters } from './escapes.ts'
import { ERROR_CODES, Hl7Fault } from './fault.ts'

export interface Hl7Segment {
  /** As `PID`. */
  readonly name: string
  /** The first, second, … of its name in the message. */
  readonly sequence: number
  /** Raw, numbered as the standard does: `fields[3]` is PID-3; in MSH too. */
  readonly fields: readonly string[]
  readonly delimiters: Delimiters
  readonly charset: Charset
}

export interface Hl7Message {
  readonly header: Hl7Segment
  /** In order, with the header. */
  readonly segments: readonly Hl7Segment[]
}

export interface ReadOptions {
  /** For a message that declares none in MSH-18. */
  readonly charset: Charset
}

/** A report with its document inline is the longest there is. */
export const MAX_MESSAGE = 16 * 1024 * 1024
const MAX_SEGMENTS = 5000
const MAX_FIELDS = 256

/** Throws `Hl7Fault`. Line feeds at the ends of segments are forgiven: the standard has carriage returns alone. */
export function readMessage(bytes: Uint8Array, options: ReadOptions): Hl7Message {
  if (bytes.length > MAX_MESSAGE) throw malformed('The message is too long')
  const head = readHead(bytes)
  const charset = declaredCharset(head) ?? options.charset
  const text = decodeText(bytes, charset)
  if (text.includes('\0')) throw malformed('The message has null characters')
  const [, ...lines] = linesOf(text)
  const counts = new Map<string, number>()
  const header = { ...head, charset, fields: headerFields(linesOf(text)[0] ?? '', head.delimiters) }
  const rest = lines.map((line) => readSegment(line, counts, header))
  return { header, segments: [header, ...rest] }
}

/**
 * MSH alone, byte for character: to answer a message whose text cannot be read. Throws `Hl7Fault` where
 * there is no MSH.
 */
export function readHead(bytes: Uint8Array): Hl7Segment {
  const start = Buffer.from(bytes.subarray(0, 4096)).toString('latin1')
  const line = start.split(/[\r\n]/, 1)[0] ?? ''
  const delimiters = delimitersOf(line)
  return {
    name: 'MSH',
    sequence: 1,
    fields: headerFields(line, delimiters),
    delimiters,
    charset: 'ascii',
  }
}

function delimitersOf(line: string): Delimiters {
  if (!line.startsWith('MSH')) throw malformed('The message does not begin with MSH')
  const field = line.charAt(3)
  const [encoding = ''] = line.slice(4).split(field, 1)
  const [component = '', repetition = '', escape = '', subcomponent = ''] = encoding.split('')
  const given = [field, component, repetition, escape, subcomponent].filter((one) => one !== '')
  // The fourth and fifth may be left out where they are not used; none is a letter, a digit or a space.
  if (
    field === '' ||
    encoding.length < 2 ||
    new Set(given).size < given.length ||
    given.some(isTextual)
  )
    throw malformed('MSH-1 and MSH-2 do not name the delimiters')
  return { field, component, repetition, escape, subcomponent }
}

function isTextual(delimiter: string): boolean {
  return /[\p{L}\p{N}\s\p{Cc}]/u.test(delimiter)
}

/** MSH-1 is the delimiter itself, so that it would be missing from what stands between delimiters. */
function headerFields(line: string, { field }: Delimiters): readonly string[] {
  const [name = '', ...rest] = line.split(field)
  return checkFields('MSH', [name, field, ...rest])
}

function declaredCharset(head: Hl7Segment): Charset | undefined {
  const [declared = ''] = (head.fields[18] ?? '').split(head.delimiters.repetition)
  if (declared.trim() === '') return undefined
  const charset = charsetNamed(declared)
  if (charset !== undefined) return charset
  throw new Hl7Fault({
    code: ERROR_CODES.tableValueNotFound,
    text: 'This character set is not read here; send UNICODE UTF-8 or 8859/1',
    place: 'MSH-18',
  })
}

function linesOf(text: string): readonly string[] {
  const lines = text.includes('\r') ? text.split('\r') : text.split('\n')
  const segments = lines.map((line) => line.replace(/^\n+/, '')).filter((line) => line !== '')
  if (segments.length <= MAX_SEGMENTS) return segments
  throw malformed('The message has too many segments')
}

function readSegment(line: string, counts: Map<string, number>, header: Hl7Segment): Hl7Segment {
  const { delimiters, charset } = header
  const fields = line.split(delimiters.field)
  const [name = ''] = fields
  if (!/^[A-Z][A-Z0-9]{2}$/.test(name) || name === 'MSH')
    throw malformed('A segment does not begin with a segment’s name')
  const sequence = (counts.get(name) ?? 0) + 1
  counts.set(name, sequence)
  return { name, sequence, fields: checkFields(name, fields), delimiters, charset }
}

function checkFields(name: string, fields: readonly string[]): readonly string[] {
  if (fields.length > MAX_FIELDS) throw malformed(`${name} has too many fields`)
  return fields
}

function malformed(text: string): Hl7Fault {
  return new Hl7Fault({ code: ERROR_CODES.segmentSequence, text })
}

export function firstSegment(message: Hl7Message, name: string): Hl7Segment | undefined {
  return message.segments.find((segment) => segment.name === name)
}

/** One repetition of a field, unescaped when asked for a part. */
export interface Hl7Repetition {
  readonly text: string
  readonly segment: Hl7Segment
}

/** The field's repetitions, empty ones left out; MSH-1 and MSH-2 have none. */
export function repetitionsOf(segment: Hl7Segment, field: number): readonly Hl7Repetition[] {
  const raw = segment.fields[field] ?? ''
  return raw
    .split(segment.delimiters.repetition)
    .filter((text) => text !== '')
    .map((text) => ({ text, segment }))
}

/** Its component (1, 2, …) and of that the subcomponent; undefined where empty or null (`""`). */
export function partOf(
  { text, segment }: Hl7Repetition,
  component: number,
  subcomponent = 1,
): string | undefined {
  const { delimiters } = segment
  const whole = text.split(delimiters.component)[component - 1] ?? ''
  const part =
    delimiters.subcomponent === ''
      ? whole
      : (whole.split(delimiters.subcomponent)[subcomponent - 1] ?? '')
  return valueOf(part, segment)
}

/** The value at a place of the segment, `5`, `5.1` or `3.4.2`, in the first repetition. */
export function valueAt(segment: Hl7Segment | undefined, place: string): string | undefined {
  if (segment === undefined) return undefined
  const [field = 0, component = 1, subcomponent = 1] = place.split('.').map(Number)
  const [first] = repetitionsOf(segment, field)
  return first === undefined ? undefined : partOf(first, component, subcomponent)
}

/** The whole field as one text, for fields whose delimiters are not meant (FT, TX). */
export function textOfField(segment: Hl7Segment, field: number): string | undefined {
  return valueOf(segment.fields[field] ?? '', segment)
}

/** The field says that there is no value any more, which an empty field does not. */
const NULL = '""'

function valueOf(raw: string, segment: Hl7Segment): string | undefined {
  if (raw === NULL) return undefined
  const text = withoutControls(unescape(raw, segment)).trim()
  return text === '' ? undefined : text
}
