/** Following references within a Bundle by their entries' full URLs (R4 Bundle, section 2.36.4.1). */
import { isJsonObject, listOf, textOf, type JsonObject } from '../json.ts'
import type { Scope } from './scope.ts'

export interface Entry {
  readonly fullUrl: string | undefined
  readonly resource: JsonObject | undefined
}

export function entriesOf(bundle: JsonObject): readonly Entry[] {
  return listOf(bundle.entry)
    .filter(isJsonObject)
    .map(({ fullUrl, resource }) => ({
      fullUrl: textOf(fullUrl),
      resource: isJsonObject(resource) ? resource : undefined,
    }))
}

/** Within a Bundle, references are resolved against the full URL of the entry they are in. */
export function entryScope(scope: Scope, { fullUrl }: JsonObject): Scope {
  const from = textOf(fullUrl)
  return { ...scope, beside: (reference) => scope.beside(absolute(reference, from)) }
}

export function bundleScope(scope: Scope, bundle: JsonObject): Scope {
  const known = new Map(
    entriesOf(bundle).flatMap(({ fullUrl, resource }): [string, JsonObject][] =>
      fullUrl === undefined || resource === undefined ? [] : [[fullUrl, resource]],
    ),
  )
  return {
    ...scope,
    beside: (reference) => known.get(reference) ?? known.get(unversioned(reference)),
  }
}

/** Parameters of one operation may refer to one another by type and id. */
export function parametersScope(scope: Scope, parameters: JsonObject): Scope {
  const resources = new Map(
    partsOf(parameters.parameter).flatMap(({ resource }): [string, JsonObject][] =>
      isJsonObject(resource)
        ? [[`${String(resource.resourceType)}/${String(resource.id)}`, resource]]
        : [],
    ),
  )
  return { ...scope, beside: (reference) => resources.get(unversioned(reference)) }
}

function partsOf(parameters: unknown): readonly JsonObject[] {
  return listOf(parameters)
    .filter(isJsonObject)
    .flatMap((parameter) => [parameter, ...partsOf(parameter.part)])
}

const RESTFUL = /^(.*\/)[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/

/** A relative reference is relative to the server that the entry's full URL names. */
export function absolute(reference: string, from: string | undefined): string {
  if (reference.includes(':') || from === undefined || from.length > 2_048) return reference
  const [, base] = RESTFUL.exec(from) ?? []
  return base === undefined ? reference : base + reference
}

export function unversioned(reference: string): string {
  const at = reference.indexOf('/_history/')
  return at < 0 ? reference : reference.slice(0, at)
}
