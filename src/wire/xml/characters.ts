/** Characters of XML 1.0 and the references that stand for them. */
import { lookup } from '../../kernel/lookup.ts'
import { malformed, type XmlCursor } from './cursor.ts'

/** Section 2.2, "Char"; half a surrogate pair no decoder lets through. */
export const FORBIDDEN_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
}

/** A reference is short; the longest is `&#x10FFFF;`. */
const MAX_REFERENCE = 10
/** Pieces are joined as they come: a hostile text has a million. */
const PIECES = 4096

/** The text with its references replaced. Throws on an ampersand alone, and on entities beyond the five. */
export function decodeReferences(raw: string, cursor: XmlCursor): string {
  let at = raw.indexOf('&')
  if (at < 0) return raw
  let text = ''
  let pieces: string[] = []
  let from = 0
  for (; at >= 0; at = raw.indexOf('&', from)) {
    const length = raw.slice(at, at + MAX_REFERENCE).indexOf(';')
    const character = length < 0 ? undefined : characterOf(raw.slice(at + 1, at + length))
    if (character === undefined) throw malformed(cursor, 'a reference to no character XML has')
    pieces.push(raw.slice(from, at), character)
    from = at + length + 1
    if (pieces.length < PIECES) continue
    text += pieces.join('')
    pieces = []
  }
  return text + pieces.join('') + raw.slice(from)
}

function characterOf(reference: string): string | undefined {
  const entity = lookup(ENTITIES, reference)
  if (entity !== undefined) return entity
  const [, hex, decimal] = /^#(?:x([\dA-Fa-f]+)|(\d+))$/.exec(reference) ?? []
  const code = hex === undefined ? Number(decimal) : parseInt(hex, 16)
  // NaN, of what is neither, is no character.
  return isCharacter(code) ? String.fromCodePoint(code) : undefined
}

function isCharacter(code: number): boolean {
  if (!(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) return false
  return !FORBIDDEN_CHARACTER.test(String.fromCodePoint(code))
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** A value for an attribute in double quotes; white space survives as references (section 3.3.3). */
export function escapeAttribute(value: string): string {
  return /[&<>"\t\n\r]/.test(value)
    ? value.replaceAll(/[&<>"\t\n\r]/g, (one) => ESCAPES[one] ?? '')
    : value
}

export function escapeText(value: string): string {
  return value.replaceAll(/[&<>\r]/g, (one) => ESCAPES[one] ?? '')
}
