import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PatientConsent, Provision } from '../../../src/domain/access/consent.ts'
import { isHubError } from '../../../src/kernel/errors.ts'
import type { OrganizationId, StudyUid } from '../../../src/kernel/ids.ts'
import { studyReferencesOf } from '../../../src/wire/fhir/consent-references.ts'
import { readConsent } from '../../../src/wire/fhir/consent.ts'
import { block } from '../../support/access-services.ts'

const DCM = 'http://dicom.nema.org/resources/ontology/DCM'
const SCT = 'http://snomed.info/sct'
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason'
const PARTICIPATION = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'
const CONSENT_ACTION = 'http://terminology.hl7.org/CodeSystem/consentaction'
const HUB_ACTION = 'https://samsyn.no/fhir/CodeSystem/action'
const OID = 'urn:oid:2.16.578.1.12.4.1'

const references = {
  studies: (reference: string): StudyUid[] | undefined =>
    reference === 'ImagingStudy/known' ? ['1.2.3' as StudyUid] : undefined,
  member: (orgnr: string): OrganizationId | undefined =>
    orgnr === '983971636' ? ('org-b' as OrganizationId) : undefined,
}

const concept = (system: string, code: string): object => ({ coding: [{ system, code }] })
const role = (code: string): object => concept(PARTICIPATION, code)
const identified = (system: string, value: string): object => ({
  identifier: { system: `${OID}${system}`, value },
})

function read(consent: object): PatientConsent | undefined {
  return readConsent({ ...consent }, references)
}

/** What a provision says, absent criteria left out. */
function criteria(provision: object): Partial<Provision> {
  const said = read(block(provision))?.provision
  assert.ok(said !== undefined)
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
}

function problemsOf(consent: object): string[] {
  try {
    read(consent)
  } catch (error) {
    assert.ok(isHubError(error, 'unprocessable'))
    return error.problems.map(({ location }) => location)
  }
  return []
}

describe('readConsent', () => {
  it('reads a block against everyone and everything', () => {
    assert.deepEqual(criteria({}), { effect: 'deny', nested: [] })
  })

  for (const status of ['draft', 'proposed', 'rejected', 'inactive', 'entered-in-error']) {
    it(`hears nothing in a consent that is ${status}`, () => {
      assert.equal(read({ ...block(), status }), undefined)
    })
  }

  for (const [name, provision, expected] of [
    [
      'an organisation of the registry',
      { actor: [{ role: role('IRCP'), reference: { reference: 'Organization/org-a' } }] },
      { actors: [{ kind: 'organization', id: 'org-a' }] },
    ],
    [
      'a unit by organisation number',
      { actor: [{ role: role('IRCP'), reference: identified('.4.101', '874716782') }] },
      { actors: [{ kind: 'unit', orgnr: '874716782' }] },
    ],
    [
      'a person by HPR number',
      { actor: [{ role: role('PRCP'), reference: identified('.4.4', '9144900') }] },
      { actors: [{ kind: 'practitioner', handle: 'hpr|9144900' }] },
    ],
    [
      'a person by the hub’s handle',
      { actor: [{ role: role('IRCP'), reference: { reference: 'Practitioner/aB_c-1' } }] },
      { actors: [{ kind: 'practitioner', handle: 'aB_c-1' }] },
    ],
    [
      'a category of personnel',
      { actor: [{ role: role('IRCP'), reference: identified('.1.9060', 'PS') }] },
      { actors: [{ kind: 'category', code: 'PS' }] },
    ],
    [
      'a recipient and the custodian it is kept from',
      {
        actor: [
          { role: role('IRCP'), reference: { reference: 'Organization/org-a' } },
          { role: role('CST'), reference: identified('.4.101', '983971636') },
        ],
      },
      { actors: [{ kind: 'organization', id: 'org-a' }], custodians: ['org-b'] },
    ],
    ['purposes', { purpose: [{ system: ACT_REASON, code: 'TREAT' }] }, { purposes: ['TREAT'] }],
    [
      'modalities',
      { code: [concept(DCM, 'CT'), concept(DCM, 'PT')] },
      { modalities: ['CT', 'PT'] },
    ],
    ['body regions', { code: [concept(SCT, '51185008')] }, { bodyRegions: ['51185008'] }],
    [
      'labels with their system',
      { securityLabel: [{ system: 'urn:x', code: 'PSY' }, { code: 'R' }] },
      { labels: ['urn:x|PSY', 'R'] },
    ],
    [
      'actions of the hub',
      { action: [concept(HUB_ACTION, 'view-images')] },
      { actions: ['view-images'] },
    ],
    [
      'access, use and disclosure as any action',
      { action: [concept(CONSENT_ACTION, 'access')] },
      {},
    ],
    [
      'a study by UID',
      {
        data: [
          {
            meaning: 'instance',
            reference: { identifier: { system: 'urn:dicom:uid', value: 'urn:oid:1.2.9' } },
          },
        ],
      },
      { studies: ['1.2.9'] },
    ],
    [
      'a study of the registry',
      { data: [{ meaning: 'instance', reference: { reference: 'ImagingStudy/known' } }] },
      { studies: ['1.2.3'] },
    ],
    [
      'the period it is in force, whole days',
      { period: { start: '2026-01-01', end: '2026-01-31' } },
      { period: { from: new Date('2026-01-01'), until: new Date('2026-02-01') } },
    ],
    [
      'when the study was made, open to one side',
      { dataPeriod: { end: '2020' } },
      { dataPeriod: { from: undefined, until: new Date('2021-01-01') } },
    ],
  ] as const) {
    it(`reads ${name}`, () => {
      assert.deepEqual(criteria(provision), { effect: 'deny', ...expected, nested: [] })
    })
  }

  it('reads exceptions, and exceptions to them', () => {
    const provision = [
      { type: 'permit', provision: [{ type: 'deny', code: [concept(DCM, 'CT')] }] },
    ]
    const { nested = [] } = criteria({ provision })
    assert.equal(nested[0]?.effect, 'permit')
    assert.deepEqual(nested[0].nested[0]?.modalities, ['CT'])
  })

  const actor = (reference: object): object => ({ actor: [{ role: role('IRCP'), reference }] })
  for (const [name, provision, place] of [
    ['a class of resources', { class: [{ code: 'ImagingStudy' }] }, 'class'],
    ['an element nobody knows', { whatever: true }, 'whatever'],
    ['a modifier', { modifierExtension: [{ url: 'x' }] }, 'modifierExtension'],
    ['no type', { type: undefined }, 'type'],
    [
      'an actor elsewhere',
      actor({ reference: 'https://x.example/Organization/1' }),
      'actor[0].reference',
    ],
    ['a group', actor({ reference: 'Group/1' }), 'actor[0].reference'],
    ['a person by national id', actor(identified('.4.1', '17858550084')), 'actor[0].reference'],
    [
      'another role',
      { actor: [{ role: role('AUT'), reference: { reference: 'Organization/a' } }] },
      'actor[0].role',
    ],
    [
      'a custodian outside the network',
      { actor: [{ role: role('CST'), reference: identified('.4.101', '974589095') }] },
      'actor[0].reference',
    ],
    ['an unknown purpose', { purpose: [{ system: ACT_REASON, code: 'CURIOUS' }] }, 'purpose[0]'],
    [
      'a purpose of another system',
      { purpose: [{ system: 'urn:x', code: 'TREAT' }] },
      'purpose[0]',
    ],
    ['another action', { action: [concept(CONSENT_ACTION, 'correct')] }, 'action[0]'],
    [
      'an action that is not for a grant',
      { action: [concept(HUB_ACTION, 'publish')] },
      'action[0]',
    ],
    ['a code of another system', { code: [concept('http://loinc.org', '1-8')] }, 'code[0]'],
    ['modalities mixed with regions', { code: [concept(DCM, 'CT'), concept(SCT, '1')] }, 'code'],
    ['a period that is none', { period: { start: 'soon' } }, 'period'],
    ['an empty period', { period: {} }, 'period'],
    ['an empty list', { purpose: [] }, 'purpose'],
    [
      'a study that is not there',
      { data: [{ meaning: 'instance', reference: { reference: 'ImagingStudy/gone' } }] },
      'data[0].reference',
    ],
    [
      'other data than studies',
      { data: [{ meaning: 'authoredby', reference: { reference: 'ImagingStudy/known' } }] },
      'data[0].meaning',
    ],
    ['a nested provision without a type', { provision: [{}] }, 'provision[0].type'],
  ] as const) {
    it(`refuses ${name} rather than leave it out`, () => {
      assert.deepEqual(problemsOf(block(provision)), [`Consent.provision.${place}`])
    })
  }

  for (const [name, over, place] of [
    ['another scope', { scope: concept('x', 'research') }, 'Consent.scope'],
    ['no provision', { provision: undefined }, 'Consent.provision'],
    ['no patient', { patient: undefined }, 'Consent.patient'],
    ['a modifier at the top', { modifierExtension: [{}] }, 'Consent.modifierExtension'],
  ] as const) {
    it(`refuses a consent with ${name}`, () => {
      assert.deepEqual(problemsOf({ ...block(), ...over }), [place])
    })
  }

  it('tells of every problem at once', () => {
    const provision = { type: 'maybe', purpose: [{ code: 'x' }], code: [{}] }
    assert.equal(problemsOf(block(provision)).length, 3)
  })

  it('refuses nesting without an end', () => {
    const nest = (depth: number): object =>
      depth === 0 ? { type: 'deny' } : { type: 'deny', provision: [nest(depth - 1)] }
    assert.deepEqual(problemsOf(block(nest(4))), [])
    assert.equal(problemsOf(block(nest(5))).length, 1)
  })
})

describe('studyReferencesOf', () => {
  it('finds references to studies and reports at every depth, each once', () => {
    const data = (reference: string): object => ({ data: [{ reference: { reference } }] })
    const provision = {
      ...data('ImagingStudy/a'),
      provision: [data('DiagnosticReport/b'), data('ImagingStudy/a'), data('Patient/c')],
    }
    assert.deepEqual(studyReferencesOf(block(provision)), ['ImagingStudy/a', 'DiagnosticReport/b'])
  })
})
