/** The codes of value sets, for a search by `:in` and `:not-in` (R4 search, section 3.1.1.4.4). */
import type { Definitions } from './definitions.ts'
import type { JsonObject } from './json.ts'
import type { EnumerateValueSet } from './parse-name.ts'
import { makeTerminology } from './validation/terminology.ts'

const LOCAL = /^ValueSet\/([A-Za-z0-9.-]{1,64})$/

/** By canonical URL; one of the project's own, which the registry publishes, as `ValueSet/id` too. */
export function makeEnumerateValueSet(
  definitions: Definitions,
  own: readonly JsonObject[],
): EnumerateValueSet {
  const terminology = makeTerminology(definitions, own)
  const urls = new Map(
    own
      .filter(({ resourceType }) => resourceType === 'ValueSet')
      .map(({ id, url }) => [String(id), String(url)]),
  )
  return (asked) => {
    const id = LOCAL.exec(asked)?.[1]
    const url = id === undefined ? asked : urls.get(id)
    const set = url === undefined ? undefined : terminology.valueSet(url)
    return set && [...set.codings].map(tokenOf)
  }
}

function tokenOf(coding: string): { readonly system: string; readonly value: string } {
  const bar = coding.lastIndexOf('|')
  return { system: coding.slice(0, bar), value: coding.slice(bar + 1) }
}
