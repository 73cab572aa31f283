/** The start of an element: its name, its attributes, and the namespaces of both. */
import { decodeReferences } from './characters.ts'
import { malformed, skipWhitespace, take, type Scope, type XmlCursor } from './cursor.ts'
import { isDeclaration, namespaceOf, scopeOf, type RawAttribute } from './namespaces.ts'

export interface XmlAttribute {
  readonly prefix: string
  /** '' without a prefix: a default namespace is not for attributes. */
  readonly namespace: string
  readonly name: string
  readonly value: string
}

export interface XmlStart {
  readonly kind: 'start'
  readonly namespace: string
  /** Without prefix. */
  readonly name: string
  /** Without namespace declarations. */
  readonly attributes: readonly XmlAttribute[]
  /** Written `<a/>`; its end follows all the same. */
  readonly isEmpty: boolean
  readonly at: number
}

/** FHIR and the XHTML in it nest some twenty levels. */
const MAX_DEPTH = 100
/** Elements and attributes: a body of 4 MB in FHIR has as many. */
const MAX_NODES = 200_000
const MAX_ATTRIBUTES = 64

const NAME_START = String.raw`A-Z_a-z\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{2FF}\u{370}-\u{37D}\u{37F}-\u{1FFF}\u{200C}-\u{200D}\u{2070}-\u{218F}\u{2C00}-\u{2FEF}\u{3001}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFFD}\u{10000}-\u{EFFFF}`
const NC_NAME = String.raw`[${NAME_START}][\-.0-9\u{B7}\u{300}-\u{36F}\u{203F}-\u{2040}${NAME_START}]*`
const QUALIFIED_NAME = new RegExp(`(?:(${NC_NAME}):)?(${NC_NAME})(?!:)`, 'uy')

/** Reads the tag that begins at the cursor and opens its element. */
export function readStartTag(cursor: XmlCursor): XmlStart {
  const { at, open } = cursor
  if (open.length === 0 && cursor.hadRoot) throw malformed(cursor, 'a second root element')
  if (open.length >= MAX_DEPTH) throw malformed(cursor, `nests deeper than ${MAX_DEPTH} levels`)
  cursor.at++
  const { prefix, name } = readName(cursor)
  const raw = readAttributes(cursor)
  const isEmpty = take(cursor, '/')
  if (!take(cursor, '>')) throw malformed(cursor, 'the end of the tag was expected')
  countNodes(cursor, raw.length + 1)
  const scope = scopeOf(cursor, raw.filter(isDeclaration))
  const attributes = resolved(cursor, scope, raw)
  const namespace = namespaceOf(cursor, scope, prefix)
  open.push({ qualifiedName: prefix === '' ? name : `${prefix}:${name}`, scope })
  cursor.hadRoot = true
  cursor.ending = isEmpty
  return { kind: 'start', namespace, name, attributes, isEmpty, at }
}

function countNodes(cursor: XmlCursor, count: number): void {
  cursor.nodes += count
  if (cursor.nodes > MAX_NODES) {
    throw malformed(cursor, `more than ${MAX_NODES} elements and attributes`)
  }
}

function readName(cursor: XmlCursor): { readonly prefix: string; readonly name: string } {
  QUALIFIED_NAME.lastIndex = cursor.at
  const match = QUALIFIED_NAME.exec(cursor.text)
  if (match === null) throw malformed(cursor, 'a name was expected')
  cursor.at += match[0].length
  return { prefix: match[1] ?? '', name: match[2] ?? '' }
}

function readAttributes(cursor: XmlCursor): readonly RawAttribute[] {
  const attributes: RawAttribute[] = []
  // White space before each, so that none begins where another ends.
  while (skipWhitespace(cursor) && !'/>'.includes(cursor.text[cursor.at] ?? '/')) {
    if (attributes.length >= MAX_ATTRIBUTES) throw malformed(cursor, 'too many attributes')
    const name = readName(cursor)
    skipWhitespace(cursor)
    if (!take(cursor, '=')) throw malformed(cursor, 'an equals sign was expected')
    skipWhitespace(cursor)
    attributes.push({ ...name, value: readValue(cursor) })
  }
  return attributes
}

function readValue(cursor: XmlCursor): string {
  const quote = cursor.text[cursor.at]
  if (quote !== '"' && quote !== "'") throw malformed(cursor, 'a value in quotes was expected')
  const end = cursor.text.indexOf(quote, cursor.at + 1)
  const raw = cursor.text.slice(cursor.at + 1, end < 0 ? cursor.at + 1 : end)
  if (end < 0 || raw.includes('<')) throw malformed(cursor, 'a value that does not end')
  // XML, section 3.3.3: white space becomes spaces unless it is written as a reference.
  const value = decodeReferences(/[\t\n]/.test(raw) ? raw.replaceAll(/[\t\n]/g, ' ') : raw, cursor)
  cursor.at = end + 1
  return value
}

function resolved(
  cursor: XmlCursor,
  scope: Scope,
  raw: readonly RawAttribute[],
): readonly XmlAttribute[] {
  const attributes = raw
    .filter((one) => !isDeclaration(one))
    .map((one) => ({
      ...one,
      namespace: one.prefix === '' ? '' : namespaceOf(cursor, scope, one.prefix),
    }))
  const names = new Set(attributes.map(({ namespace, name }) => `${namespace} ${name}`))
  if (names.size < attributes.length) throw malformed(cursor, 'an attribute that is there twice')
  return attributes
}
