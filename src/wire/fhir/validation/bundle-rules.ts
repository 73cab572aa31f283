/** What holds between the entries of a Bundle beyond its invariants (R4 Bundle, documents, messaging). */
import { isJsonObject, listOf, textOf, type JsonObject } from '../json.ts'
import { absolute, entriesOf, unversioned, type Entry } from './bundle-references.ts'
import type { Fault } from './issues.ts'

export function bundleFaults(bundle: JsonObject, at: string): readonly Fault[] {
  const entries = entriesOf(bundle)
  return [
    ...linkFaults(bundle, at),
    ...entries.flatMap((entry, index) => fullUrlFaults(entry, `${at}.entry[${index}]`)),
    ...(bundle.type === 'searchset' ? searchFaults(bundle, entries, at) : []),
    ...(bundle.type === 'document' || bundle.type === 'message' ? openReferences(entries, at) : []),
  ]
}

/** Each relation once (section 2.36.3.4); paging is of searches and histories alone. */
function linkFaults(bundle: JsonObject, at: string): readonly Fault[] {
  const relations = listOf(bundle.link)
    .filter(isJsonObject)
    .map(({ relation }) => relation)
  const isPaged = bundle.type === 'searchset' || bundle.type === 'history'
  return relations.flatMap((relation, index): Fault[] => {
    const location = `${at}.link[${index}]`
    if (relation !== 'alternate' && relations.indexOf(relation) < index) {
      return [{ code: 'duplicate', location, text: 'Another link has the same relation' }]
    }
    if (!isPaged && /^(?:first|prev|previous|next|last)$/.test(String(relation))) {
      return [
        { code: 'business-rule', location, text: 'Nothing is paged in a Bundle of this type' },
      ]
    }
    return []
  })
}

const RESTFUL = /\/([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/

function fullUrlFaults({ fullUrl, resource }: Entry, location: string): readonly Fault[] {
  if (fullUrl === undefined) return []
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(fullUrl)) {
    return [{ code: 'value', location, text: 'A full URL is absolute' }]
  }
  const [, type, id] = RESTFUL.exec(fullUrl.slice(-200)) ?? []
  if (resource === undefined || !/^https?:/.test(fullUrl) || type !== resource.resourceType)
    return []
  if (resource.id === id) return []
  const text =
    resource.id === undefined
      ? 'The full URL names an id that the resource does not have'
      : 'The full URL and the resource have different ids'
  return [{ code: 'value', location, text }]
}

/** What a search found has an id, and its outcome is an OperationOutcome (section 3.1.1.1.7). */
function searchFaults(bundle: JsonObject, entries: readonly Entry[], at: string): readonly Fault[] {
  const modes = listOf(bundle.entry)
    .filter(isJsonObject)
    .map(({ search }) => (isJsonObject(search) ? search.mode : undefined))
  return entries.flatMap(({ resource }, index): Fault[] => {
    const location = `${at}.entry[${index}].resource`
    const isOutcome = resource?.resourceType === 'OperationOutcome'
    if (resource === undefined) return []
    if (modes[index] === 'outcome' && !isOutcome) {
      return [{ code: 'business-rule', location, text: 'An outcome is an OperationOutcome' }]
    }
    if (modes[index] === 'match' && isOutcome) {
      return [{ code: 'business-rule', location, text: 'An OperationOutcome is no match' }]
    }
    const needsId = modes[index] !== 'outcome' && resource.id === undefined
    return needsId ? [{ code: 'required', location, text: 'What a search finds has an id' }] : []
  })
}

/** A document or message brings what its first resource refers to (sections 2.36.4.2 and 3.3). */
function openReferences(entries: readonly Entry[], at: string): readonly Fault[] {
  const [first] = entries
  if (first?.resource === undefined) return []
  const { contained: _, ...rest } = first.resource
  const known = new Set(entries.flatMap(({ fullUrl }) => fullUrl ?? []))
  return referencesIn(rest, `${at}.entry[0].resource`)
    .filter(({ reference }) => {
      const whole = absolute(reference, first.fullUrl)
      return !known.has(whole) && !known.has(unversioned(whole))
    })
    .map(({ location }) => ({
      code: 'not-found',
      location,
      text: 'What it refers to is not in the Bundle, by the full URLs of its entries',
    }))
}

interface Found {
  readonly reference: string
  readonly location: string
}

function referencesIn(value: unknown, at: string): readonly Found[] {
  if (Array.isArray(value)) {
    return value.flatMap((one: unknown, index) => referencesIn(one, `${at}[${index}]`))
  }
  if (!isJsonObject(value)) return []
  const reference = textOf(value.reference)
  const here =
    reference === undefined || reference.startsWith('#') ? [] : [{ reference, location: at }]
  return [
    ...here,
    ...Object.entries(value).flatMap(([name, one]) => referencesIn(one, `${at}.${name}`)),
  ]
}
