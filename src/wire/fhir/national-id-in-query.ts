/** National ids in a FHIR query, so that none reaches a URL or a log (access.md section 5). */
import { mayHoldNationalId } from '../../domain/identity/suspect-national-id.ts'
import type { QueryPair } from './search.ts'

/** Parameters that name a person or may: identifiers, alone or through a reference, and references to patients. */
const NAMES_A_PERSON = /(?:^|[.:])(?:identifier|patient|subject|individual|member|link)(?=$|[.:])/
/** Birth number, D-number and common help number (norway.md section 4). */
const NATIONAL_SYSTEM = /2\.16\.578\.1\.12\.4\.1\.4\.[123](?:\D|$)/

/** Where a system is named, what follows is meant to be a national id, however it is mistyped. */
export function holdsNationalId([name, value]: QueryPair): boolean {
  const place = NAMES_A_PERSON.test(name) ? 'person' : 'text'
  return mayHoldNationalId(value, place) || NATIONAL_SYSTEM.test(value)
}

/** The query as the audit may show it: the values of identifiers are left out. */
export function maskQuery(pairs: readonly QueryPair[]): string {
  return pairs.map((pair) => `${pair[0]}=${isIdentifying(pair) ? '***' : pair[1]}`).join('&')
}

function isIdentifying(pair: QueryPair): boolean {
  return /(?:^|[.:])identifier/.test(pair[0]) || holdsNationalId(pair)
}
