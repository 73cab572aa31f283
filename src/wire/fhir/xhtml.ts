/**
 * The XHTML of a narrative, written in one way wherever it comes from: no prefixes on XHTML's own elements,
 * comments and white space kept (R4 narrative.html). As text it stands in JSON, as elements in XML.
 */
import { escapeAttribute, escapeText } from '../xml/characters.ts'
import type { XmlCursor } from '../xml/cursor.ts'
import type { XmlAttribute, XmlStart } from '../xml/start-tag.ts'
import { nextToken, openXml } from '../xml/tokens.ts'

const XHTML = 'http://www.w3.org/1999/xhtml'

/** From text, as in JSON: undefined where it is not one well-formed `div` of XHTML. */
export function xhtmlOf(text: string): string | undefined {
  try {
    const cursor = openXml(text.trim())
    const start = nextToken(cursor)
    if (start?.kind !== 'start' || !isDiv(start)) return undefined
    const xhtml = readXhtml(cursor, start)
    return nextToken(cursor) === undefined ? xhtml : undefined
  } catch {
    return undefined
  }
}

export function isDiv({ namespace, name }: XmlStart): boolean {
  return namespace === XHTML && name === 'div'
}

/** The element whose start was just read, up to and with its end. */
export function readXhtml(cursor: XmlCursor, start: XmlStart): string {
  const out: string[] = []
  const open: XmlStart[] = []
  let token: ReturnType<typeof nextToken> = start
  do {
    if (token?.kind === 'start') {
      out.push(startTag(token, open.at(-1)?.namespace))
      open.push(token)
    } else if (token?.kind === 'text') {
      out.push(escapeText(token.value))
    } else if (token?.kind === 'comment') {
      out.push(`<!--${token.value}-->`)
    } else {
      out.push(endTag(open.pop()))
    }
    if (open.length > 0) token = nextToken(cursor)
  } while (open.length > 0)
  return out.join('')
}

function startTag(start: XmlStart, around: string | undefined): string {
  const declaration =
    start.namespace === around ? '' : ` xmlns="${escapeAttribute(start.namespace)}"`
  const attributes = start.attributes.map(attributeText).join('')
  return `<${start.name}${declaration}${attributes}${start.isEmpty ? '/>' : '>'}`
}

function attributeText({ prefix, namespace, name, value }: XmlAttribute): string {
  if (prefix === '') return ` ${name}="${escapeAttribute(value)}"`
  // The prefix of XML itself needs no declaration.
  const declaration = prefix === 'xml' ? '' : ` xmlns:${prefix}="${escapeAttribute(namespace)}"`
  return `${declaration} ${prefix}:${name}="${escapeAttribute(value)}"`
}

function endTag(start: XmlStart | undefined): string {
  return start === undefined || start.isEmpty ? '' : `</${start.name}>`
}
