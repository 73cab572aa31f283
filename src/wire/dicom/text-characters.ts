/** Which control characters a text may hold: PS3.5 table 6.2-1. A NUL is none of them, and no database takes it. */

/** ESC begins a code extension, wherever other character sets may stand. */
const ANY = /[^\P{Cc}\x7f-\x9f]/u
const ALL_BUT_ESCAPE = /[^\P{Cc}\u{1b}\x7f-\x9f]/u
const ALL_BUT_LAYOUT = /[^\P{Cc}\t\n\f\r\u{1b}\x7f-\x9f]/u

const ESCAPED = new Set(['LO', 'PN', 'SH', 'UC'])
const LAID_OUT = new Set(['LT', 'ST', 'UT'])

/** False where `text` holds a control character that its VR does not allow, or half a surrogate pair. */
export function isProperText(vr: string, text: string): boolean {
  const forbidden = LAID_OUT.has(vr) ? ALL_BUT_LAYOUT : ESCAPED.has(vr) ? ALL_BUT_ESCAPE : ANY
  return !forbidden.test(text) && text.isWellFormed()
}
