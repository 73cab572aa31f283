import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ACTIONS } from '../../../src/domain/access/principal.ts'
import { actionsOf, isScope, scopeOf, SCOPES } from '../../../src/domain/access/scopes.ts'

describe('scopes', () => {
  it('names one scope for each action', () => {
    for (const action of ACTIONS) assert.deepEqual([...actionsOf(scopeOf(action))], [action])
  })

  for (const [scope, actions] of [
    ['user/ImagingStudy.rs', ['find', 'view-images']],
    ['system/ImagingStudy.s', ['find']],
    ['patient/DiagnosticReport.r', ['find', 'read-report']],
    ['system/ImagingStudy.cud', ['publish']],
    ['system/Patient.s', ['identify', 'find']],
    ['system/Consent.c', ['record-consent']],
    ['user/AuditEvent.rs', ['read-audit']],
    ['system/Endpoint.s samsyn:publish', ['publish', 'read-directory']],
    ['user/*.c', ['publish', 'record-consent', 'operate', 'link-patients', 'subscribe']],
    ['user/Observation.rs', ['find', 'read-report']],
  ] as const) {
    it(`reads ${scope} as ${actions.join(', ')}`, () => {
      assert.deepEqual([...actionsOf(scope)].sort(), [...actions].sort())
    })
  }

  for (const scope of [
    '',
    'openid',
    'samsyn:',
    'samsyn:everything',
    'user/ImagingStudy.',
    'user/ImagingStudy.sr',
    'user/ImagingStudy.read',
    'user/CarePlan.rs',
    'user/constructor.rs',
    'launch/ImagingStudy.rs',
    'user/ImagingStudy.rs?modality=CT',
  ]) {
    it(`gives nothing for "${scope}"`, () => {
      assert.equal(actionsOf(scope).size, 0)
      assert.equal(isScope(scope), false)
    })
  }

  it('announces only scopes that a client can be registered with', () => {
    assert.deepEqual(
      SCOPES.filter((scope) => !isScope(scope)),
      [],
    )
  })
})
