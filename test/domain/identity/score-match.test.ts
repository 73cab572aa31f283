import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { scoreMatch, type MatchedPerson } from '../../../src/domain/identity/score-match.ts'

const KARI: MatchedPerson = {
  commonIds: ['fnr|17858550084'],
  names: [{ family: 'Ødegård', given: 'Kari Anne' }],
  birthDate: '1985-05-17',
  gender: 'female',
  postalCodes: ['0150'],
}

test('the same id and nothing against it is certain, however little else is told', () => {
  const { score, grade, because } = scoreMatch({ commonIds: KARI.commonIds, names: [] }, KARI)
  assert.deepEqual([score, grade], [0.9, 'certain'])
  assert.deepEqual(because, [{ trait: 'common-id', verdict: 'same' }])
})

test('name, birth date, gender and place are probable and never certain', () => {
  const { score, grade } = scoreMatch({ ...KARI, commonIds: [] }, KARI)
  assert.deepEqual([score, grade], [0.85, 'probable'])
})

test('a name that is spelt or shortened otherwise is similar', () => {
  const asked = { commonIds: [], names: [{ family: 'Odegaard', given: 'K.' }] }
  const { grade, because } = scoreMatch({ ...asked, birthDate: '1985-05-17' }, KARI)
  assert.equal(grade, 'possible')
  assert.deepEqual(because, [
    { trait: 'family', verdict: 'same' },
    { trait: 'given', verdict: 'similar' },
    { trait: 'birth-date', verdict: 'same' },
  ])
})

test('a birth date with one digit or its parts exchanged is similar, any other is not', () => {
  const verdict = (birthDate: string) =>
    scoreMatch({ commonIds: [], names: [], birthDate }, { ...KARI, birthDate: '1985-05-07' })
      .because
  assert.deepEqual(verdict('1985-05-01'), [{ trait: 'birth-date', verdict: 'similar' }])
  assert.deepEqual(verdict('1985-07-05'), [{ trait: 'birth-date', verdict: 'similar' }])
  assert.deepEqual(verdict('1958-05-17'), [{ trait: 'birth-date', verdict: 'different' }])
})

test('the same id with another name and birth date is in doubt', () => {
  const other = { ...KARI, names: [{ family: 'Moe', given: 'Ola' }], birthDate: '1940-01-30' }
  assert.equal(scoreMatch(other, KARI).grade, 'certainly-not')
  assert.equal(scoreMatch({ ...KARI, birthDate: '1940-01-30' }, KARI).grade, 'probable')
})

test('two ids that differ may be one person’s', () => {
  const { grade, because } = scoreMatch({ ...KARI, commonIds: ['dnr|57858550078'] }, KARI)
  assert.equal(grade, 'probable')
  assert.deepEqual(because[0], { trait: 'common-id', verdict: 'different' })
})

const name = fc.record(
  {
    family: fc.constantFrom('Lie', 'Moe', 'Ødegård', 'Lie Moe'),
    given: fc.constantFrom('Kari', 'K', 'Kari Anne', 'Ola'),
  },
  { requiredKeys: [] },
)
const person: fc.Arbitrary<MatchedPerson> = fc.record({
  commonIds: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
  localIds: fc.uniqueArray(fc.constantFrom('x', 'y'), { maxLength: 2 }),
  names: fc.array(name, { maxLength: 2 }),
  birthDate: fc.option(fc.constantFrom('1985-05-17', '1985-05-18', '1940-01-30'), {
    nil: undefined,
  }),
  gender: fc.option(fc.constantFrom('female', 'male', 'other'), { nil: undefined }),
  postalCodes: fc.uniqueArray(fc.constantFrom('0150', '5003'), { maxLength: 2 }),
})

test('a score is from 0 to 1, the same both ways and in any order of names and ids', () => {
  fc.assert(
    fc.property(person, person, (one, two) => {
      const result = scoreMatch(one, two)
      assert.ok(result.score >= 0 && result.score <= 1)
      assert.deepEqual(scoreMatch(two, one), result)
      const turned = {
        ...one,
        names: one.names.toReversed(),
        commonIds: one.commonIds.toReversed(),
        localIds: one.localIds?.toReversed(),
      }
      assert.deepEqual(scoreMatch(turned, two), result)
    }),
  )
})

test('nothing is certain without an id that both have, or with anything that differs', () => {
  fc.assert(
    fc.property(person, person, (one, two) => {
      const { grade, because } = scoreMatch(one, two)
      if (grade !== 'certain') return
      assert.ok(because.some(({ trait, verdict }) => trait === 'common-id' && verdict === 'same'))
      assert.ok(!because.some(({ verdict }) => verdict === 'different'))
    }),
  )
})

test('what agrees never lowers a score, what differs never raises one', () => {
  fc.assert(
    fc.property(person, person, (one, two) => {
      const bare = { ...one, birthDate: undefined }
      const without = scoreMatch(bare, two).score
      const agreeing = scoreMatch({ ...bare, birthDate: two.birthDate }, two).score
      assert.ok(agreeing >= without)
      const differing = scoreMatch({ ...bare, birthDate: '2001-09-09' }, two).score
      assert.ok(differing <= without)
    }),
  )
})
