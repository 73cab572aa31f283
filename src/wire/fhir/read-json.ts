/**
 * JSON read by hand: slower than the engine, but it keeps every number's digits and can say where in the
 * resource something is wrong. Used for texts the scan found peculiar or the engine refused.
 */
import { HubError } from '../../kernel/errors.ts'
import { lineAndColumn, pathText, type Step } from '../element-path.ts'
import { exactNumber } from './exact-json.ts'
import type { JsonObject } from './json.ts'

export interface JsonBounds {
  readonly depth: number
  readonly values: number
}

interface Cursor {
  readonly text: string
  readonly bounds: JsonBounds
  at: number
  /** Where in the resource: one step for each open container. */
  readonly steps: Step[]
  root: string
  values: number
}

const WHITESPACE = new Set([' ', '\t', '\n', '\r'])
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const NUMBER_CHARACTERS = new Set('-+.eE0123456789')
/** R4 datatypes, "string": no characters below U+0020 but tab, carriage return and line feed. */
const CONTROL_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/
const LITERALS: readonly (readonly [string, boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

/** Throws `invalid` with the place: line and column, and the FHIRPath as far as it had come. */
export function readJson(text: string, bounds: JsonBounds): unknown {
  const cursor: Cursor = { text, bounds, at: 0, steps: [], root: 'Resource', values: 0 }
  const value = readValue(cursor)
  skipWhitespace(cursor)
  if (cursor.at < text.length) throw notJson(cursor, 'nothing may follow the value')
  return value
}

function readValue(cursor: Cursor): unknown {
  skipWhitespace(cursor)
  if (++cursor.values > cursor.bounds.values) {
    throw refused(cursor, `More than ${cursor.bounds.values} values`)
  }
  switch (cursor.text[cursor.at]) {
    case '{':
      return readContainer(cursor, readObject)
    case '[':
      return readContainer(cursor, readArray)
    case '"':
      return readString(cursor)
    case 't':
    case 'f':
    case 'n':
      return readLiteral(cursor)
    default:
      return readNumber(cursor)
  }
}

function readContainer(cursor: Cursor, read: (cursor: Cursor) => unknown): unknown {
  if (cursor.steps.length >= cursor.bounds.depth) {
    throw refused(cursor, `Nests deeper than ${cursor.bounds.depth} levels`)
  }
  cursor.at++
  cursor.steps.push('')
  const value = read(cursor)
  cursor.steps.pop()
  return value
}

function readObject(cursor: Cursor): JsonObject {
  const members = new Map<string, unknown>()
  if (take(cursor, '}')) return {}
  do {
    const name = readName(cursor)
    cursor.steps[cursor.steps.length - 1] = name
    if (members.has(name)) throw refused(cursor, 'There twice: a name may occur once in an object')
    if (name === '__proto__') throw refused(cursor, 'FHIR has no such element')
    if (!take(cursor, ':')) throw notJson(cursor, 'a colon was expected')
    const value = readValue(cursor)
    if (name === 'resourceType' && cursor.steps.length === 1 && typeof value === 'string') {
      cursor.root = value
    }
    members.set(name, value)
  } while (take(cursor, ','))
  if (!take(cursor, '}')) throw notJson(cursor, 'a comma or the end of the object was expected')
  return Object.fromEntries(members)
}

function readName(cursor: Cursor): string {
  skipWhitespace(cursor)
  if (cursor.text[cursor.at] !== '"') throw notJson(cursor, 'a name in quotes was expected')
  return readString(cursor)
}

function readArray(cursor: Cursor): readonly unknown[] {
  const items: unknown[] = []
  if (take(cursor, ']')) return items
  do {
    cursor.steps[cursor.steps.length - 1] = items.length
    items.push(readValue(cursor))
  } while (take(cursor, ','))
  if (!take(cursor, ']')) throw notJson(cursor, 'a comma or the end of the list was expected')
  return items
}

function readString(cursor: Cursor): string {
  const start = cursor.at
  const end = closingQuote(cursor.text, start)
  if (end < 0) throw notJson(cursor, 'the text that begins here does not end')
  const value = stringOf(cursor.text.slice(start, end + 1))
  if (value === undefined) {
    throw notJson(cursor, 'the text that begins here holds a bad escape or a raw control character')
  }
  if (CONTROL_CHARACTER.test(value)) throw refused(cursor, 'Holds a control character')
  if (!value.isWellFormed()) throw refused(cursor, 'Holds half a surrogate pair')
  cursor.at = end + 1
  return value
}

/** The engine judges escapes, and what it makes keeps no hold on the whole text. */
function stringOf(token: string): string | undefined {
  try {
    const value: unknown = JSON.parse(token)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function closingQuote(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

function isEscaped(text: string, at: number): boolean {
  let before = at
  while (text[before - 1] === '\\') before--
  return (at - before) % 2 === 1
}

function readLiteral(cursor: Cursor): boolean | null {
  const found = LITERALS.find(([word]) => cursor.text.startsWith(word, cursor.at))
  if (found === undefined) throw notJson(cursor, 'a value was expected')
  cursor.at += found[0].length
  return found[1]
}

function readNumber(cursor: Cursor): unknown {
  let end = cursor.at
  while (NUMBER_CHARACTERS.has(cursor.text[end] ?? '')) end++
  const text = cursor.text.slice(cursor.at, end)
  if (!NUMBER.test(text)) throw notJson(cursor, 'a value was expected')
  const value = exactNumber(text)
  if (value === undefined) throw refused(cursor, 'A number too long or too large to be kept')
  cursor.at = end
  return value
}

function take(cursor: Cursor, character: string): boolean {
  skipWhitespace(cursor)
  if (cursor.text[cursor.at] !== character) return false
  cursor.at++
  return true
}

function skipWhitespace(cursor: Cursor): void {
  while (WHITESPACE.has(cursor.text[cursor.at] ?? '')) cursor.at++
}

function notJson(cursor: Cursor, text: string): HubError {
  return located(
    cursor,
    'The body is not JSON',
    `${lineAndColumn(cursor.text, cursor.at)}: ${text}`,
  )
}

function refused(cursor: Cursor, text: string): HubError {
  return located(cursor, 'The JSON is not what a resource may be', text)
}

function located({ root, steps }: Cursor, message: string, text: string): HubError {
  const location = pathText(
    root,
    steps.filter((step) => step !== ''),
  )
  return new HubError('invalid', message, { problems: [{ location, text }] })
}
