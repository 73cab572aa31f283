/** A member as the mCSD directory shows it (ITI-90): an Organization with the Endpoints of the hub. */
import type { Member } from '../../domain/access/network.ts'
import type { OrganizationId } from '../../kernel/ids.ts'
import type { JsonObject } from './json.ts'
import { ORGNR_SYSTEM } from './systems.ts'

const ORGANIZATION_TYPE_SYSTEM = 'http://terminology.hl7.org/CodeSystem/organization-type'

/** `endpoints` are ids. */
export function organizationResource(member: Member, endpoints: readonly string[]): JsonObject {
  return {
    resourceType: 'Organization',
    id: member.id,
    identifier: [{ use: 'official', system: ORGNR_SYSTEM, value: member.orgnr }],
    active: member.active,
    // mCSD asks for a type; what a member may do in the network is not the directory's to tell.
    type: [{ coding: [organizationType(member)] }],
    name: member.name,
    endpoint: endpoints.map((id) => ({ reference: `Endpoint/${id}` })),
  }
}

function organizationType({ roles }: Member): JsonObject {
  const provides = roles.includes('clinical') || roles.includes('publisher')
  return provides
    ? { system: ORGANIZATION_TYPE_SYSTEM, code: 'prov', display: 'Healthcare Provider' }
    : { system: ORGANIZATION_TYPE_SYSTEM, code: 'other', display: 'Other' }
}

export interface EndpointIds {
  readonly wadoRs: string
  readonly qidoRs: string
}

/** The ids every ImagingStudy of the member refers to. */
export function endpointIds(member: OrganizationId): EndpointIds {
  return { wadoRs: `${member}-wado-rs`, qidoRs: `${member}-qido-rs` }
}
