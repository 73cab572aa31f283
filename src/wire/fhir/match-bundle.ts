/** The answer of $match: a searchset in which each Patient has its score and grade (PDQm 2:3.119.4.2). */
import type { MatchScore } from '../../domain/identity/score-match.ts'
import type { JsonObject } from './json.ts'

export interface MatchSet {
  readonly id: string
  /** The FHIR base address. */
  readonly base: string
  readonly at: Date
  readonly matches: readonly {
    readonly id: string
    readonly patient: JsonObject
    readonly match: MatchScore
  }[]
}

const MATCH_GRADE = 'http://hl7.org/fhir/StructureDefinition/match-grade'

export function matchBundle({ id, base, at, matches }: MatchSet): JsonObject {
  const entry = matches.map((one) => ({
    fullUrl: `${base}/Patient/${one.id}`,
    resource: one.patient,
    search: {
      extension: [{ url: MATCH_GRADE, valueCode: one.match.grade }],
      mode: 'match',
      score: one.match.score,
    },
  }))
  return {
    resourceType: 'Bundle',
    id,
    meta: { lastUpdated: at.toISOString() },
    type: 'searchset',
    total: matches.length,
    link: [{ relation: 'self', url: `${base}/Patient/$match` }],
    ...(entry.length > 0 && { entry }),
  }
}
