/** A question to the image index: what QIDO-RS asks, whatever it was written in (PS3.4 section C.2.2.2). */
import type { SeriesUid, StudyUid } from '../../kernel/ids.ts'

export type QueryLevel = 'study' | 'series' | 'instance'

export type MatchTest =
  | { readonly kind: 'any-of'; readonly values: readonly string[] }
  /** `*` any text, `?` one character; letter case is ignored where the attribute is a name. */
  | { readonly kind: 'wildcard'; readonly pattern: string; readonly ignoreCase: boolean }
  /** Inclusive, in the attribute's own text form; a bound that is absent is open. */
  | {
      readonly kind: 'range'
      readonly from?: string | undefined
      readonly until?: string | undefined
    }

/** One attribute that must match. */
export interface QueryMatch {
  readonly level: QueryLevel
  /** Eight hexadecimal digits; of an attribute within a sequence the path, joined by dots. */
  readonly tag: string
  readonly vr: string
  readonly test: MatchTest
}

export interface StudyQuery {
  /** What a result is. */
  readonly level: QueryLevel
  readonly study?: StudyUid | undefined
  readonly series?: SeriesUid | undefined
  readonly matches: readonly QueryMatch[]
  readonly limit: number
  readonly offset: number
}
