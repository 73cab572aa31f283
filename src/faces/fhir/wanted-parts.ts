/** What of each resource a caller wants: `_summary` and `_elements` (R4 search, section 3.1.1.5.4). */
import type { Request } from 'express'
import type { Search, Summary } from '../../wire/fhir/search.ts'
import type { Summarize } from '../../wire/fhir/summary.ts'
import { readStored } from './format.ts'
import { queryPairs } from './query-pairs.ts'

export type WantedParts = Pick<Search, 'summary' | 'elements'>

export interface CutDeps {
  readonly summarize: Summarize
}

const SUMMARIES: ReadonlySet<string> = new Set<Summary>(['true', 'text', 'data'])

/** Of a read, whose parameters are no search. */
export function wantedParts(req: Request): WantedParts {
  const pairs = new Map(queryPairs(req))
  const summary = pairs.get('_summary')
  const elements = pairs
    .get('_elements')
    ?.split(',')
    .filter((one) => one !== '')
  return {
    ...(isSummary(summary) && { summary }),
    ...(elements !== undefined && elements.length > 0 && { elements }),
  }
}

function isSummary(value: string | undefined): value is Summary {
  return value !== undefined && SUMMARIES.has(value)
}

/** JSON text of what is wanted of a resource: the text itself where all of it is. */
export function cutText({ summarize }: CutDeps, text: string, wanted: WantedParts): string {
  const isWhole = wanted.summary === undefined || wanted.summary === 'false'
  if (isWhole && wanted.elements === undefined) return text
  return JSON.stringify(summarize(readStored(text), wanted))
}
