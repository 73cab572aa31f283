/** What came of one entry of a Bundle; the face makes its response of it. */
import type { HubError } from '../kernel/errors.ts'
import type { Search } from '../wire/fhir/search.ts'
import type { HistoryPage, HistoryRequest } from './read-history.ts'
import type { ReadResult } from './read-resource.ts'
import type { FoundPage } from './search-resources.ts'
import type { CreatedResource, DeletedResource } from './write-resource.ts'

export type EntryResult =
  | { readonly kind: 'written'; readonly resource: CreatedResource }
  /** Undefined where a condition matched none. */
  | { readonly kind: 'deleted'; readonly resource: DeletedResource | undefined }
  | {
      readonly kind: 'read'
      readonly resource: ReadResult
      readonly ifNoneMatch?: string | undefined
    }
  | { readonly kind: 'found'; readonly search: Search; readonly page: FoundPage }
  | { readonly kind: 'history'; readonly request: HistoryRequest; readonly page: HistoryPage }
  | { readonly kind: 'failed'; readonly error: HubError }
