/** The pairs of the query string, in order: what Express makes of it has none. */
import type { Request } from 'express'
import type { QueryPair } from '../../wire/fhir/search.ts'

export function queryPairs(req: Request): readonly QueryPair[] {
  const start = req.originalUrl.indexOf('?')
  return start < 0 ? [] : [...new URLSearchParams(req.originalUrl.slice(start + 1))]
}
