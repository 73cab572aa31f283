/** FHIR XML to the same resource in JSON, element by element as the definitions say (R4 xml.html, json.html). */
import { HubError, type Problem } from '../../kernel/errors.ts'
import { elementName, linesAndColumns, pathText, type Step } from '../element-path.ts'
import type { XmlCursor } from '../xml/cursor.ts'
import type { XmlAttribute, XmlStart } from '../xml/start-tag.ts'
import { nextToken } from '../xml/tokens.ts'
import type { JsonObject } from './json.ts'
import type { Member, Structure, Structures } from './structures.ts'
import { isDiv, readXhtml } from './xhtml.ts'
import { primitiveValue } from './xml-primitives.ts'

export const FHIR = 'http://hl7.org/fhir'

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'
const MAX_PROBLEMS = 100
/** What `parse-json.ts` takes: a resource that came as XML must be readable as JSON. */
const MAX_JSON_DEPTH = 40

/** What the parts of one reading share. */
export interface Reading {
  readonly cursor: XmlCursor
  readonly structures: Structures
  readonly found: Found[]
}

/** A problem and where in the document it is. */
export interface Found extends Problem {
  readonly at: number
}

/** An element being read: its start, its place, and how deep it is in JSON. */
interface Place {
  readonly start: XmlStart
  readonly steps: readonly Step[]
  readonly depth: number
}

/** One value of an element, and what stands beside it under `_name` if it is primitive. */
interface Content {
  readonly value: unknown
  readonly beside?: JsonObject | undefined
}

type Collected = Map<string, { readonly member: Member; readonly contents: Content[] }>

/** The resource whose start was just read. Problems are collected; the cursor is behind its end. */
export function readResource(reading: Reading, place: Place): JsonObject {
  const { start, steps } = place
  const structure = reading.structures.resourceOf(start.name)
  if (start.namespace !== FHIR || structure === undefined) {
    report(reading, place, 'FHIR R4 has no such resource')
    skip(reading.cursor)
    return {}
  }
  const attributes = start.attributes.filter(({ namespace }) => namespace !== XSI)
  for (const one of attributes) reportAttribute(reading, place, one)
  return {
    resourceType: start.name,
    ...readMembers(
      reading,
      { ...place, steps: steps.length === 0 ? [start.name] : steps },
      structure,
    ),
  }
}

/** The child elements, up to and with the end of the one around them. */
function readMembers(reading: Reading, place: Place, structure: Structure): JsonObject {
  const collected: Collected = new Map()
  let order = 0
  for (const start of childrenOf(reading, place)) {
    const member = structure.members.get(start.name)
    const child = { ...place, start, steps: [...place.steps, start.name] }
    if (member === undefined || member.element.isAttribute || !hasNamespace(start, member)) {
      report(reading, child, 'FHIR has no such element here')
      skip(reading.cursor)
      continue
    }
    if (member.order < order)
      report(reading, child, 'Out of order: XML has the order of the definition')
    order = Math.max(order, member.order)
    collect(reading, child, { member, collected })
  }
  return assembled(collected)
}

/** A narrative's `div` is in the namespace of XHTML, all else in FHIR's. */
function hasNamespace(start: XmlStart, { type }: Member): boolean {
  return type.code === 'xhtml' ? isDiv(start) : start.namespace === FHIR
}

function collect(
  reading: Reading,
  place: Place,
  { member, collected }: { readonly member: Member; readonly collected: Collected },
): void {
  const { name } = member.type
  const entry = collected.get(name) ?? { member, contents: [] }
  collected.set(name, entry)
  const index = entry.contents.length
  const { repeats } = member.element
  if (!repeats && index > 0) report(reading, place, 'There more than once')
  const steps = repeats ? [...place.steps, index] : place.steps
  const depth = place.depth + (repeats ? 2 : 1)
  entry.contents.push(readContent(reading, { ...place, steps, depth }, member))
}

function readContent(reading: Reading, place: Place, { type, element }: Member): Content {
  if (place.depth > MAX_JSON_DEPTH) {
    report(reading, place, `Nests deeper than ${MAX_JSON_DEPTH} levels`)
    skip(reading.cursor)
    return { value: {} }
  }
  if (type.code === 'xhtml') return { value: readXhtml(reading.cursor, place.start) }
  if (type.isPrimitive) return readPrimitive(reading, place, type.code)
  const structure = reading.structures.structureOf(type.content)
  if (structure === undefined) throw new Error(`R4 does not define ${element.path}`)
  if (structure.kind === 'resource') return { value: readSlot(reading, place) }
  return { value: readComplex(reading, place, structure) }
}

/** An element that holds a resource: `contained`, `Bundle.entry.resource`. */
function readSlot(reading: Reading, place: Place): JsonObject {
  for (const one of place.start.attributes) reportAttribute(reading, place, one)
  const resources: JsonObject[] = []
  for (const start of childrenOf(reading, place)) {
    resources.push(readResource(reading, { ...place, start }))
  }
  if (resources.length !== 1) report(reading, place, 'Holds one resource')
  return resources[0] ?? {}
}

function readComplex(reading: Reading, place: Place, structure: Structure): JsonObject {
  const attributes = readAttributes(reading, place, structure)
  const members = { ...attributes, ...readMembers(reading, place, structure) }
  if (Object.keys(members).length === 0) report(reading, place, EMPTY)
  return members
}

const EMPTY = 'Empty: an element has a value or children'

function readAttributes(reading: Reading, place: Place, structure: Structure): JsonObject {
  const found: Record<string, string> = {}
  for (const one of place.start.attributes) {
    const member = structure.members.get(one.name)
    if (one.namespace !== '' || member?.element.isAttribute !== true) {
      reportAttribute(reading, place, one)
    } else {
      found[one.name] = one.value
      if (one.value === '') report(reading, place, 'An attribute is never empty')
    }
  }
  return found
}

function readPrimitive(reading: Reading, place: Place, code: string): Content {
  const { start } = place
  const text = start.attributes.find(({ namespace, name }) => namespace + name === 'value')?.value
  const others = start.attributes.filter(({ namespace, name }) => namespace + name !== 'value')
  const structure = reading.structures.structureOf('Element')
  if (structure === undefined) throw new Error('R4 does not define Element')
  const around = { ...place, start: { ...start, attributes: others } }
  const beside = {
    ...readAttributes(reading, around, structure),
    ...readMembers(reading, around, structure),
  }
  const value = text === undefined ? undefined : primitiveValue(text, code)
  if (text !== undefined && value === undefined)
    report(reading, place, `Not a value of type ${code}`)
  const hasBeside = Object.keys(beside).length > 0
  if (text === undefined && !hasBeside) report(reading, place, EMPTY)
  return { value, beside: hasBeside ? beside : undefined }
}

/** In JSON lists of values and of what is beside them are as long as each other, null where there is none. */
function assembled(collected: Collected): JsonObject {
  const entries = [...collected].flatMap(([name, { member, contents }]): [string, unknown][] => {
    const values = contents.map(({ value }) => value ?? null)
    const beside = contents.map((one) => one.beside ?? null)
    const { repeats } = member.element
    return [
      [name, repeats ? values : values[0]],
      [`_${name}`, repeats ? beside : beside[0]],
    ]
  })
  return Object.fromEntries(entries.filter(([, value]) => !isNothing(value)))
}

function isNothing(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.every((one) => one === null))
}

/** Starts of the child elements, each to be read before the next is asked for. */
function* childrenOf(reading: Reading, place: Place): Generator<XmlStart> {
  for (;;) {
    const token = nextToken(reading.cursor)
    if (token === undefined || token.kind === 'end') return
    if (token.kind === 'start') yield token
    else if (token.kind === 'text' && token.value.trim() !== '') {
      report(reading, place, 'Text where FHIR has elements and attributes alone')
    }
  }
}

/** Passes over the element whose start was just read. */
function skip(cursor: XmlCursor): void {
  for (let depth = 1; depth > 0;) {
    const token = nextToken(cursor)
    if (token?.kind === 'start') depth++
    if (token?.kind === 'end') depth--
  }
}

function reportAttribute(reading: Reading, place: Place, { prefix, name }: XmlAttribute): void {
  const attribute = elementName(prefix === '' ? name : `${prefix}_${name}`)
  report(reading, place, `FHIR has no attribute ${attribute} here`)
}

function report({ cursor, found }: Reading, { start, steps }: Place, text: string): void {
  const [root = 'Resource', ...rest] = steps
  found.push({ location: pathText(String(root), rest), text, at: start.at })
  if (found.length >= MAX_PROBLEMS) throw unreadable(cursor.text, found)
}

/** All that was found wrong with the XML. */
export function unreadable(document: string, found: readonly Found[]): HubError {
  const places = linesAndColumns(
    document,
    found.map(({ at }) => at),
  )
  const problems = found.map(({ location, text, at }) => ({
    location,
    text: `${places.get(at) ?? ''}: ${text}`,
  }))
  return new HubError('invalid', 'The XML is not a resource of FHIR R4', { problems })
}
