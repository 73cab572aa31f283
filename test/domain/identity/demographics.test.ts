import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { contradicts, type Demographics } from '../../../src/domain/identity/demographics.ts'

const person = (name: string, birthDate?: string): Demographics => {
  const [family, given] = name.split('^')
  return { names: [{ family, given }], birthDate }
}

describe('two accounts of a person', () => {
  for (const [one, other] of [
    ['Ødegård^Kåre', 'ODEGARD^KARE'],
    ['Ødegård^Kåre', 'Oedegaard^Kaare'],
    ['Sæther^Marit', 'Saether^Marit'],
    ['Dahl^Per Ås', 'Dahl^Per'],
    ['Hansen Lie^Kari', 'Lie^Kari'],
    ['Nordmann^Ola', 'Ola^Nordmann'],
    ['Nordmann^Anne-Marie', 'Nordmann^Anne Marie'],
    ['Nordmann^Annemarie', 'Nordmann^Anne Marie'],
    ['Nordmann^Ola K', 'Nordmann^Ola Kristian'],
    ['Nordmann^O', 'Nordmann^Ola'],
    ["O'Brien^Nora", 'OBrien^Nora'],
    ['Nordmann^', 'Nordmann^Ola'],
    ['^', 'Nordmann^Ola'],
  ] as const) {
    it(`can be of one: ${one} and ${other}`, () => {
      assert.equal(contradicts(person(one), person(other)), false)
      assert.equal(contradicts(person(other), person(one)), false)
    })
  }

  for (const [one, other] of [
    ['Nordmann^Ola', 'Nordmann^Kari'],
    ['Nordmann^Ola', 'Hansen^Ola'],
    ['Nordmann^Ola Kristian', 'Nordmann^Ola Per'],
    ['Nordmann^O', 'Nordmann^Kari'],
  ] as const) {
    it(`cannot be of one: ${one} and ${other}`, () => {
      assert.equal(contradicts(person(one), person(other)), true)
    })
  }

  it('contradict by birth date alone, where both have one', () => {
    const [one, other] = [person('Lie^Per', '1980-01-02'), person('Lie^Per', '1980-02-01')]
    assert.equal(contradicts(one, other), true)
    assert.equal(contradicts(one, person('Lie^Per')), false)
  })

  it('agree where any of the known names does', () => {
    const married: Demographics = {
      names: [
        { family: 'Lie', given: 'Kari' },
        { family: 'Moe', given: 'Kari' },
      ],
    }
    assert.equal(contradicts(person('Moe^Kari'), married), false)
  })

  it('never contradict themselves, nor each other one way only', () => {
    const accounts = fc.record({
      birthDate: fc.option(fc.constantFrom('1980-01-02', '1990-05-06'), { nil: undefined }),
      names: fc.array(
        fc.record({ family: fc.string({ maxLength: 8 }), given: fc.string({ maxLength: 8 }) }),
        { maxLength: 2 },
      ),
    })
    fc.assert(
      fc.property(accounts, accounts, (one, other) => {
        assert.equal(contradicts(one, one), false)
        assert.equal(contradicts(one, other), contradicts(other, one))
      }),
    )
  })

  it('never contradict where one says nothing', () => {
    assert.equal(contradicts({ names: [] }, person('Lie^Per', '1980-01-02')), false)
  })
})
