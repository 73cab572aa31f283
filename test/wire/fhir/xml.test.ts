import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { test } from 'node:test'
import { DOMParser, type Element } from '@xmldom/xmldom'
import fc from 'fast-check'
import { isHubError, type HubError } from '../../../src/kernel/errors.ts'
import { isJsonObject, type JsonObject } from '../../../src/wire/fhir/json.ts'
import { parseResourceJson } from '../../../src/wire/fhir/parse-json.ts'
import { makeXml } from '../../../src/wire/fhir/xml.ts'
import { structures } from '../../support/definitions.ts'
import { sampleFiles } from '../../support/samples.ts'

const xml = makeXml(structures)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const parse = (text: string) => xml.parse(bytes(text))
const patient = (inside: string) => `<Patient xmlns="http://hl7.org/fhir">${inside}</Patient>`

function refusal(read: () => unknown): HubError {
  try {
    read()
  } catch (error) {
    if (isHubError(error)) return error
    throw error
  }
  return assert.fail('accepted')
}

const problems = (inside: string) =>
  refusal(() => parse(patient(inside))).problems.map(({ location, text }) => [location, text])

/** The resource with the content of its narratives in place of how they are written. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      name === 'div' && typeof one === 'string' ? canonicalXhtml(one) : canonical(one),
    ]),
  )
}

function canonicalXhtml(text: string): string {
  const root = new DOMParser().parseFromString(text, 'text/xml').documentElement
  assert.ok(root)
  return canonicalElement(root)
}

function canonicalElement(element: Element): string {
  const attributes = [...element.attributes]
    .filter(({ name }) => name !== 'xmlns')
    .map(({ name, value }) => `${name}=${value}`)
  const children = [...element.childNodes].map((node) =>
    node.nodeType === node.ELEMENT_NODE
      ? canonicalElement(node as Element)
      : (node.nodeValue ?? ''),
  )
  return `<{${element.namespaceURI ?? ''}}${element.localName ?? ''} ${attributes.sort().join(' ')}>${children.join('')}</>`
}

interface Row {
  readonly file: string
  readonly outcome: string
}

/** Prints how many files of each folder came through, and which did not. */
function printTable(title: string, rows: readonly Row[]): void {
  const passed = rows.filter(({ outcome }) => outcome === 'equal')
  console.log(`${title}: ${passed.length} of ${rows.length} equal`)
  for (const { file, outcome } of rows)
    if (outcome !== 'equal') console.log(`  ${file}: ${outcome}`)
}

function outcomeOf(compare: () => void): string {
  try {
    compare()
    return 'equal'
  } catch (error) {
    if (!isHubError(error)) throw error
    const [first] = error.problems
    return `${error.message} (${first?.location ?? ''}: ${first?.text ?? ''})`
  }
}

function compareThroughXml(resource: JsonObject): void {
  const back = xml.parse(bytes(xml.write(resource)))
  assert.deepEqual(canonical(back), canonical(resource))
}

test('every R4 example goes to XML and back unchanged', async (t) => {
  const rows: Row[] = []
  for (const file of await sampleFiles(t, 'fhir/hl7-r4-examples')) {
    const resource = parseResourceJson(await readFile(file))
    rows.push({ file: basename(file), outcome: outcomeOf(() => compareThroughXml(resource)) })
  }
  printTable('R4 examples, JSON to XML to JSON', rows)
  assert.deepEqual(
    rows.filter(({ outcome }) => outcome !== 'equal'),
    [],
  )
})

test('so do the examples of other publishers', async (t) => {
  for (const folder of [
    'synthea',
    'hl7no-basis',
    'hl7-eu-imaging',
    'ihe-mado',
    'ihe-mhd',
    'ihe-pcf',
  ]) {
    const rows: Row[] = []
    for (const file of await sampleFiles(t, `fhir/${folder}`)) {
      if (!file.endsWith('.json')) continue
      const resource = parseResourceJson(await readFile(file))
      rows.push({ file: basename(file), outcome: outcomeOf(() => compareThroughXml(resource)) })
    }
    printTable(folder, rows)
    assert.ok(
      rows.every(({ outcome }) => outcome === 'equal'),
      folder,
    )
  }
})

/** HL7's validator finds each of these in error too. */
const NOT_OF_R4: Readonly<Record<string, RegExp>> = {
  'capabilitystatement-measure-processor.xml': /identifier: .* no such element/,
  'pat-security-bad-string2.xml': /name\[0\]\.text\.script: .* no such element/,
  'patient-extension-bad2.xml': /extension\[0\]: .* never empty/,
  'xml-bad-entities.xml': /text\.div.*: .* reference to no character/,
}

test('the XML cases of the HL7 validator are read and written again, or refused for a reason', async (t) => {
  const rows: Row[] = []
  for (const file of await sampleFiles(t, 'fhir/validator/cases')) {
    if (!file.endsWith('.xml')) continue
    const document = await readFile(file)
    const outcome = outcomeOf(() => compareThroughXml(xml.parse(document)))
    rows.push({ file: basename(file), outcome })
  }
  printTable('Validator cases, XML to JSON to XML', rows)
  for (const { file, outcome } of rows) assert.match(outcome, NOT_OF_R4[file] ?? /^equal$/, file)
})

const resource: JsonObject = {
  resourceType: 'Observation',
  id: 'a',
  text: {
    status: 'generated',
    div: '<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="nb"><p>1 &lt; 2 &amp; <b>æøå</b><br/></p></div>',
  },
  contained: [{ resourceType: 'Patient', id: 'p', name: [{ given: ['Å', null, 'B'] }] }],
  extension: [{ url: 'urn:x', valueDecimal: JSON.rawJSON('1.50') }],
  status: 'final',
  _status: { id: 's', extension: [{ url: 'urn:y', valueString: 'a "b" <c>\n\t' }] },
  code: { coding: [{ system: 'urn:z', code: '1' }], text: 'x' },
  subject: { reference: '#p' },
  issued: '2024-01-01T00:00:00.000+01:00',
  valueQuantity: { value: JSON.rawJSON('1.0e2'), unit: 'mm' },
}
const given = ['Å', null, 'B']
const _given = [null, { extension: [{ url: 'urn:e', valueBoolean: false }] }, null]
const person = { resourceType: 'Patient', name: [{ id: 'n', given, _given }] }

test('decimals, narratives, extensions, ids and gaps in lists are kept', () => {
  const whole = { ...resource, contained: [{ ...person, id: 'p' }] }
  assert.deepEqual(parse(xml.write(whole)), whole)
})

test('elements are written in the order of the definition, whatever the order in JSON', () => {
  const shuffled = Object.fromEntries(Object.entries({ ...resource, contained: [] }).reverse())
  const document = xml.write(shuffled)
  assert.equal(document, xml.write({ ...resource, contained: [] }))
  assert.match(document, /<id .*<text>.*<extension .*<status .*<code>.*<subject>.*<issued .*<value/)
})

test('bundles and parameters carry resources', () => {
  const bundle = {
    resourceType: 'Bundle',
    type: 'batch-response',
    entry: [
      { link: [{ relation: 'self', url: 'urn:a' }], resource: person },
      {
        response: {
          status: '404',
          outcome: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'x' }] },
        },
      },
    ],
  }
  const parameters = {
    resourceType: 'Parameters',
    parameter: [{ name: 'a', part: [{ name: 'b', resource: bundle }] }],
  }
  assert.deepEqual(parse(xml.write(parameters)), parameters)
})

test('comments, instructions, prefixes, schema hints and CDATA in narratives are taken', () => {
  const document = `<?xml version="1.0" encoding="UTF-8"?><!-- a --><?b c?>
    <f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir ../p.xsd">
      <f:text><f:status value="generated"/><h:div><!-- d --><h:p title='"'><![CDATA[<&]]></h:p></h:div></f:text>
      <!-- e --><f:active value="true"><?g?></f:active>
    </f:Patient><!-- f -->`
  assert.deepEqual(parse(document), {
    resourceType: 'Patient',
    text: {
      status: 'generated',
      div: '<div xmlns="http://www.w3.org/1999/xhtml"><!-- d --><p title="&quot;">&lt;&amp;</p></div>',
    },
    active: true,
  })
})

test('what FHIR does not have is refused with its line and place, all of it at once', () => {
  const inside = `
    <id value="a" extra="b"/>
    <name><nickname value="x"/><given value="A"/><given value=""/></name>
    <active value="yes"/>
    <f xmlns="urn:other"/>
    <contact/>
    <contact><name>text</name></contact>`
  assert.deepEqual(problems(inside), [
    ['Patient.id', 'Line 2, column 5: FHIR has no attribute extra here'],
    ['Patient.name[0].nickname', 'Line 3, column 11: FHIR has no such element here'],
    ['Patient.name[0].given[1]', 'Line 3, column 50: Not a value of type string'],
    ['Patient.active', 'Line 4, column 5: Out of order: XML has the order of the definition'],
    ['Patient.active', 'Line 4, column 5: Not a value of type boolean'],
    ['Patient.f', 'Line 5, column 5: FHIR has no such element here'],
    ['Patient.contact[0]', 'Line 6, column 5: Empty: an element has a value or children'],
    [
      'Patient.contact[1].name',
      'Line 7, column 14: Text where FHIR has elements and attributes alone',
    ],
    ['Patient.contact[1].name', 'Line 7, column 14: Empty: an element has a value or children'],
  ])
})

test('numbers and cardinality are as in JSON', () => {
  assert.deepEqual(problems('<active value="true"/><active value="true"/>'), [
    ['Patient.active', 'Line 1, column 60: There more than once'],
  ])
  for (const number of ['1.', '+1', '01', 'NaN', '1e999', '0x1']) {
    const document = `<Observation xmlns="http://hl7.org/fhir"><valueInteger value="${number}"/></Observation>`
    assert.equal(refusal(() => parse(document)).problems[0]?.location, 'Observation.valueInteger')
  }
})

test('the root and what is contained are resources R4 has', () => {
  for (const document of [
    '<Patient/>',
    '<Patient xmlns="urn:hl7-org:v3"/>',
    '<HumanName xmlns="http://hl7.org/fhir"/>',
    '<Resource xmlns="http://hl7.org/fhir"/>',
    '<Bundle.entry.resource xmlns="http://hl7.org/fhir"/>',
    `<${'a.'.repeat(100_000)}a xmlns="http://hl7.org/fhir"/>`,
  ]) {
    assert.match(refusal(() => parse(document)).problems[0]?.text ?? '', /no such resource/)
  }
  assert.deepEqual(problems('<contained/>')[0]?.[1], 'Line 1, column 38: Holds one resource')
  assert.deepEqual(problems('<contained><Patients/></contained>')[0], [
    'Patient.contained[0]',
    'Line 1, column 49: FHIR R4 has no such resource',
  ])
})

test('what could not be read again as JSON nests too deeply', () => {
  const nested = (depth: number): string =>
    depth === 0
      ? '<extension url="a"><valueString value="b"/></extension>'
      : `<extension url="a">${nested(depth - 1)}</extension>`
  assert.doesNotThrow(() => parseResourceJson(bytes(JSON.stringify(parse(patient(nested(17)))))))
  assert.match(problems(nested(30))[0]?.[1] ?? '', /deeper than 40/)
})

test('an error stops at a hundred problems', () => {
  assert.equal(problems('<f/>'.repeat(5000)).length, 100)
})

test('what XML cannot say is not acceptable, with its place', () => {
  for (const [wrong, location] of [
    [{ resourceType: 'Patients' }, '*'],
    [{ resourceType: 'Patient', nickname: 'x' }, 'Patient.nickname'],
    [{ resourceType: 'Patient', name: { family: 'x' } }, 'Patient.name'],
    [{ resourceType: 'Patient', name: [{ family: {} }] }, 'Patient.name[0].family'],
    [{ resourceType: 'Patient', name: ['x'] }, 'Patient.name[0]'],
    [{ resourceType: 'Patient', text: { div: '<div><p></div>' } }, 'Patient.text.div'],
    [{ resourceType: 'Patient', text: { div: '<p xmlns="urn:a"/>' } }, 'Patient.text.div'],
    [{ resourceType: 'Patient', contained: [{ id: 'a' }] }, 'Patient.contained[0]'],
  ] as const) {
    const error = refusal(() => xml.write(wrong))
    assert.equal(error.code, 'not-acceptable')
    assert.equal(error.problems[0]?.location.replace('Patients', '*'), location)
  }
})

test('a narrative that would break out of its element is no narrative', () => {
  for (const div of [
    '<div xmlns="http://www.w3.org/1999/xhtml"/></text><active value="true"/>',
    '<!DOCTYPE div><div xmlns="http://www.w3.org/1999/xhtml"/>',
    '<div xmlns="http://www.w3.org/1999/xhtml">&nbsp;</div>',
  ]) {
    const wrong = { resourceType: 'Patient', text: { status: 'empty', div } }
    assert.equal(refusal(() => xml.write(wrong)).code, 'not-acceptable')
  }
})

test('any text survives in an attribute', () => {
  const texts = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((text) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text))
  fc.assert(
    fc.property(texts, (text) => {
      const named = { resourceType: 'Patient', name: [{ text }] }
      assert.deepEqual(parse(xml.write(named)), named)
    }),
  )
  assert.match(
    xml.write({ resourceType: 'Patient', language: 'a\ufffe\u0001' }),
    /value="a\ufffd\ufffd"/,
  )
})

test('damaged documents are read or refused, and nothing else', () => {
  const document = xml.write({ ...resource, contained: [person] })
  const damage = fc.constantFrom('<', '>', '"', '/', '<a/>', ' b="c"', 'x', '\u0000', '')
  fc.assert(
    fc.property(fc.nat(document.length), damage, fc.nat(30), (at, put, cut) => {
      try {
        xml.write(parse(document.slice(0, at) + put + document.slice(at + cut)))
      } catch (error) {
        // Also one that declares another encoding, or one whose narrative is left without its namespace.
        if (!isHubError(error)) throw error
      }
    }),
    { numRuns: 1000 },
  )
})
