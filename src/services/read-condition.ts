/** The search that a conditional write or reference names (R4 http, section 3.1.0.8). */
import { HubError } from '../kernel/errors.ts'
import { parseSearch } from '../wire/fhir/parse-search.ts'
import type { QueryPair, Search } from '../wire/fhir/search.ts'

/** A condition that is not understood whole would match too much, so it is strict. Throws `invalid`. */
export function readCondition(base: string, type: string, query: string): Search {
  return conditionOf(base, type, [...new URLSearchParams(query.replace(/^[^?]*\?/, ''))])
}

export function conditionOf(base: string, type: string, pairs: readonly QueryPair[]): Search {
  const search = parseSearch({ type, pairs, strict: true, base })
  if (search.conditions.length > 0) return search
  throw new HubError('invalid', 'The condition names no search parameter')
}
