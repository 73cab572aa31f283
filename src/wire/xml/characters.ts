/** Characters of XML 1.0 and the references that stand for them. */
import { malformed, type XmlCursor } from './cursor.ts'

/** Section 2.2, "Char"; half a surrogate pair no decoder lets through. */
export const FORBIDDEN_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

const REFERENCE = /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([\dA-Fa-f]{1,6}));|&/g
const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
}

/** The text with its references replaced. Throws on an ampersand alone, and on entities beyond the five. */
export function decodeReferences(raw: string, cursor: XmlCursor): string {
  if (!raw.includes('&')) return raw
  return raw.replaceAll(REFERENCE, (_, entity?: string, decimal?: string, hex?: string) => {
    if (entity !== undefined) return ENTITIES[entity] ?? ''
    const code = decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal)
    // NaN, of what is neither, is no character.
    if (!isCharacter(code)) throw malformed(cursor, 'a reference to no character XML has')
    return String.fromCodePoint(code)
  })
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
