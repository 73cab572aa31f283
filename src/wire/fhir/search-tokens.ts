/** What a token, a reference or a uri parameter is found by. */
import { numberText } from './exact-json.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from './json.ts'
import {
  identifierCode,
  keysOfToken,
  targetKey,
  tokenKey,
  typedIdentifierKey,
} from './search-keys.ts'
import type { SearchParameter } from './search-parameters.ts'

type Values = readonly unknown[]

/** Of Coding, CodeableConcept, Identifier, ContactPoint, code, id, string and boolean (R4 search, section 3.1.1.4.10). */
export function tokenKeys(
  { code, implied, ofType }: SearchParameter,
  values: Values,
): readonly string[] {
  return values.flatMap((value) => {
    if (isJsonObject(value)) {
      return [...keysOfObject(code, value), ...(ofType ? typedKeys(code, value) : [])]
    }
    const text = typeof value === 'boolean' ? String(value) : textOf(value)
    if (text === undefined) return []
    if (implied !== undefined) return [tokenKey(code, { value: text })]
    // Beside values that name their systems, as Group.characteristic.value.
    const system = typeof value === 'boolean' ? SPECIAL_VALUES : undefined
    return keysOfToken(code, { system, value: text })
  })
}

const SPECIAL_VALUES = 'http://terminology.hl7.org/CodeSystem/special-values'

function keysOfObject(code: string, value: JsonObject): readonly string[] {
  // A Quantity, where an element may be many things: its unit is no token.
  if (numberText(value.value) !== undefined) return []
  if (value.coding !== undefined) {
    return listOf(value.coding).flatMap((one) => (isJsonObject(one) ? keysOfCoding(code, one) : []))
  }
  return keysOfCoding(code, value)
}

function keysOfCoding(code: string, value: JsonObject): readonly string[] {
  return keysOfToken(code, {
    system: textOf(value.system),
    value: textOf(value.code) ?? textOf(value.value),
  })
}

function typedKeys(code: string, identifier: JsonObject): readonly string[] {
  const value = textOf(identifier.value)
  if (value === undefined || !isJsonObject(identifier.type)) return []
  return listOf(identifier.type.coding).flatMap((type) => {
    const typeCode = isJsonObject(type) ? textOf(type.code) : undefined
    if (!isJsonObject(type) || typeCode === undefined) return []
    const named = { system: textOf(type.system) ?? '', code: typeCode }
    return [typedIdentifierKey(code, named, value)]
  })
}

/** What `:text` searches: CodeableConcept.text, Coding.display, Identifier.type.text. */
export function tokenTexts(values: Values): readonly string[] {
  return values.filter(isJsonObject).flatMap((value) => {
    const type = isJsonObject(value.type) ? value.type.text : undefined
    const displays = listOf(value.coding).map((one) =>
      isJsonObject(one) ? one.display : undefined,
    )
    const isToken =
      value.coding !== undefined || value.code !== undefined || value.value !== undefined
    const text = isToken || value.text !== undefined ? value.text : undefined
    return [text, value.display, type, ...displays].flatMap((one) => textOf(one) ?? [])
  })
}

export interface FoundReference {
  /** `Type/id` or an absolute URL, without version. */
  readonly target: string
  /** Whether it is the hub's own. */
  readonly local: boolean
}

const LOCAL = /^[A-Z][A-Za-z]{1,63}\/[A-Za-z0-9\-.]{1,64}$/
const BARE_ID = /^[A-Za-z0-9\-.]{1,64}$/
const VERSION = /\/_history\/[^/]+$/

/**
 * The reference without version and without the hub's own base; an id alone names the one type it can be of.
 * Undefined for what leads to nothing outside the resource.
 */
export function referenceOf(
  value: unknown,
  targets: readonly string[],
  base: string | undefined,
): FoundReference | undefined {
  const text = textOfReference(value)
  if (text === undefined || text.startsWith('#')) return undefined
  const unversioned = text.includes('/_history/') ? text.replace(VERSION, '') : text
  const own = base !== undefined && unversioned.startsWith(`${base}/`)
  const target = own ? unversioned.slice(base.length + 1) : unversioned
  if (LOCAL.test(target)) return { target, local: true }
  const [only, ...more] = targets
  if (only === undefined || more.length > 0 || !BARE_ID.test(target))
    return { target, local: false }
  return { target: `${only}/${target}`, local: true }
}

/** Of a Reference, a canonical, a uri, or a resource that stands where a Bundle's reference would lead. */
function textOfReference(value: unknown): string | undefined {
  if (!isJsonObject(value)) return textOf(value)
  const [type, id] = [textOf(value.resourceType), textOf(value.id)]
  return type !== undefined && id !== undefined ? `${type}/${id}` : textOf(value.reference)
}

/** By its target; a canonical with a version is found without it too. */
export function keysOfReference(code: string, { target }: FoundReference): readonly string[] {
  const bar = target.indexOf('|')
  const key = targetKey(code, target)
  return bar <= 0 ? [key] : [key, targetKey(code, target.slice(0, bar))]
}

/** A reference that names its target by identifier. */
export function logicalReferenceKeys(code: string, values: Values): readonly string[] {
  return values.flatMap((value) => {
    const identifier = isJsonObject(value) ? value.identifier : undefined
    return isJsonObject(identifier) ? keysOfCoding(identifierCode(code), identifier) : []
  })
}

/** By itself; a canonical with a version without it too. */
export function uriKeys(code: string, values: Values): readonly string[] {
  return values.flatMap((value) => {
    const target = textOf(value)
    return target === undefined ? [] : keysOfReference(code, { target, local: false })
  })
}
