/** What stands in a URL, once it is known that nothing of it should not (access.md section 5). */
import type { Request } from 'express'
import { HubError } from '../../kernel/errors.ts'
import { holdsNationalId } from '../../wire/fhir/national-id-in-query.ts'
import type { QueryPair } from '../../wire/fhir/search.ts'
import { queryPairs } from './query-pairs.ts'

export interface UrlDeps {
  readonly nationalIdInUrl: 'reject' | 'allow'
}

/** A national id is asked for in a body, never in a URL that others write down. */
export function urlPairs({ nationalIdInUrl }: UrlDeps, req: Request): readonly QueryPair[] {
  const pairs = queryPairs(req)
  if (nationalIdInUrl === 'reject' && pairs.some(holdsNationalId)) {
    throw new HubError(
      'invalid',
      'A national id does not belong in a URL: search by POST to _search, write in a transaction',
    )
  }
  return pairs
}
