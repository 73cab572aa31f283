/**
 * Narratives (R4 narrative, section 2.29.0): a limited XHTML without anything active. A browser may
 * one day be shown it, so what is not known to be harmless is refused.
 */

const ELEMENTS = new Set(
  (
    'a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em ' +
    'h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th ' +
    'thead tr tt ul var'
  ).split(' '),
)
const ATTRIBUTES = new Set(
  (
    'abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff charset cite class ' +
    'colspan dir frame headers height href hreflang id idref lang longdesc name noshade nowrap rel rev ' +
    'rowspan rules scope shape size space span src start style summary tabindex target title type valign ' +
    'value width xml:base xml:lang xml:space xmlns'
  ).split(' '),
)
/** Attributes that lead somewhere. */
const LINKS = new Set(['href', 'src', 'cite', 'longdesc'])
const HYPERLINKABLE = new Set(['http', 'https', 'mailto', 'tel', 'ftp', 'cid'])
/** What fetches from elsewhere or runs; a picture within the text or beside it does neither. */
const ACTIVE_STYLE =
  /url\s*\(\s*["']?\s*(?!data:\s*image\/)(?:[A-Za-z][A-Za-z0-9+.-]*:|\/\/)|expression\s*\(|@import|behavior\s*:|-moz-binding|\\/i
const XHTML = 'http://www.w3.org/1999/xhtml'
const MAX_DEPTH = 100

const TAG =
  /<(\/?)([A-Za-z][\w:.-]*)((?:\s+[A-Za-z_][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y
const ATTRIBUTE = /([A-Za-z_][\w:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/g
/** XML knows five entities by name; HTML's others need a DTD. */
const BAD_ENTITY = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)/

interface Reading {
  readonly open: string[]
  readonly faults: Set<string>
  hasContent: boolean
}

/** What is wrong with a narrative's `div`, each fault once. */
export function narrativeFaults(xhtml: string): readonly string[] {
  const reading: Reading = { open: [], faults: new Set(), hasContent: false }
  const text = xhtml.trim()
  const isDone = read(text, reading)
  if (!isDone) reading.faults.add('The narrative is not well-formed XHTML')
  else if (!reading.hasContent) reading.faults.add('The narrative says nothing (txt-2)')
  if (BAD_ENTITY.test(text))
    reading.faults.add('The narrative has an entity that XML does not know')
  return [...reading.faults]
}

/** False where it is not well formed, or no single `div`. */
function read(text: string, reading: Reading): boolean {
  let at = 0
  while (at < text.length) {
    const next = markupEnd(text, at, reading)
    if (next === undefined) return false
    at = next
    if (reading.open.length === 0) return at === text.length
    const end = text.indexOf('<', at)
    if (end < 0) return false
    if (text.slice(at, end).trim() !== '') reading.hasContent = true
    at = end
  }
  return false
}

/** Where the markup that begins here ends. */
function markupEnd(text: string, at: number, reading: Reading): number | undefined {
  if (text.startsWith('<!--', at)) return after(text, '-->', at + 4)
  if (text.startsWith('<![CDATA[', at)) return after(text, ']]>', at)
  TAG.lastIndex = at
  const tag = TAG.exec(text)
  if (tag === null) return undefined
  const [all, closes, name = '', attributes = '', empty] = tag
  if (closes === '/') return reading.open.pop() === name ? at + all.length : undefined
  openTag(name, attributes, reading)
  if (empty !== '/') reading.open.push(name)
  return reading.open.length > MAX_DEPTH ? undefined : at + all.length
}

function after(text: string, mark: string, from: number): number | undefined {
  const at = text.indexOf(mark, from)
  return at < 0 ? undefined : at + mark.length
}

function openTag(name: string, attributes: string, reading: Reading): void {
  const { open, faults } = reading
  if (name === 'img') reading.hasContent = true
  if (open.length === 0 && name !== 'div') faults.add('A narrative is one div (txt-1)')
  if (!ELEMENTS.has(name)) faults.add(`A narrative has no element ${name.slice(0, 32)} (txt-1)`)
  const pairs = [...attributes.matchAll(ATTRIBUTE)].map(
    ([, key = '', double, single]) => [key, double ?? single ?? ''] as const,
  )
  if (open.length === 0 && !pairs.some(([key, value]) => key === 'xmlns' && value === XHTML)) {
    faults.add(`A narrative's div is in the namespace ${XHTML}`)
  }
  for (const [key, value] of pairs) {
    const fault = attributeFault(key, value)
    if (fault !== undefined) faults.add(fault)
  }
}

function attributeFault(name: string, value: string): string | undefined {
  if (!ATTRIBUTES.has(name)) return `A narrative has no attribute ${name.slice(0, 32)} (txt-1)`
  if (name === 'style' && ACTIVE_STYLE.test(value)) {
    return 'A style in a narrative loads nothing and runs nothing (txt-1)'
  }
  return LINKS.has(name) ? linkFault(name, value) : undefined
}

function linkFault(name: string, value: string): string | undefined {
  const scheme = /^\s*([A-Za-z][A-Za-z0-9+.-]*):/.exec(value)?.[1]?.toLowerCase()
  if (scheme === undefined || HYPERLINKABLE.has(scheme)) return undefined
  if (name === 'src' && /^\s*data:\s*image\//i.test(value)) return undefined
  return 'A link in a narrative leads to a page: http, https, mailto, tel or ftp'
}
