/** A search as understood: what `parse-search.ts` makes of a query and `storage/` prints as SQL. */
import type { DateInterval } from './date-interval.ts'

export const PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const
export type Prefix = (typeof PREFIXES)[number]

export interface DateTest {
  readonly prefix: Prefix
  readonly value: DateInterval
}

/** A number in a query stands for the interval its digits leave open (R4 search, section 3.1.1.4.4): decimals as text, exact. */
export interface NumberTest {
  readonly prefix: Prefix
  readonly value: string
  /** From (inclusive) until (exclusive): the implicit precision, widened to a tenth for `ap`. */
  readonly low: string
  readonly high: string
}

/** `system` and `code` as asked: '' is "has none", undefined is "any". */
export interface QuantityTest extends NumberTest {
  readonly system?: string | undefined
  /** Code or human unit. */
  readonly code?: string | undefined
}

/** Where a row keeps the interval a date test is about. */
export type DatePlace =
  /** `date_from` and `date_until`: the type's clinical date. */
  | { readonly in: 'clinical-date' }
  | { readonly in: 'last-updated' }
  /** `compared.d[code]` */
  | { readonly in: 'compared'; readonly code: string }

/** One component of a composite parameter, judged within one tuple of `compared.c[code]`; `part` is its index. */
export type PartTest =
  | { readonly kind: 'key'; readonly part: number; readonly key: string }
  | { readonly kind: 'text'; readonly part: number; readonly begins: string }
  | { readonly kind: 'date'; readonly part: number; readonly test: DateTest }
  | { readonly kind: 'number'; readonly part: number; readonly test: NumberTest }
  | { readonly kind: 'quantity'; readonly part: number; readonly test: QuantityTest }

/** How a reference parameter is held: in one of the row's columns, or as a key `code|Type/id` and in `refs`. */
export interface Link {
  readonly code: string
  readonly column?: 'patient' | 'custodian' | undefined
}

/** One repetition of one parameter. A search wants all of its conditions. */
export type Condition =
  | { readonly kind: 'id'; readonly anyOf: readonly string[] }
  | { readonly kind: 'patient'; readonly anyOf: readonly string[] }
  /** The row's custodian: our parameter `custodian`. */
  | { readonly kind: 'custodian'; readonly anyOf: readonly string[] }
  /** The patient has one of these identifiers, or the row's custodian gave the patient one: token keys. */
  | { readonly kind: 'patient-identifier'; readonly anyOf: readonly string[] }
  /** The same of a Patient row, where something of that custodian's is to be seen. */
  | { readonly kind: 'own-identifier'; readonly anyOf: readonly string[] }
  /** The row has one of these keys: tokens, references, uris, exact strings. */
  | { readonly kind: 'keys'; readonly anyOf: readonly string[] }
  | {
      readonly kind: 'text'
      readonly code: string
      readonly match: 'begins' | 'contains'
      /** Folded text; as it stands for a uri. */
      readonly anyOf: readonly string[]
    }
  | { readonly kind: 'date'; readonly place: DatePlace; readonly anyOf: readonly DateTest[] }
  | { readonly kind: 'number'; readonly code: string; readonly anyOf: readonly NumberTest[] }
  | { readonly kind: 'quantity'; readonly code: string; readonly anyOf: readonly QuantityTest[] }
  | {
      readonly kind: 'composite'
      readonly code: string
      /** Alternatives; each wants all of its parts in one tuple. */
      readonly anyOf: readonly (readonly PartTest[])[]
    }
  /** Has a value for the parameter: the bare key `code`, or the typed column. `:missing=true` is its `not`. */
  | {
      readonly kind: 'present'
      readonly where: 'keys' | 'patient' | 'clinical-date'
      readonly code: string
    }
  /** Chained: refers by `link` to a visible `target` for which all of `of` hold. */
  | {
      readonly kind: 'chain'
      readonly link: Link
      readonly target: string
      readonly of: readonly Condition[]
    }
  /** `_has`: a visible `source` row refers by `link` to this row and all of `of` hold for it. */
  | {
      readonly kind: 'has'
      readonly source: string
      readonly link: Link
      readonly of: readonly Condition[]
    }
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  /** Understood, and nothing can match: an id that is none, a reference to a type the parameter does not lead to. */
  | { readonly kind: 'never' }

export interface SortKey {
  readonly by:
    | { readonly in: 'id' }
    | DatePlace
    /** First value in `compared` under the letter of the kind: s text, n number, q quantity. */
    | { readonly in: 'compared-value'; readonly letter: 's' | 'n' | 'q'; readonly code: string }
    /** Tokens, references, uris: the first value at one of these dotted paths of the stored JSON, as text. */
    | { readonly in: 'content'; readonly paths: readonly string[] }
  readonly descending: boolean
}

/** `type:code[:target]`, following a reference forwards or, for `_revinclude`, backwards. */
export interface Inclusion {
  /** The type whose parameter it is: of the referring resource. */
  readonly type: string
  readonly link: Link
  /** Types the reference may lead to. */
  readonly targets: readonly string[]
  /** Applies to included resources too, until nothing new is found. */
  readonly iterate: boolean
}

export type Summary = 'true' | 'text' | 'data' | 'count' | 'false'

export interface Search {
  readonly type: string
  readonly conditions: readonly Condition[]
  readonly sort: readonly SortKey[]
  /** Matches on a page. */
  readonly count: number
  readonly total: 'none' | 'estimate' | 'accurate'
  /** `_summary=count` or `_count=0`: the number alone. */
  readonly countOnly: boolean
  readonly summary?: Summary | undefined
  /** `_elements`: top-level element names. */
  readonly elements?: readonly string[] | undefined
  /** Wildcards are spelt out: one inclusion for each reference parameter. */
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
