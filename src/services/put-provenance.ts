/** The record of who contributed a resource, beside it and seen by whom it is (access.md section 6). */
import type { Db } from '../storage/db.ts'
import { putResource, type NewResource } from '../storage/resources.ts'
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
