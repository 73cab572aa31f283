/** What a conditional write means by its URL (R4 http, section 3.1.0.4.3). */
import type { Request } from 'express'
import { conditionOf } from '../../services/read-condition.ts'
import type { Search } from '../../wire/fhir/search.ts'
import { urlPairs, type UrlDeps } from './url-pairs.ts'

export interface ConditionDeps extends UrlDeps {
  /** The FHIR base address. */
  readonly base: string
}

/** Throws `invalid` where the URL holds no condition, or one that is not understood whole. */
export function urlCondition(deps: ConditionDeps, req: Request<{ type: string }>): Search {
  const pairs = urlPairs(deps, req).filter(([name]) => name !== '_format' && name !== '_pretty')
  return conditionOf(deps.base, req.params.type, pairs)
}
