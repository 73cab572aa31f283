import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compile, refusal } from '../../src/domain/access/compile.ts'
import { makeJudgeAccess } from '../../src/services/judge-access.ts'
import { moment } from '../support/access-arbitraries.ts'
import { facts, request } from '../support/access-world-arbitraries.ts'
import * as world from '../support/access-worlds.ts'

const block = (over: object = {}) => ({
  id: 'consent-1',
  patient: world.PATIENT,
  provision: { effect: 'deny' as const, nested: [], ...over },
})

describe('a kept decision', () => {
  it('is what would be decided anew, whoever asks when', () => {
    const asking = fc.record({ asked: request, times: fc.array(moment, { minLength: 2 }) })
    fc.assert(
      fc.property(fc.array(asking), facts, (askings, known) => {
        const judge = makeJudgeAccess()
        for (const { asked, times } of askings) {
          for (const at of times) {
            const now = { ...asked, at }
            const refused = refusal(now, known)
            const anew = refused === undefined ? compile(now, known).filter : undefined
            const judged = judge(now, known)
            assert.deepEqual(judged.refused, refused)
            if (judged.refused === undefined) assert.deepEqual(judged.filter, anew)
          }
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('is not made again while nothing has changed', () => {
    const judge = makeJudgeAccess()
    const known = world.facts({ consents: [block()] })
    const asked = world.request()
    assert.equal(judge(asked, known), judge({ ...asked }, { ...known }))
  })

  it('is made again when consents are read anew, and when a period begins or the grant ends', () => {
    const judge = makeJudgeAccess()
    const begins = world.minutes(10)
    const known = world.facts({ consents: [block({ period: { from: begins } })] })
    const asked = world.request()
    const first = judge(asked, known)
    assert.notEqual(judge(asked, { ...known, consents: [...known.consents] }), first)
    assert.notDeepEqual(judge({ ...asked, at: begins }, known), first)
    const ended = world.minutes(24 * 60)
    assert.equal(judge({ ...asked, at: ended }, known).refused?.code, 'grant-ended')
  })
})
