/**
 * What a row of the registry holds for searching (decision 0012): `keys` are looked up by equality,
 * `compared` is read where order or a part of a text matters. `search-values.ts` fills them from a
 * resource; `parse-condition.ts` writes the same keys for a query.
 */

/**
 * Decimals as text, exact and without exponent; the same twice where the value is no range, `-Infinity` or
 * `Infinity` where a range is open.
 */
export interface ComparedNumber {
  readonly low: string
  readonly high: string
}

export interface ComparedQuantity extends ComparedNumber {
  readonly system?: string | undefined
  readonly code?: string | undefined
  readonly unit?: string | undefined
}

/** ISO 8601 in UTC, from (inclusive) until (exclusive). */
export type ComparedDate = readonly [from: string, until: string]

/** One component of a composite tuple: what its own kind of parameter would have held, keys with an empty code. */
export interface ComparedPart {
  readonly k?: readonly string[]
  readonly s?: readonly string[]
  readonly d?: readonly ComparedDate[]
  readonly n?: readonly ComparedNumber[]
  readonly q?: readonly ComparedQuantity[]
}

type ByCode<Value> = Readonly<Record<string, readonly Value[]>>

/** Column `compared`; a letter is left out where it would be empty. */
export interface Compared {
  /** Folded texts; uris as they stand; what goes with the tokens of a parameter under `code:text`. */
  readonly s?: ByCode<string>
  readonly d?: ByCode<ComparedDate>
  readonly n?: ByCode<ComparedNumber>
  readonly q?: ByCode<ComparedQuantity>
  /** Tuples, each with its parts in the order of the parameter's components. */
  readonly c?: ByCode<readonly ComparedPart[]>
}

export interface SearchValues {
  /**
   * `code|system|value`, `code||value` (no system), `code|value` (any system), `code|system|` (any value) for
   * tokens, of which those whose system their definition implies have `code|value` alone;
   * `code:of-type|system|type|value` for identifiers; `code|Type/id` or `code|url` for references,
   * `code:identifier|…` for those that name their target so; `code|uri`; `code:exact|text`; `code~folded` for whole
   * names of people; `code^fol` for the first letters of a text in `compared.s`; the bare `code` says that there is
   * a value. Storage keeps hashes of them.
   */
  readonly keys: readonly string[]
  /** `code|Type/id` of local references other than through `patient`: what `_include` and `_has` follow. */
  readonly refs: readonly string[]
  readonly compared: Compared
  /** The type's clinical date. */
  readonly date?: { readonly from: Date; readonly until: Date } | undefined
}
