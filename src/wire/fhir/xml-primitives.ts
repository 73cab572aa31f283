/** Values of primitive types: text in XML; text, numbers and booleans in JSON (R4 json.html, section 2.6.2.2). */
import { exactNumber, numberText, type RawNumber } from './exact-json.ts'

const NUMBERS = new Set(['decimal', 'integer', 'positiveInt', 'unsignedInt'])
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Undefined where the text is no value of the type, as far as JSON tells: formats are for validation. */
export function primitiveValue(
  text: string,
  code: string,
): string | boolean | number | RawNumber | undefined {
  if (code === 'boolean') return BOOLEANS.get(text.trim())
  if (NUMBERS.has(code)) return JSON_NUMBER.test(text.trim()) ? exactNumber(text.trim()) : undefined
  return text === '' ? undefined : text
}

/** The text of a JSON value for the attribute; undefined where it is no primitive value. */
export function primitiveText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' ? String(value) : numberText(value)
}
