/** References between the entries of a transaction, and conditional ones (R4 http, section 3.1.0.11.2). */
import { isRawNumber } from './exact-json.ts'
import { isJsonObject, textOf, type JsonObject } from './json.ts'

/**
 * What a reference, or a link of another kind, becomes; undefined leaves it as it is. `element` is the name of
 * the element it stands in.
 */
export type ReplaceLink = (link: string, element: string) => string | undefined

/** Elements of types uri, url, oid and uuid that may name an entry; Reference.reference first of all. */
const LINKS = new Set(['reference', 'url', 'uri', 'valueUri', 'valueUrl', 'valueUuid', 'valueOid'])

/** The resource with its links replaced; what holds none is shared with the original. */
export function replaceLinks(resource: JsonObject, replace: ReplaceLink): JsonObject {
  const replaced = replaceIn(resource, replace)
  return isJsonObject(replaced) ? replaced : resource
}

function replaceIn(value: unknown, replace: ReplaceLink): unknown {
  if (typeof value !== 'object' || value === null || isRawNumber(value)) return value
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value
    const copy = list.map((one) => replaceIn(one, replace))
    return copy.some((one, index) => one !== list[index]) ? copy : list
  }
  return isJsonObject(value) ? replaceInObject(value, replace) : value
}

function replaceInObject(object: JsonObject, replace: ReplaceLink): JsonObject {
  let copy: Record<string, unknown> | undefined
  for (const [name, value] of Object.entries(object)) {
    const replaced = replaceMember(name, value, replace)
    if (replaced === value) continue
    copy ??= { ...object }
    copy[name] = replaced
  }
  return copy ?? object
}

function replaceMember(name: string, value: unknown, replace: ReplaceLink): unknown {
  if (typeof value !== 'string') return replaceIn(value, replace)
  if (LINKS.has(name)) return replace(value, name) ?? value
  return name === 'div' ? replaceInNarrative(value, replace) : value
}

/** `<a href>` and `<img src>` of a narrative. */
function replaceInNarrative(xhtml: string, replace: ReplaceLink): string {
  if (!xhtml.includes('urn:uuid:') && !xhtml.includes('urn:oid:')) return xhtml
  return xhtml.replaceAll(
    /(\s(?:href|src)=)(["'])(urn:[^"'<>]{1,200})\2/g,
    (whole, attribute: string, quote: string, link: string) => {
      const replaced = replace(link, 'div')
      return replaced === undefined ? whole : `${attribute}${quote}${replaced}${quote}`
    },
  )
}

/** Makes a name for each entry's fullUrl known to the others; a relative reference counts from its entry's own root. */
export function entryNames(
  names: ReadonlyMap<string, string>,
  fullUrl: string | undefined,
): ReplaceLink {
  const root = rootOf(fullUrl)
  return (link, element) => {
    const [named = link, ...fragment] = link.split('#')
    const known =
      names.get(named) ?? (isRelative(link, element) ? names.get(root + named) : undefined)
    return known === undefined ? undefined : [known, ...fragment].join('#')
  }
}

function isRelative(link: string, element: string): boolean {
  return element === 'reference' && /^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/.test(link)
}

/** Of `http://server/fhir/Patient/1`: `http://server/fhir/`. */
function rootOf(fullUrl: string | undefined): string {
  return (
    /^(https?:\/\/.*\/)[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/.exec(fullUrl ?? '')?.[1] ?? 'none:'
  )
}

/** References by URL to resources under `base` as relative ones: how the registry follows and finds its own. */
export function relativeReferences(resource: JsonObject, base: string): JsonObject {
  const own = `${base}/`
  return replaceLinks(resource, (link, element) =>
    element === 'reference' && link.startsWith(own) ? link.slice(own.length) : undefined,
  )
}

/** `Type?query` of every conditional reference. */
export function conditionalReferences(resource: JsonObject): readonly string[] {
  const found = new Set<string>()
  replaceLinks(resource, (link, element) => {
    if (element === 'reference' && CONDITIONAL.test(link)) found.add(link)
    return undefined
  })
  return [...found]
}

const CONDITIONAL = /^[A-Z][A-Za-z]+\?./s

/** What an entry that is a JSON Patch holds: a Binary of it (R4 http, section 3.1.0.11). Undefined for anything else. */
export function patchDocument(resource: JsonObject | undefined): Buffer | undefined {
  const data = textOf(resource?.data)
  if (resource?.resourceType !== 'Binary' || data === undefined) return undefined
  const [type = ''] = (textOf(resource.contentType) ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/json-patch+json') return undefined
  return Buffer.from(data, 'base64')
}
