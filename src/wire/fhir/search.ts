/** A search as understood: what `parse-search.ts` makes of a query and `storage/` prints as SQL. */
import type { DateInterval } from './date-interval.ts'

export const DATE_PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const
export type DatePrefix = (typeof DATE_PREFIXES)[number]

export interface DateTest {
  readonly prefix: DatePrefix
  readonly value: DateInterval
}

/** Where a row keeps the interval a date test is about. */
export type DatePlace =
  | { readonly in: 'clinical-date' }
  | { readonly in: 'last-updated' }
  /** Among `strings`, as `code@from/until`. */
  | { readonly in: 'strings'; readonly code: string }

/** One repetition of one parameter. A search wants all of its conditions; each wants any of its values. */
export type Condition =
  | { readonly kind: 'id'; readonly anyOf: readonly string[] }
  | { readonly kind: 'patient'; readonly anyOf: readonly string[] }
  /** The patient has one of these identifiers, or the row's custodian gave the patient one: token entries. */
  | { readonly kind: 'patient-identifier'; readonly anyOf: readonly string[] }
  /** The same of a Patient row, where something of that custodian's is to be seen. */
  | { readonly kind: 'own-identifier'; readonly anyOf: readonly string[] }
  | { readonly kind: 'token' | 'not-token' | 'reference'; readonly anyOf: readonly string[] }
  | {
      readonly kind: 'string'
      readonly code: string
      readonly match: 'begins' | 'contains'
      /** Folded text. */
      readonly anyOf: readonly string[]
    }
  | { readonly kind: 'exact-string'; readonly anyOf: readonly string[] }
  | { readonly kind: 'date'; readonly place: DatePlace; readonly anyOf: readonly DateTest[] }
  | {
      readonly kind: 'missing'
      readonly where: 'tokens' | 'refs' | 'strings' | 'clinical-date' | 'patient'
      readonly code: string
      readonly missing: boolean
    }

export interface SortKey {
  readonly by: { readonly in: 'id' } | DatePlace
  readonly descending: boolean
}

/** `type:code`, following a reference forwards or, for `_revinclude`, backwards. */
export interface Inclusion {
  readonly type: string
  readonly code: string
  /** Types the reference may lead to. */
  readonly targets: readonly string[]
}

export interface Search {
  readonly type: string
  readonly conditions: readonly Condition[]
  readonly sort: readonly SortKey[]
  /** Matches on a page. */
  readonly count: number
  readonly total: boolean
  /** `_summary=count`: the number alone. */
  readonly countOnly: boolean
  readonly include: readonly Inclusion[]
  readonly revinclude: readonly Inclusion[]
  /** The parameters that took effect, as sent. */
  readonly understood: readonly QueryPair[]
  /** Names of those that did not. */
  readonly ignored: readonly string[]
  /** Holds what may be a national id: nothing of it may come back in a URL. */
  readonly confidential: boolean
}

export type QueryPair = readonly [name: string, value: string]
