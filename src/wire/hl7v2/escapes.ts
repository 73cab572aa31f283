/** Escape sequences inside a field (HL7 v2.5, section 2.7). */
import { decodeUnchecked, type Charset } from './charset.ts'

/** MSH-1 and MSH-2. */
export interface Delimiters {
  readonly field: string
  readonly component: string
  readonly repetition: string
  readonly escape: string
  readonly subcomponent: string
}

export interface Escaping {
  readonly delimiters: Delimiters
  /** Of the bytes in `\X..\`. */
  readonly charset: Charset
}

/** Lines or spaces that one formatting command may ask for. */
const MOST_REPEATED = 100

const SEQUENCES = String.raw`[FSTREHN]|\.(?:br|sp|sk|fi|nf|in|ti|ce)\s?[+-]?\d{0,3}|X(?:[0-9A-Fa-f]{2}){1,1024}`

/** What is no sequence known here stays as it stands: nothing of a report is lost. */
export function unescape(text: string, { delimiters, charset }: Escaping): string {
  const { escape } = delimiters
  if (escape === '' || !text.includes(escape)) return text
  const mark = `\\u{${(escape.codePointAt(0) ?? 0).toString(16)}}`
  const sequences = new RegExp(`${mark}(${SEQUENCES})${mark}`, 'gu')
  return text.replaceAll(
    sequences,
    (whole, code: string) => meaningOf(code, delimiters, charset) ?? whole,
  )
}

function meaningOf(code: string, delimiters: Delimiters, charset: Charset): string | undefined {
  if (code.startsWith('.')) return formatting(code)
  if (code.startsWith('X')) return hexadecimal(code, charset)
  switch (code) {
    case 'F':
      return delimiters.field
    case 'S':
      return delimiters.component
    case 'T':
      return delimiters.subcomponent
    case 'R':
      return delimiters.repetition
    case 'E':
      return delimiters.escape
    default:
      // Highlighting means nothing in plain text.
      return ''
  }
}

/** Commands of formatted text (HL7 v2.5, section 2.7.6). */
function formatting(code: string): string {
  const times = Math.min(Number(/\d+/.exec(code)?.[0] ?? 1), MOST_REPEATED)
  const command = code.slice(1, 3)
  if (command === 'br' || command === 'ce') return '\n'
  if (command === 'sp') return '\n'.repeat(times)
  return command === 'sk' ? ' '.repeat(times) : ''
}

function hexadecimal(code: string, charset: Charset): string | undefined {
  const text = decodeUnchecked(Buffer.from(code.slice(1), 'hex'), charset)
  // Carriage return and line feed are how senders write a line's end in this way.
  return text === undefined ? undefined : withoutControls(text.replaceAll(/\r\n?/g, '\n'))
}

/** Of the control characters, text has tabulators and lines. */
export function withoutControls(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
}
