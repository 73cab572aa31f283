import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compile, refusal } from '../../../src/domain/access/compile.ts'
import { decide } from '../../../src/domain/access/decide.ts'
import type { AccessFacts, AccessRequest } from '../../../src/domain/access/decision.ts'
import { matches } from '../../../src/domain/access/match-filter.ts'
import { consent, facts, grant, object, request } from '../../support/access-world-arbitraries.ts'
import * as world from '../../support/access-worlds.ts'

const permits = (asked: AccessRequest, known: AccessFacts, resource = world.study()): boolean =>
  matches(compile(asked, known).filter, resource)

describe('the compiled filter', () => {
  it('permits exactly what decide permits, in any world', () => {
    fc.assert(
      fc.property(request, facts, object, (asked, known, resource) => {
        const { effect } = decide({ ...asked, resource }, known)
        assert.equal(permits(asked, known, resource), effect === 'permit')
      }),
      { numRuns: 5000 },
    )
  })

  it('never widens when the patient adds a block', () => {
    fc.assert(
      fc.property(request, facts, consent, object, (asked, known, added, resource) => {
        const block = { ...added, provision: { ...added.provision, effect: 'deny' as const } }
        const after = { ...known, consents: [...known.consents, block] }
        const optOut = { ...after.profile, consentDefault: 'opt-out' as const }
        const before = permits(asked, { ...known, profile: optOut }, resource)
        assert.ok(before || !permits(asked, { ...after, profile: optOut }, resource))
      }),
      { numRuns: 2000 },
    )
  })

  it('never shows under a grant anything but its patient and its studies, whatever the purpose', () => {
    fc.assert(
      fc.property(grant, facts, object, (held, known, resource) => {
        const asked = world.request({ grant: held, at: new Date('2026-01-01') })
        if (!permits(asked, known, resource)) return
        assert.equal(resource.patient, held.patient)
        const { studies } = held
        if (studies === undefined || resource.custodian === null) return
        assert.ok(resource.studyUids.every((uid) => studies.includes(uid)))
      }),
      { numRuns: 2000 },
    )
  })

  it('shows a system without a person nothing but what its member is custodian of', () => {
    fc.assert(
      fc.property(facts, object, (known, resource) => {
        const asked = world.request({ principal: world.systemPrincipal(), grant: undefined })
        if (permits(asked, known, resource)) assert.equal(resource.custodian, world.REQUESTER)
      }),
      { numRuns: 1000 },
    )
  })

  it('tells which rows keep something back, to the first that keeps back all', () => {
    const { because } = compile(
      world.request({ principal: world.systemPrincipal(), grant: undefined }),
      world.facts(),
    )
    assert.deepEqual(
      because.map(({ code }) => code),
      ['no-basis'],
    )
  })

  it('owes obligations for broken glass where something may have been kept back', () => {
    const held = world.grant({ purpose: 'BTG', breakGlass: { reasonCode: 'BLAALYS' } })
    const { obligations } = compile(
      world.request({ grant: held }),
      world.facts({ consents: [world.consent()] }),
    )
    assert.deepEqual(obligations, [
      'notify-privacy-officer',
      'queue-review',
      'show-patient-override',
    ])
  })
})

describe('the refusal that may be told', () => {
  it('is of membership, role, scope, grant or basis', () => {
    const known = world.facts({ member: world.member(world.REQUESTER, { roles: ['operator'] }) })
    assert.deepEqual(refusal(world.request(), known), { step: 'membership', code: 'role-missing' })
  })

  it('never comes of agreements, blocks or labels', () => {
    const known = world.facts({
      consents: [world.consent()],
      members: [],
      profile: { ...world.NO_CARE, withheldLabels: ['N'] },
    })
    assert.equal(refusal(world.request(), known), undefined)
  })

  it('leaves a system that asks for its own material alone', () => {
    const asked = world.request({ principal: world.systemPrincipal(), grant: undefined })
    assert.equal(refusal(asked, world.facts()), undefined)
  })
})
