/** A member as others see it: its Organization and Endpoints, kept in step with the row that decisions read. */
import { NO_FACTS } from '../domain/access/filter.ts'
import type { Member } from '../domain/access/network.ts'
import type { Db } from '../storage/db.ts'
import { putResource } from '../storage/resources.ts'
import { endpointResources } from '../wire/fhir/endpoint.ts'
import type { JsonObject } from '../wire/fhir/json.ts'
import { endpointIds, organizationResource } from '../wire/fhir/organization.ts'
import { searchValues } from '../wire/fhir/search-values.ts'

export interface EntryWrite {
  readonly method: 'POST' | 'PUT'
  readonly at: Date
  /** Public address of the hub's DICOMweb face. */
  readonly dicomWeb: string
}

/** Runs in the caller's transaction. */
export async function putDirectoryEntry(db: Db, member: Member, write: EntryWrite): Promise<void> {
  const { wadoRs, qidoRs } = endpointIds(member.id)
  const resources = [
    organizationResource(member, [wadoRs, qidoRs]),
    ...endpointResources(member, write.dicomWeb),
  ]
  for (const resource of resources) await putResource(db, rowOf(resource, write.at), write)
}

function rowOf(resource: JsonObject, at: Date): Parameters<typeof putResource>[1] {
  return {
    type: String(resource.resourceType),
    id: String(resource.id),
    resource,
    // The directory belongs to no member and no patient: read-directory is the scope that opens it.
    facts: NO_FACTS,
    quarantined: false,
    search: searchValues(resource),
    at,
  }
}
