/** XML of the outside as a tree, bounded, without a DTD: what one could declare is never looked at. */
import { DOMParser, type Element, type Node } from '@xmldom/xmldom'
import { HubError } from '../../kernel/errors.ts'

/** A report with its documents inline. */
export const MAX_XML = 8 * 1024 * 1024
const MAX_DEPTH = 60
const MAX_NODES = 50_000

/** Throws `invalid`; the message says nothing of the content. */
export function readXml(bytes: Uint8Array): Element {
  if (bytes.length > MAX_XML) throw new HubError('too-large', 'The document is too long')
  const text = decode(bytes)
  if (/<!DOCTYPE|<!ENTITY/i.test(text))
    throw new HubError('invalid', 'The document has a DOCTYPE, which is not taken')
  requireBounded(text)
  const root = parse(text)
  if (root === null) throw new HubError('invalid', 'The document has no element')
  return root
}

/** The declaration, else UTF-8; what is declared is held against the bytes. */
function decode(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const head = buffer.subarray(0, 200).toString('latin1')
  const [, declared = 'utf-8'] =
    /^(?:\xef\xbb\xbf)?<\?xml[^>]*\sencoding\s*=\s*["']([^"']+)["']/.exec(head) ?? []
  const utf8 = strictly(bytes)
  switch (declared.toLowerCase()) {
    case 'utf-8':
    case 'us-ascii':
      if (utf8 !== undefined) return utf8
      throw new HubError('invalid', 'The document declares UTF-8, and its bytes are none')
    case 'iso-8859-1':
    case 'windows-1252':
    case 'iso-8859-15':
      // Text in single bytes is hardly ever valid UTF-8, unless it is ASCII.
      if (utf8 !== undefined && /[^\0-\x7f]/.test(utf8))
        throw new HubError('invalid', `The document declares ${declared}, and its bytes are UTF-8`)
      return new TextDecoder(declared.toLowerCase()).decode(bytes)
    default:
      throw new HubError('invalid', 'The document’s encoding is not read here; send it as UTF-8')
  }
}

function strictly(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Before anything is built of it: a tree costs many times its text. */
function requireBounded(text: string): void {
  let depth = 0
  let nodes = 0
  for (const [tag] of text.matchAll(/<\/?[A-Za-z_][^<>]*>/g)) {
    nodes += 1
    if (tag.startsWith('</')) depth -= 1
    else if (!tag.endsWith('/>')) depth += 1
    if (depth > MAX_DEPTH || nodes > MAX_NODES)
      throw new HubError('too-large', 'The document has too many elements, or too deep ones')
  }
}

function parse(text: string): Element | null {
  try {
    const parser = new DOMParser({
      locator: false,
      onError: (level) => {
        if (level !== 'warning') throw new Error(level)
      },
    })
    return parser.parseFromString(text, 'text/xml').documentElement
  } catch (cause) {
    throw new HubError('invalid', 'The document is not well-formed XML', { cause })
  }
}

const ELEMENT = 1
const TEXT_NODES: ReadonlySet<number> = new Set([3, 4])

function isElement(node: Node): node is Element {
  return node.nodeType === ELEMENT
}

/** Child elements of these names, whatever their namespace. */
export function childrenOf(
  element: Element | undefined,
  ...names: readonly string[]
): readonly Element[] {
  if (element === undefined) return []
  return [...element.childNodes]
    .filter(isElement)
    .filter(({ localName }) => names.includes(localName ?? ''))
}

/** The first element at a path of names, as `HCP.Inst.Name`. */
export function elementAt(element: Element | undefined, path: string): Element | undefined {
  let at = element
  for (const name of path.split('.')) at = childrenOf(at, name)[0]
  return at
}

/** Attribute `V` (or another) of the element at the path; undefined where empty. */
export function codeAt(
  element: Element | undefined,
  path: string,
  attribute = 'V',
): string | undefined {
  const value = elementAt(element, path)?.getAttribute(attribute)?.trim()
  return value === undefined || value === '' ? undefined : value
}

/** The text at the path, trimmed; undefined where empty. */
export function textAt(element: Element | undefined, path: string): string | undefined {
  const found = elementAt(element, path)
  const text = found?.textContent?.trim()
  return text === undefined || text === '' ? undefined : text
}

const BLOCKS: ReadonlySet<string> = new Set([
  'p',
  'div',
  'li',
  'tr',
  'h1',
  'h2',
  'h3',
  'h4',
  'ul',
  'ol',
  'table',
])

/** Text that may have XHTML in it, as lines. */
export function linesOf(element: Element): string {
  const text = flatten(element, false)
  return text
    .replaceAll(/[ \t]+\n/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

function flatten(element: Element, isMarkup: boolean): string {
  return [...element.childNodes]
    .map((node) => {
      if (TEXT_NODES.has(node.nodeType)) {
        const text = node.nodeValue ?? ''
        return isMarkup ? text.replaceAll(/\s+/g, ' ') : text
      }
      if (!isElement(node)) return ''
      if (node.localName === 'br') return '\n'
      const inner = flatten(node, true)
      return BLOCKS.has(node.localName ?? '') ? `\n${inner}\n` : inner
    })
    .join('')
}
