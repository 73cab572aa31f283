import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isHubError } from '../../src/kernel/errors.ts'
import { parsePolicyProfile } from '../../src/wire/policy-profile.ts'
import { NO_CARE } from '../support/access-worlds.ts'

function placesOf(profile: unknown): string[] {
  try {
    parsePolicyProfile(typeof profile === 'string' ? profile : JSON.stringify(profile))
  } catch (error) {
    assert.ok(isHubError(error, 'invalid'))
    return error.problems.map(({ location }) => location)
  }
  return ['none']
}

describe('parsePolicyProfile', () => {
  it('reads a profile as it is written', () => {
    assert.deepEqual(parsePolicyProfile(JSON.stringify(NO_CARE)), NO_CARE)
  })

  for (const [name, over, place] of [
    ['an unknown member', { consentdefault: 'opt-in' }, ''],
    ['a missing one', { consentDefault: undefined }, 'consentDefault'],
    ['a purpose that is not one of care', { purposes: ['HRESCH'] }, 'purposes.0'],
    ['telling of what is withheld', { restrictionDisclosure: 'count' }, 'restrictionDisclosure'],
    ['break-glass without its terms', { breakGlass: {} }, 'breakGlass.reasonCodes'],
  ] as const) {
    it(`refuses ${name}, naming the place`, () => {
      assert.ok(placesOf({ ...NO_CARE, ...over }).includes(place))
    })
  }

  it('refuses what is not JSON', () => {
    assert.deepEqual(placesOf('consentDefault: opt-in'), [])
  })
})
