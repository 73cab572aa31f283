/**
 * Whether a text may hold a national id, so that it never gets into a URL or a log (access.md section 5).
 * What proves itself by its check digits is one wherever text may stand. Where a person is named, eleven
 * digits are enough: a mistyped number tells nearly as much. Digits within a UID, a UUID or a longer
 * number are none.
 */
import { parseNationalId } from './national-id.ts'

/** `person`: the place names a person. `text`: anything may stand there. */
export type Place = 'person' | 'text'

const ELEVEN_DIGITS = /(?<![\w.-])\d{6} ?\d{5}(?![\w.-])/g

export function mayHoldNationalId(text: string, place: Place): boolean {
  const suspects = text.match(ELEVEN_DIGITS) ?? []
  return place === 'person' ? suspects.length > 0 : suspects.some(isNationalId)
}

/** The text with every run of eleven digits hidden, for what may be logged but was not written here. */
export function maskElevenDigits(text: string): string {
  return text.replaceAll(ELEVEN_DIGITS, '***')
}

/** Synthetic ones too: a test shows what would happen to a person. */
function isNationalId(text: string): boolean {
  const parsed = parseNationalId(text, { environment: 'production' })
  return parsed.ok || parsed.problem === 'synthetic'
}
