/** The directory's entries as operators write them, beside those the hub keeps for its members (ITI-90). */
import type { PoolClient } from 'pg'
import { NO_FACTS } from '../domain/access/filter.ts'
import { HubError } from '../kernel/errors.ts'
import type { Db } from '../storage/db.ts'
import { isMembersEntry } from '../storage/members.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import type { DeleteRequest, ToRow } from './write-request.ts'

/** Throws `conflict` for what the hub keeps in step with a member. */
export const fileDirectoryEntry: ToRow = async (db, { resource, id, at, previous }) => {
  const type = String(resource.resourceType)
  if (previous !== undefined) await requireFree(db, { type, id })
  return {
    type,
    id,
    resource,
    // The directory belongs to no member and no patient.
    facts: NO_FACTS,
    quarantined: false,
    search: searchValues(resource),
    at,
  }
}

export function keepMembersEntry(db: PoolClient, { previous }: DeleteRequest): Promise<void> {
  return requireFree(db, previous)
}

async function requireFree(
  db: Db,
  { type, id }: { readonly type: string; readonly id: string },
): Promise<void> {
  if (!(await isMembersEntry(db, type, id))) return
  throw new HubError('conflict', 'This entry is kept by the administration of its member')
}
