/** The record of who contributed a resource, beside it and seen by whom it is (access.md section 6). */
import type { Db } from '../storage/db.ts'
import { insertWithProvenance, putResource, type NewResource } from '../storage/resources.ts'
import { provenanceOf, type Contribution } from '../wire/fhir/provenance.ts'
import { searchValues } from '../wire/fhir/search-values.ts'

export interface ProvenanceRow extends Pick<NewResource, 'id' | 'facts' | 'quarantined'> {
  /** Rewrites the version that is there, where the one told of is rewritten. */
  readonly keepVersion?: boolean | undefined
}

/** Runs in the transaction that writes the target; `facts` and `quarantined` are the target's own. */
export async function putProvenance(
  db: Db,
  contribution: Contribution,
  { keepVersion, ...row }: ProvenanceRow,
): Promise<void> {
  const resource = provenanceOf(contribution)
  const search = searchValues(resource)
  const { recorded: at } = contribution
  const provenance = { type: 'Provenance', ...row, resource, search, at }
  await putResource(db, provenance, { method: 'POST', keepVersion })
}

export interface Contributing extends Pick<Contribution, 'member' | 'client'> {
  /** The id that the Provenance gets. */
  readonly provenanceId: string
  readonly method: 'POST' | 'PUT' | 'PATCH'
  /** Whether there is a row of it, a deleted one too. */
  readonly isUpdate: boolean
}

/** Writes the row as its next version and the record of who contributed it; returns the version. */
export async function putContributed(
  db: Db,
  row: NewResource,
  { provenanceId: id, method, isUpdate, member, client }: Contributing,
): Promise<number> {
  const { type, facts, quarantined, at } = row
  const activity = isUpdate ? 'UPDATE' : 'CREATE'
  const tell = (version: number): Contribution => {
    const target = `${type}/${row.id}/_history/${version}`
    return { target, recorded: at, member, client, activity }
  }
  if (method === 'POST') {
    const resource = provenanceOf(tell(1))
    const told = { id, resource, search: searchValues(resource) }
    if (await insertWithProvenance(db, row, told)) return 1
  }
  const version = await putResource(db, row, { method })
  await putProvenance(db, tell(version), { id, facts, quarantined })
  return version
}
