/**
 * An audit record as FHIR R4 AuditEvent: the patterns of IHE BALP (3:5.7) with what the Norwegian trust
 * framework adds to them (care relation, point of care). The text is what the log's leaf hashes cover.
 */
import type { AuditEntity, AuditRecord } from '../../domain/audit/event.ts'
import type { Practitioner, Principal } from '../../domain/access/principal.ts'
import { maskElevenDigits } from '../../domain/identity/suspect-national-id.ts'
import {
  ACT_CODINGS,
  CUSTODIAN_ROLE,
  ORGANIZATION_ROLE,
  dcm,
  type ActCoding,
  type Coding,
} from './audit-acts-table.ts'
import type { JsonObject } from './json.ts'
import {
  ACT_REASON_SYSTEM,
  AUDIT_ACT_SYSTEM,
  CATEGORY_SYSTEM,
  CLIENT_SYSTEM,
  DICOM_UID_SYSTEM,
  DISCLOSURE_SYSTEM,
  HANDLE_SYSTEM,
  HPR_SYSTEM,
  ORGNR_SYSTEM,
} from './systems.ts'

/** The hub as it names itself in its log. */
export interface HubName {
  readonly name: string
  /** Public base URL. */
  readonly url: string
}

/** No text of a caller may swell the log: longer ones are cut. */
const MAX_TEXT = 256
const MAX_QUERY = 8_192

const TRUST_FRAMEWORK =
  'http://hl7.no/fhir/StructureDefinition/auditevent-carerelation-metadata-extension'
const EMERGENCY_OVERRIDE = dcm('110127', 'Emergency Override Started')

/** The AuditEvent, in the member order its text has: the same record and id give the same bytes. */
export function auditEvent(record: AuditRecord, id: string, hub: HubName): JsonObject {
  const coding = ACT_CODINGS[record.act]
  const person = record.principal?.practitioner
  return {
    resourceType: 'AuditEvent',
    id,
    meta: { versionId: '1', lastUpdated: record.at.toISOString() },
    contained: person && containedRequester(person, record.principal),
    extension: careRelation(record),
    type: coding.type,
    subtype: subtypes(record, coding),
    action: coding.action,
    recorded: record.at.toISOString(),
    outcome: record.outcome,
    outcomeDesc: record.reason && cut(record.reason),
    purposeOfEvent: purposes(record),
    agent: agents(record, coding, hub),
    source: {
      site: hub.url,
      observer: { display: hub.name },
      type: [{ system: 'http://terminology.hl7.org/CodeSystem/security-source-type', code: '4' }],
    },
    entity: entities(record),
  }
}

function subtypes(record: AuditRecord, coding: ActCoding): readonly Coding[] {
  const own = { system: AUDIT_ACT_SYSTEM, code: record.act }
  const override = record.breakGlass === true ? [EMERGENCY_OVERRIDE] : []
  return [...coding.subtype, own, ...override]
}

/** HL7 Norway's extension, as far as a grant carries the attest: its id and whether access was overridden. */
function careRelation({ decisionRef, breakGlass }: AuditRecord): readonly JsonObject[] | undefined {
  if (decisionRef === undefined) return undefined
  return [
    {
      url: TRUST_FRAMEWORK,
      extension: [
        { url: 'decision-ref-id', valueString: cut(decisionRef) },
        { url: 'decision-ref-user-selected', valueBoolean: breakGlass === true },
      ],
    },
  ]
}

function purposes(record: AuditRecord): readonly JsonObject[] | undefined {
  if (record.purpose === undefined) return undefined
  const detail = record.purposeDetail
  return [
    { coding: [{ system: ACT_REASON_SYSTEM, code: cut(record.purpose) }] },
    ...(detail === undefined ? [] : [{ coding: [{ code: cut(detail) }] }]),
  ]
}

/** A name and a handle, never the national id (ATT-8). */
function containedRequester(person: Practitioner, principal: Principal | undefined): JsonObject[] {
  const practitioner = {
    resourceType: 'Practitioner',
    id: 'practitioner',
    identifier: [
      { system: HANDLE_SYSTEM, value: person.handle },
      ...(person.hprNumber === undefined ? [] : [{ system: HPR_SYSTEM, value: person.hprNumber }]),
    ],
    name: [{ text: cut(person.name) }],
    qualification: person.category && [
      { code: { coding: [{ system: CATEGORY_SYSTEM, code: person.category }] } },
    ],
  }
  const role = {
    resourceType: 'PractitionerRole',
    id: 'requester',
    practitioner: { reference: '#practitioner' },
    organization: principal && { reference: `Organization/${principal.member}` },
    location: principal?.unit && [pointOfCare(principal.unit)],
  }
  return [practitioner, role]
}

const pointOfCare = (unit: string): JsonObject => ({
  identifier: { system: ORGNR_SYSTEM, value: unit },
})
const typed = (coding: Coding): JsonObject => ({ coding: [coding] })

function agents(record: AuditRecord, coding: ActCoding, hub: HubName): readonly JsonObject[] {
  const { principal } = record
  const network = { address: hub.url, type: '5' }
  return [
    clientAgent(record, coding),
    ...(principal === undefined ? [] : callerAgents(record, principal, coding)),
    { type: typed(coding.hub), who: { display: hub.name }, requestor: false, network },
    ...custodians(record.entities).map((id) => ({
      type: typed(CUSTODIAN_ROLE),
      who: { reference: `Organization/${id}` },
      requestor: false,
    })),
  ]
}

function clientAgent(record: AuditRecord, coding: ActCoding): JsonObject {
  const { principal } = record
  const asPerson = principal?.practitioner !== undefined
  return {
    type: typed(coding.client),
    who:
      principal === undefined
        ? { display: 'not authenticated' }
        : { identifier: { system: CLIENT_SYSTEM, value: principal.client } },
    requestor: !asPerson,
    policy: asPerson || principal === undefined ? undefined : [tokenPolicy(principal)],
    network: record.address && { address: cut(record.address), type: '2' },
  }
}

/** BALP 3:5.7.5: the token is named by its `jti` on the agent it speaks for. */
const tokenPolicy = (principal: Principal): string =>
  `urn:ietf:params:oauth:jti:${cut(principal.tokenId)}`

function callerAgents(record: AuditRecord, principal: Principal, coding: ActCoding): JsonObject[] {
  const organization = {
    type: typed(ORGANIZATION_ROLE),
    who: { reference: `Organization/${principal.member}` },
    requestor: false,
    location: principal.unit && pointOfCare(principal.unit),
  }
  const person = principal.practitioner
  if (person === undefined) return [organization]
  const user = {
    type: typed(coding.person),
    role: person.category && [typed({ system: CATEGORY_SYSTEM, code: person.category })],
    who: {
      reference: '#requester',
      identifier: { system: HANDLE_SYSTEM, value: person.handle },
      display: cut(person.name),
    },
    requestor: true,
    policy: [tokenPolicy(principal)],
    purposeOfUse: record.purpose && [
      typed({ system: ACT_REASON_SYSTEM, code: cut(record.purpose) }),
    ],
  }
  return [user, organization]
}

function custodians(entities: readonly AuditEntity[]): readonly string[] {
  const ids = entities.flatMap((entity) =>
    entity.kind !== 'query' && entity.custodian !== undefined ? [entity.custodian] : [],
  )
  return [...new Set(ids)]
}

const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type'
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role'
const entityOf = (type: string, role: string): JsonObject => ({
  type: { system: ENTITY_TYPE, code: type },
  role: { system: OBJECT_ROLE, code: role },
})
const PATIENT_ENTITY = entityOf('1', '1')
const DOMAIN_RESOURCE = entityOf('2', '4')
const JOB = entityOf('2', '20')
const QUERY = entityOf('2', '24')

function entities(record: AuditRecord): readonly JsonObject[] {
  const { patient, disclosure } = record
  return [
    ...(patient === undefined
      ? []
      : [{ what: { reference: `Patient/${patient}` }, ...PATIENT_ENTITY }]),
    ...record.entities.map(touched),
    ...(disclosure === undefined ? [] : [disclosureEntity(disclosure)]),
    {
      what: { identifier: { value: cut(record.requestId) } },
      type: {
        system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType',
        code: 'XrequestId',
      },
      detail: [{ type: 'channel', valueString: record.channel }],
    },
  ]
}

function touched(entity: AuditEntity): JsonObject {
  if (entity.kind === 'query') {
    // A face masks what it knows to be an identifier; one may stand where a resource's id belongs.
    const text = maskElevenDigits(entity.query.slice(0, MAX_QUERY))
    const query = Buffer.from(text).toString('base64')
    return { ...QUERY, query }
  }
  const detail = entity.custodian && [
    { type: 'custodian', valueString: `Organization/${entity.custodian}` },
  ]
  if (entity.kind === 'resource') {
    return { what: { reference: cut(entity.reference) }, ...DOMAIN_RESOURCE, detail }
  }
  const identifier = { system: DICOM_UID_SYSTEM, value: `urn:oid:${entity.study}` }
  const what = { reference: `ImagingStudy/${entity.imagingStudy}`, identifier }
  return { what, ...DOMAIN_RESOURCE, detail }
}

function disclosureEntity({ id, ...facts }: NonNullable<AuditRecord['disclosure']>): JsonObject {
  const detail = Object.entries(facts).flatMap(([type, value]) =>
    value === undefined ? [] : [{ type, valueString: String(value) }],
  )
  return {
    what: { identifier: { system: DISCLOSURE_SYSTEM, value: id } },
    ...JOB,
    detail: detail.length === 0 ? undefined : detail,
  }
}

/** PostgreSQL text holds no NUL, and half a surrogate pair is no text. */
const cut = (text: string): string => text.slice(0, MAX_TEXT).replaceAll('\0', '').toWellFormed()
