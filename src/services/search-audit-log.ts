/** A FHIR search of AuditEvent: the log is searched as everything else, under its own visibility. */
import type { Db } from '../storage/db.ts'
import { searchResources, type FoundPage, type Position } from '../storage/resource-search.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import type { Search } from '../wire/fhir/search.ts'

export interface AuditLogSearch {
  readonly search: Search
  readonly after?: Position | undefined
  readonly visible: Visibility
}

/** Newest first where no order is asked for. Throws `invalid` for a search that takes too long. */
export function searchAuditLog(
  db: Db,
  { search, after, visible }: AuditLogSearch,
): Promise<FoundPage> {
  return searchResources(db, { search, after, visibility: visible })
}
