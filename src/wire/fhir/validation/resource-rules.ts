/** Rules that R4 states in prose about whole resources of some types. */
import { isJsonObject, listOf, textOf, type JsonObject } from '../json.ts'
import { findParameter } from '../search-parameters.ts'
import { bundleFaults } from './bundle-rules.ts'
import type { Fault } from './issues.ts'

type Rule = (resource: JsonObject, at: string) => readonly Fault[]

const RULES = new Map<string, Rule>([
  ['Bundle', bundleFaults],
  ['CapabilityStatement', capabilityFaults],
  ['SearchParameter', searchParameterFaults],
])

export function resourceFaults(type: string, resource: JsonObject, at: string): readonly Fault[] {
  return RULES.get(type)?.(resource, at) ?? []
}

/** A parameter that is said to be R4's own has the type that R4 gives it. */
function capabilityFaults(resource: JsonObject, at: string): readonly Fault[] {
  return objects(resource.rest).flatMap((rest, restAt) =>
    objects(rest.resource).flatMap((served, servedAt) =>
      objects(served.searchParam).flatMap((parameter, parameterAt): Fault[] => {
        const known = findParameter(textOf(served.type) ?? '', textOf(parameter.name) ?? '')
        if (known === undefined || known.url !== parameter.definition) return []
        if (known.kind === parameter.type) return []
        const location = `${at}.rest[${restAt}].resource[${servedAt}].searchParam[${parameterAt}]`
        return [{ code: 'value', location, text: 'Its definition gives it another type' }]
      }),
    ),
  )
}

/** Each alternative of an expression starts at a type that the parameter is about, or above them. */
function searchParameterFaults(resource: JsonObject, at: string): readonly Fault[] {
  const expression = textOf(resource.expression)
  if (expression === undefined) return []
  const bases = [...listOf(resource.base), 'Resource', 'DomainResource']
  const starts = expression
    .split('|')
    .map((one) => /^[\s(]*([A-Z][A-Za-z]*)\./.exec(one)?.[1])
    .filter((type) => type !== undefined)
  return starts.every((type) => bases.includes(type))
    ? []
    : [
        {
          code: 'value',
          location: `${at}.expression`,
          text: 'Starts at a type that is not among its bases',
        },
      ]
}

function objects(value: unknown): readonly JsonObject[] {
  return listOf(value).filter(isJsonObject)
}
