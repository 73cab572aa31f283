/**
 * Where a member's images are fetched: always the hub itself. The archives behind it are in no resource,
 * so that nobody learns or bypasses them.
 */
import type { Member } from '../../domain/access/network.ts'
import type { JsonObject } from './json.ts'
import { endpointIds } from './organization.ts'

const CONNECTION_TYPE_SYSTEM = 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type'
const PAYLOAD_TYPE_SYSTEM = 'http://terminology.hl7.org/CodeSystem/endpoint-payload-type'

/** RAD-107 and RAD-129 (IHE WIA) at `dicomWeb`, the public address of the hub's DICOMweb face. */
export function endpointResources(member: Member, dicomWeb: string): readonly JsonObject[] {
  const ids = endpointIds(member.id)
  return [
    endpoint(member, {
      id: ids.wadoRs,
      type: 'dicom-wado-rs',
      label: 'DICOM WADO-RS',
      mimeTypes: ['application/dicom', 'application/dicom+json'],
      dicomWeb,
    }),
    endpoint(member, {
      id: ids.qidoRs,
      type: 'dicom-qido-rs',
      label: 'DICOM QIDO-RS',
      mimeTypes: ['application/dicom+json'],
      dicomWeb,
    }),
  ]
}

interface EndpointParts {
  readonly id: string
  readonly type: string
  readonly label: string
  readonly mimeTypes: readonly string[]
  readonly dicomWeb: string
}

function endpoint(member: Member, parts: EndpointParts): JsonObject {
  return {
    resourceType: 'Endpoint',
    id: parts.id,
    status: member.active ? 'active' : 'off',
    connectionType: { system: CONNECTION_TYPE_SYSTEM, code: parts.type },
    name: `${member.name}: ${parts.label}`,
    managingOrganization: { reference: `Organization/${member.id}` },
    // MADO's form (RAD MADO, WADO endpoint): the code says nothing, the text what it is.
    payloadType: [{ coding: [{ system: PAYLOAD_TYPE_SYSTEM, code: 'none' }], text: parts.label }],
    payloadMimeType: parts.mimeTypes,
    address: parts.dicomWeb,
  }
}
