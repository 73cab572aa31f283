/**
 * Finding what may be a national id in a query, so that it never reaches a URL or a log (access.md
 * section 5). Eleven digits are enough: an accession number refused by mistake is asked for by POST.
 */
import type { QueryPair } from './search.ts'

// Digits inside a UID or a UUID are none.
const ELEVEN_DIGITS = /(?<![\w.-])\d{11}(?![\w.-])/
/** Birth number, D-number and common help number (norway.md section 4). */
const NATIONAL_SYSTEM = /2\.16\.578\.1\.12\.4\.1\.4\.[123](?:\D|$)/

export function holdsNationalId(value: string): boolean {
  return ELEVEN_DIGITS.test(value) || NATIONAL_SYSTEM.test(value)
}

/** The query as the audit may show it: the values of identifiers are left out. */
export function maskQuery(pairs: readonly QueryPair[]): string {
  return pairs
    .map(([name, value]) => `${name}=${isIdentifying(name, value) ? '***' : value}`)
    .join('&')
}

function isIdentifying(name: string, value: string): boolean {
  return /(?:^|[.:])identifier/.test(name) || holdsNationalId(value)
}
