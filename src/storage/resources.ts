/** FHIR resources as rows: whole JSON text, typed policy columns, arrays of search values. */
import type { ObjectFacts } from '../domain/access/filter.ts'

/** What a search parameter may ask of a row beyond its typed columns (wire/fhir/search-values.ts makes it). */
export interface SearchValues {
  readonly tokens: readonly string[]
  readonly refs: readonly string[]
  readonly strings: readonly string[]
  readonly date?: { readonly from: Date; readonly until: Date } | undefined
}

export interface NewResource {
  readonly type: string
  readonly id: string
  /** The resource without `meta.versionId` and `meta.lastUpdated`, which are set here. */
  readonly resource: Readonly<Record<string, unknown>>
  readonly facts: ObjectFacts
  readonly quarantined: boolean
  readonly search: SearchValues
  readonly at: Date
}

export interface StoredResource {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly lastUpdated: Date
  /** JSON text as served; null once deleted. */
  readonly content: string | null
}
