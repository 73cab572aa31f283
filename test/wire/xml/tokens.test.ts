import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOMParser, type Element } from '@xmldom/xmldom'
import fc from 'fast-check'
import { isHubError, type HubError } from '../../../src/kernel/errors.ts'
import { decodeXml } from '../../../src/wire/xml/decode.ts'
import { nextToken, openXml, type XmlToken } from '../../../src/wire/xml/tokens.ts'

function tokensOf(text: string): readonly XmlToken[] {
  const cursor = openXml(text)
  const tokens: XmlToken[] = []
  for (let token = nextToken(cursor); token !== undefined; token = nextToken(cursor)) {
    tokens.push(token)
  }
  return tokens
}

function refusal(read: () => unknown): HubError {
  try {
    read()
  } catch (error) {
    if (isHubError(error)) return error
    throw error
  }
  return assert.fail('accepted')
}

const said = (text: string) => refusal(() => tokensOf(text)).problems[0]

/** Names, attributes and text, in a form both readers can be brought to. */
function outlineOf(text: string): string {
  return tokensOf(text)
    .map((token) => {
      if (token.kind === 'end') return '/'
      if (token.kind === 'comment') return `#${token.value}#`
      if (token.kind === 'text') return token.value
      const attributes = token.attributes.map((one) => `{${one.namespace}}${one.name}=${one.value}`)
      return `<{${token.namespace}}${token.name} ${attributes.join(',')}>`
    })
    .join('')
}

function outlineOfElement(element: Element): string {
  const attributes = [...element.attributes]
    .filter((one) => one.namespaceURI !== 'http://www.w3.org/2000/xmlns/')
    .map((one) => `{${one.namespaceURI ?? ''}}${one.localName ?? ''}=${one.value}`)
  const children = [...element.childNodes].map((node) => {
    if (node.nodeType === node.ELEMENT_NODE) return outlineOfElement(node as Element)
    if (node.nodeType === node.COMMENT_NODE) return `#${node.nodeValue ?? ''}#`
    return node.nodeType === node.PROCESSING_INSTRUCTION_NODE ? '' : (node.nodeValue ?? '')
  })
  const start = `<{${element.namespaceURI ?? ''}}${element.localName ?? ''} ${attributes.join(',')}>`
  return `${start}${children.join('')}/`
}

const words = fc.constantFrom('a', 'æ', ' ', '\n', '&amp;', '&#229;', '&#x1F600;', '&lt;', '>', "'")
const text = fc.array(words, { maxLength: 5 }).map((parts) => parts.join(''))
const names = fc.constantFrom('a', 'b', 'p:a', 'p:b', 'ø-1')
const attribute = fc.tuple(fc.constantFrom('c', 'd', 'p:c', 'xml:lang'), text)
const { element } = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .record({
      name: names,
      attributes: fc.uniqueArray(attribute, { maxLength: 3, selector: ([name]) => name }),
      children: fc.array(
        fc.oneof(
          { maxDepth: 4 },
          text,
          fc.constantFrom('<!-- x -->', '<?pi x?>', '<![CDATA[<&]]>'),
          tie('element'),
        ),
        { maxLength: 4 },
      ),
      space: fc.constantFrom('', ' ', '\n'),
      declares: fc.constantFrom('', ' xmlns="urn:d"', ' xmlns:p="urn:q"', ' xmlns=""'),
    })
    .map(({ name, attributes, children, space, declares }) => {
      const inside = attributes.map(([key, value]) => ` ${key}="${value}"`).join('')
      const start = `<${name}${inside}${declares}${space}`
      return children.length === 0
        ? `${start}/>`
        : `${start}>${children.join('')}</${name}${space}>`
    }),
}))
const documents = element.map(
  (one) => `<?xml version="1.0"?>\n<r xmlns:p="urn:p">${one}</r>\n<!---->`,
)

test('documents are read as a DOM parser reads them', () => {
  fc.assert(
    fc.property(documents, (document) => {
      const root = new DOMParser().parseFromString(document, 'text/xml').documentElement
      assert.ok(root)
      assert.equal(outlineOf(document), `${outlineOfElement(root)}##`)
    }),
    { numRuns: 500 },
  )
})

test('whatever is damaged is read or refused, and nothing else', () => {
  const damage = fc.constantFrom(
    '<',
    '>',
    '"',
    '/',
    '&',
    '!',
    '?',
    '=',
    '-',
    ':',
    '\u0000',
    ']]>',
    '',
  )
  fc.assert(
    fc.property(documents, fc.nat(), damage, fc.nat(3), (document, where, put, cut) => {
      const at = where % document.length
      const damaged = document.slice(0, at) + put + document.slice(at + cut)
      try {
        tokensOf(damaged)
      } catch (error) {
        if (!isHubError(error, 'invalid')) throw error
      }
    }),
    { numRuns: 1000 },
  )
})

test('what is not well-formed is refused', () => {
  for (const document of [
    '',
    'text',
    '<a>',
    '<a></b>',
    '</a>',
    '<a/><b/>',
    '<a/>text',
    '<a b=1/>',
    '<a b/>',
    '<a b="1"c="2"/>',
    '<a b="1" b="2"/>',
    '<a b="<"/>',
    '<a b="1/>',
    '<a b="&"/>',
    '<a>&</a>',
    '<a>&nbsp;</a>',
    '<a>&#0;</a>',
    '<a>&#xD800;</a>',
    '<a>&#x110000;</a>',
    '<a>&#xFFFE;</a>',
    '<a>\u0001</a>',
    '<a>]]></a>',
    '<a><![CDATA[</a>',
    '<![CDATA[x]]>',
    '<a><!-- -- --></a>',
    '<a><!-- --',
    '<a><?xml version="1.0"?></a>',
    ' <?xml version="1.0"?><a/>',
    '<a><? x?></a>',
    '<a><?x</a>',
    '<p:a/>',
    '<a p:b=""/>',
    '<a xmlns:p=""/>',
    '<a xmlns:xmlns="urn:a"/>',
    '<a xmlns:p="http://www.w3.org/2000/xmlns/"/>',
    '<a xmlns:p="u" xmlns:q="u" p:b="" q:b=""/>',
    '<a xmlns="u" xmlns="u"/>',
    '<a:b:c/>',
    '<1a/>',
    '< a/>',
    '<a / >',
  ]) {
    assert.match(said(document)?.text ?? '', /^Line 1, column \d+: /, document)
  }
})

test('document types and entities are refused', () => {
  for (const document of [
    '<!DOCTYPE a><a/>',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    '<a><!DOCTYPE a></a>',
  ]) {
    assert.match(said(document)?.text ?? '', /document types and entities/)
  }
})

test('an error names line and elements, and repeats nothing', () => {
  const problem = said('<Patient>\n  <name>\n    <17858550084/>')
  assert.deepEqual(problem, {
    location: 'Patient.name',
    text: 'Line 3, column 6: a name was expected',
  })
})

test('depth, nodes and attributes are bounded', () => {
  assert.match(said('<a>'.repeat(101))?.text ?? '', /deeper than 100/)
  assert.match(said(`<a>${'<b/>'.repeat(210_000)}</a>`)?.text ?? '', /more than 200000/)
  const attributes = Array.from({ length: 65 }, (_, index) => `a${index}=""`)
  assert.match(said(`<a ${attributes.join(' ')}/>`)?.text ?? '', /too many attributes/)
})

test('time grows with size alone', () => {
  const size = 1_000_000
  for (const document of [
    `<a${' '.repeat(size)}b`,
    `<a></a${' '.repeat(size)}b>`,
    `<?xml${' '.repeat(size)}?><a/>`,
    `<?xml version="1.0"${' '.repeat(size)}x?><a/>`,
    `<a b="${'&'.repeat(size)}"/>`,
    `<a>${'<!---->'.repeat(size / 10)}`,
    `<a>${'<?p?>'.repeat(size / 10)}`,
    `<a>${']'.repeat(size)}`,
    `<${'a'.repeat(size)}`,
    `<${'a:'.repeat(size / 2)}`,
  ]) {
    const before = performance.now()
    refusal(() => tokensOf(document))
    assert.ok(performance.now() - before < 1000, document.slice(0, 20))
  }
})

test('line ends and white space are normalised as XML says', () => {
  const [start, inside] = tokensOf('<a b="1\r\n2\t3&#10;4">x\r\ny\rz</a>')
  assert.ok(start?.kind === 'start' && inside?.kind === 'text')
  assert.equal(start.attributes[0]?.value, '1 2 3\n4')
  assert.equal(inside.value, 'x\ny\nz')
})

test('UTF-8 and UTF-16 are decoded, with a mark or without', () => {
  const document = '<?xml version="1.0" encoding="UTF-16"?><a>æøå</a>'
  const little = Buffer.from(document, 'utf16le')
  const big = Buffer.from(little).swap16()
  const utf8 = Buffer.from(document.replace('UTF-16', 'utf-8'))
  assert.equal(decodeXml(little), document)
  assert.equal(decodeXml(big), document)
  assert.equal(decodeXml(Buffer.concat([Buffer.of(0xff, 0xfe), little])), document)
  assert.equal(decodeXml(Buffer.concat([Buffer.of(0xfe, 0xff), big])), document)
  assert.equal(decodeXml(Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), utf8])), utf8.toString())
  assert.equal(decodeXml(Buffer.from('<a>æ</a>')), '<a>æ</a>')
})

test('other encodings, and bytes that are not in theirs, are refused', () => {
  const latin1 = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>x</a>', 'latin1')
  assert.equal(refusal(() => decodeXml(latin1)).code, 'unsupported-media-type')
  const contradicting = Buffer.from('<?xml version="1.0" encoding="UTF-16"?><a/>')
  assert.equal(refusal(() => decodeXml(contradicting)).code, 'unsupported-media-type')
  assert.equal(refusal(() => decodeXml(Buffer.from('<a>æ</a>', 'latin1'))).code, 'invalid')
  assert.equal(refusal(() => decodeXml(Buffer.of(0xff, 0xfe, 0x3c, 0, 0, 0xd8))).code, 'invalid')
})
