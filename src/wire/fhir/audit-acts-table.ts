/** How each act of the hub is coded as an AuditEvent: IHE BALP 3:5.7 where it has a pattern, PS3.15 A.5 else. */
import type { AuditAct } from '../../domain/audit/event.ts'

export interface Coding {
  readonly system: string
  readonly code: string
  readonly display?: string
}

const DCM_SYSTEM = 'http://dicom.nema.org/resources/ontology/DCM'
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'

export const dcm = (code: string, display: string): Coding => ({
  system: DCM_SYSTEM,
  code,
  display,
})

const REST: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
  code: 'rest',
  display: 'Restful Operation',
}
const interaction = (code: string): Coding => ({
  system: 'http://hl7.org/fhir/restful-interaction',
  code,
})
const DISCLOSE: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
  code: 'disclose',
}
const TOKEN_REQUEST: Coding = { system: 'urn:ihe:event-type-code', code: 'ITI-71' }
const AUTHORIZATION: Coding = {
  system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType',
  code: 'AuthZ-Consent',
}

const SOURCE_ROLE = dcm('110153', 'Source Role ID')
const DESTINATION_ROLE = dcm('110152', 'Destination Role ID')
const APPLICATION_ROLE = dcm('110150', 'Application')
export const CUSTODIAN_ROLE: Coding = { system: 'http://snomed.info/sct', code: '159541003' }
export const ORGANIZATION_ROLE: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-RoleClass',
  code: 'PROV',
}
const AUTHORIZATION_SERVER: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/extra-security-role-type',
  code: 'authserver',
}
const RECIPIENT: Coding = { system: PARTICIPATION, code: 'IRCP', display: 'information recipient' }
const AUTHOR: Coding = { system: PARTICIPATION, code: 'AUT', display: 'author (originator)' }

export interface ActCoding {
  readonly type: Coding
  readonly subtype: readonly Coding[]
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E'
  /** Roles of the calling system, the hub and the person. */
  readonly client: Coding
  readonly hub: Coding
  readonly person: Coding
}

type Roles = Pick<ActCoding, 'client' | 'hub' | 'person'>

const GIVES: Roles = { client: DESTINATION_ROLE, hub: SOURCE_ROLE, person: RECIPIENT }
const ASKS: Roles = { client: SOURCE_ROLE, hub: DESTINATION_ROLE, person: RECIPIENT }
const TAKES: Roles = { client: SOURCE_ROLE, hub: DESTINATION_ROLE, person: AUTHOR }
const DECIDES: Roles = { client: APPLICATION_ROLE, hub: AUTHORIZATION_SERVER, person: RECIPIENT }

const EXPORT = dcm('110106', 'Export')
const ALERT = dcm('110113', 'Security Alert')
const AUTHENTICATION = dcm('110114', 'User Authentication')

export const ACT_CODINGS: Readonly<Record<AuditAct, ActCoding>> = {
  'disclosure-opened': { type: EXPORT, subtype: [DISCLOSE], action: 'R', ...GIVES },
  'disclosure-closed': { type: EXPORT, subtype: [DISCLOSE], action: 'R', ...GIVES },
  search: { type: REST, subtype: [interaction('search')], action: 'E', ...ASKS },
  read: { type: REST, subtype: [interaction('read')], action: 'R', ...GIVES },
  create: { type: REST, subtype: [interaction('create')], action: 'C', ...TAKES },
  update: { type: REST, subtype: [interaction('update')], action: 'U', ...TAKES },
  delete: { type: REST, subtype: [interaction('delete')], action: 'D', ...TAKES },
  history: { type: REST, subtype: [interaction('history')], action: 'R', ...GIVES },
  operation: { type: REST, subtype: [interaction('operation')], action: 'E', ...ASKS },
  'patients-linked': {
    type: dcm('110110', 'Patient Record'),
    subtype: [interaction('update')],
    action: 'U',
    ...TAKES,
  },
  export: { type: EXPORT, subtype: [interaction('operation')], action: 'R', ...GIVES },
  notified: { type: EXPORT, subtype: [DISCLOSE], action: 'R', ...GIVES },
  publish: {
    type: dcm('110104', 'DICOM Instances Transferred'),
    subtype: [],
    action: 'C',
    ...TAKES,
  },
  'token-issued': { type: AUTHENTICATION, subtype: [TOKEN_REQUEST], action: 'E', ...DECIDES },
  'token-refused': { type: AUTHENTICATION, subtype: [TOKEN_REQUEST], action: 'E', ...DECIDES },
  'access-refused': { type: ALERT, subtype: [AUTHORIZATION], action: 'E', ...DECIDES },
  'grant-revoked': {
    type: ALERT,
    subtype: [dcm('110137', 'User Security Attributes Changed')],
    action: 'D',
    ...DECIDES,
  },
  'consent-recorded': { type: REST, subtype: [interaction('create')], action: 'C', ...TAKES },
  'break-glass': { type: ALERT, subtype: [], action: 'E', ...DECIDES },
  administration: {
    type: ALERT,
    subtype: [dcm('110129', 'Security Configuration')],
    action: 'U',
    ...TAKES,
  },
}
