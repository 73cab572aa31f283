/**
 * XML 1.0 with namespaces, one token after the other: as strict as the recommendation, and without document
 * types, so with no entities but the five (R4 xml.html). A document model of a body of 4 MB takes
 * 150 MB and half a second; this takes what a token needs.
 */
import { decodeReferences, FORBIDDEN_CHARACTER } from './characters.ts'
import { malformed, skipWhitespace, take, type XmlCursor } from './cursor.ts'
import { readStartTag, type XmlStart } from './start-tag.ts'

export type XmlToken =
  | XmlStart
  | { readonly kind: 'end' }
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'comment'; readonly value: string }

const SKIPPED = 'skipped'

const DECLARATION =
  /^<\?xml\s+version\s*=\s*(?:"1\.\d"|'1\.\d')(?:\s+encoding\s*=\s*(?:"[\w.-]+"|'[\w.-]+'))?(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>/

/** Throws `invalid` where the document holds a character that XML has not. */
export function openXml(document: string): XmlCursor {
  // XML, section 2.11.
  const text = document.includes('\r') ? document.replaceAll(/\r\n?/g, '\n') : document
  const cursor = { text, at: 0, open: [], nodes: 0, hadRoot: false, ending: false }
  const forbidden = text.search(FORBIDDEN_CHARACTER)
  if (forbidden >= 0) {
    throw malformed({ ...cursor, at: forbidden }, 'a character that XML does not allow')
  }
  cursor.at = DECLARATION.exec(text)?.[0].length ?? 0
  return cursor
}

/**
 * Undefined at the end of the document; processing instructions are passed over. Throws `invalid`, with line
 * and elements, where the document is not well-formed or beyond the bounds.
 */
export function nextToken(cursor: XmlCursor): XmlToken | undefined {
  let token = readToken(cursor)
  while (token === SKIPPED) token = readToken(cursor)
  return token
}

function readToken(cursor: XmlCursor): XmlToken | typeof SKIPPED | undefined {
  if (cursor.ending) return endElement(cursor)
  const { text, at } = cursor
  if (at >= text.length) {
    endDocument(cursor)
    return undefined
  }
  if (text[at] !== '<') return readText(cursor)
  switch (text[at + 1]) {
    case '/':
      return readEndTag(cursor)
    case '?':
      return readInstruction(cursor)
    case '!':
      return readMarkup(cursor)
    default:
      return readStartTag(cursor)
  }
}

function endDocument(cursor: XmlCursor): void {
  if (cursor.open.length > 0) throw malformed(cursor, 'the document ends within an element')
  if (!cursor.hadRoot) throw malformed(cursor, 'an element was expected')
}

function endElement(cursor: XmlCursor): XmlToken {
  cursor.ending = false
  cursor.open.pop()
  return { kind: 'end' }
}

function readText(cursor: XmlCursor): XmlToken | typeof SKIPPED {
  const { text, at } = cursor
  const next = text.indexOf('<', at)
  const raw = text.slice(at, next < 0 ? text.length : next)
  if (cursor.open.length === 0 && /[^ \t\n]/.test(raw)) {
    throw malformed(cursor, 'text outside the root element')
  }
  if (raw.includes(']]>')) throw malformed(cursor, 'text with the end of a CDATA section')
  const value = decodeReferences(raw, cursor)
  cursor.at += raw.length
  return cursor.open.length === 0 ? SKIPPED : { kind: 'text', value, at }
}

function readEndTag(cursor: XmlCursor): XmlToken {
  const name = cursor.open.at(-1)?.qualifiedName
  const start = cursor.at
  cursor.at += 2
  if (name !== undefined && cursor.text.startsWith(name, cursor.at)) cursor.at += name.length
  skipWhitespace(cursor)
  if (name === undefined || !take(cursor, '>')) {
    throw malformed({ ...cursor, at: start }, 'an end tag that closes no open element')
  }
  return endElement(cursor)
}

function readInstruction(cursor: XmlCursor): typeof SKIPPED {
  const start = cursor.at + 2
  const end = cursor.text.indexOf('?>', start)
  const instruction = cursor.text.slice(start, end < 0 ? start : end)
  if (!/^(?!xml(?:[ \t\n]|$))[\p{L}_][\p{L}\p{N}_.-]*(?:[ \t\n]|$)/iu.test(instruction)) {
    throw malformed(cursor, 'a bad processing instruction')
  }
  cursor.at = end + 2
  return SKIPPED
}

function readMarkup(cursor: XmlCursor): XmlToken {
  const { text, at } = cursor
  if (text.startsWith('<!--', at)) return readComment(cursor)
  if (text.startsWith('<![CDATA[', at) && cursor.open.length > 0) return readCdata(cursor)
  throw malformed(cursor, 'document types and entities are not allowed')
}

function readComment(cursor: XmlCursor): XmlToken {
  const start = cursor.at + 4
  const end = cursor.text.indexOf('--', start)
  if (end < 0 || cursor.text[end + 2] !== '>') throw malformed(cursor, 'a bad comment')
  cursor.at = end + 3
  return { kind: 'comment', value: cursor.text.slice(start, end) }
}

function readCdata(cursor: XmlCursor): XmlToken {
  const { at, text } = cursor
  const end = text.indexOf(']]>', at)
  if (end < 0) throw malformed(cursor, 'a CDATA section that does not end')
  cursor.at = end + 3
  return { kind: 'text', value: text.slice(at + 9, end), at }
}
