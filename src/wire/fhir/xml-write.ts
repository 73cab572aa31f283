/** A resource as FHIR XML: elements in the order of their definitions (R4 xml.html). */
import { HubError } from '../../kernel/errors.ts'
import { pathText, type Step } from '../element-path.ts'
import { escapeAttribute, FORBIDDEN_CHARACTER } from '../xml/characters.ts'
import { isJsonObject, listOf, type JsonObject } from './json.ts'
import type { Member, Structure, Structures } from './structures.ts'
import { xhtmlOf } from './xhtml.ts'
import { primitiveText } from './xml-primitives.ts'
import { FHIR } from './xml-read.ts'

interface Writing {
  readonly structures: Structures
  readonly out: string[]
  readonly steps: Step[]
}

/** Both sides of an element in JSON: `name` and `_name`. */
interface Present {
  readonly member: Member
  value: unknown
  beside: unknown
}

/** Throws `not-acceptable`, located, where the resource is not what R4 defines and XML cannot say it. */
export function writeXml(resource: JsonObject, structures: Structures): string {
  const writing: Writing = {
    structures,
    out: ['<?xml version="1.0" encoding="UTF-8"?>'],
    steps: [],
  }
  writeResource(writing, resource, ` xmlns="${FHIR}"`)
  return writing.out.join('')
}

function writeResource(writing: Writing, resource: JsonObject, declaration = ''): void {
  const { resourceType, ...members } = resource
  const type = typeof resourceType === 'string' ? resourceType : ''
  if (writing.steps.length === 0) writing.steps.push(type)
  const structure = writing.structures.resourceOf(type)
  if (structure === undefined) throw unwritable(writing)
  writing.out.push(`<${type}${declaration}>`)
  writeMembers(writing, presentIn(writing, members, structure))
  writing.out.push(`</${type}>`)
}

/** What the object has, in the order of the definition. */
function presentIn(writing: Writing, object: JsonObject, structure: Structure): readonly Present[] {
  const present = new Map<Member, Present>()
  for (const [name, value] of Object.entries(object)) {
    const isBeside = name.startsWith('_')
    const member = structure.members.get(isBeside ? name.slice(1) : name)
    if (member === undefined || (isBeside && !member.type.isPrimitive)) {
      throw unwritable({ ...writing, steps: [...writing.steps, name] })
    }
    const one = present.get(member) ?? { member, value: undefined, beside: undefined }
    present.set(member, one)
    if (isBeside) one.beside = value
    else one.value = value
  }
  return [...present.values()].sort((a, b) => a.member.order - b.member.order)
}

function writeMembers(writing: Writing, present: readonly Present[]): void {
  for (const one of present) {
    if (!one.member.element.isAttribute) writeMember(writing, one)
  }
}

function writeMember(writing: Writing, { member, value, beside }: Present): void {
  const { name } = member.type
  const { repeats } = member.element
  if (repeats !== (Array.isArray(value) || Array.isArray(beside))) {
    throw unwritable({ ...writing, steps: [...writing.steps, name] })
  }
  const [values, besides] = [listOf(value), listOf(beside)]
  for (let index = 0; index < Math.max(values.length, besides.length); index++) {
    const steps: readonly Step[] = repeats ? [name, index] : [name]
    writing.steps.push(...steps)
    writeContent(writing, { member, value: values[index], beside: besides[index] })
    writing.steps.length -= steps.length
  }
}

function writeContent(writing: Writing, present: Present): void {
  const { type } = present.member
  if (type.code === 'xhtml') writing.out.push(xhtmlText(writing, present))
  else if (type.isPrimitive) writePrimitive(writing, present)
  else writeComplex(writing, present)
}

function xhtmlText(writing: Writing, { value }: Present): string {
  const xhtml = typeof value === 'string' ? xhtmlOf(value) : undefined
  if (xhtml === undefined) throw unwritable(writing)
  return xhtml
}

function writePrimitive(writing: Writing, { member, value, beside }: Present): void {
  const { name } = member.type
  const text = primitiveText(value)
  if (text === undefined && value !== null && value !== undefined) throw unwritable(writing)
  const attribute = text === undefined ? '' : ` value="${attributeText(text)}"`
  if (beside === undefined || beside === null) {
    writing.out.push(`<${name}${attribute}/>`)
    return
  }
  writeElement(writing, { name, value: beside, content: 'Element', attribute })
}

function writeComplex(writing: Writing, { member, value }: Present): void {
  const { name, content } = member.type
  if (writing.structures.structureOf(content)?.kind !== 'resource') {
    writeElement(writing, { name, value, content, attribute: '' })
    return
  }
  if (!isJsonObject(value)) throw unwritable(writing)
  writing.out.push(`<${name}>`)
  writeResource(writing, value)
  writing.out.push(`</${name}>`)
}

function writeElement(
  writing: Writing,
  element: {
    readonly name: string
    readonly value: unknown
    readonly content: string
    /** Written already. */
    readonly attribute: string
  },
): void {
  const { name, value, content, attribute } = element
  const structure = writing.structures.structureOf(content)
  if (structure === undefined || !isJsonObject(value)) throw unwritable(writing)
  const present = presentIn(writing, value, structure)
  const attributes = present
    .filter(({ member }) => member.element.isAttribute)
    .map((one) => ` ${one.member.type.name}="${attributeText(String(one.value))}"`)
  writing.out.push(`<${name}${attributes.join('')}${attribute}`)
  if (attributes.length === present.length) {
    writing.out.push('/>')
    return
  }
  writing.out.push('>')
  writeMembers(writing, present)
  writing.out.push(`</${name}>`)
}

/** What XML has no way to say, U+FFFE above all, becomes the replacement character. */
function attributeText(text: string): string {
  const sayable = FORBIDDEN_CHARACTER.test(text)
    ? text.replaceAll(new RegExp(FORBIDDEN_CHARACTER, 'g'), '\ufffd')
    : text
  return escapeAttribute(sayable.toWellFormed())
}

function unwritable({ steps }: Writing): HubError {
  const [root = 'Resource', ...rest] = steps
  return new HubError('not-acceptable', 'The resource cannot be written as XML: ask for JSON', {
    problems: [{ location: pathText(String(root), rest), text: 'Not as FHIR R4 defines it' }],
  })
}
