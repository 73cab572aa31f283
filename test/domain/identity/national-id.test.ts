import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  contradictsBirthDate,
  NATIONAL_ID_SYSTEMS,
  parseNationalId,
  type NationalIdRules,
} from '../../../src/domain/identity/national-id.ts'

const development: NationalIdRules = { environment: 'development' }
const production: NationalIdRules = { environment: 'production' }

const judge = (text: string, rules: NationalIdRules): string => {
  const parsed = parseNationalId(text, rules)
  return parsed.ok ? parsed.id.kind : parsed.problem
}

/** Published examples of real-looking numbers that no test population's series marks. */
const PUBLISHED = [
  '04056600324',
  '15076500565',
  '13116900216',
  '04021950128',
  '20086600138',
  '12050050295',
]
const SYNTHETIC = ['16858399649', '10915596784', '13527248013', '17858550084']
const SYNTHETIC_D = ['68467038838', '57858550078']
/** Printed in official documents, and yet wrong. */
const MISPRINTED = ['05076600324', '13057444850']

describe('a national id', () => {
  for (const value of PUBLISHED) {
    it(`${value} is a fødselsnummer, in production only`, () => {
      assert.equal(judge(value, production), 'fnr')
      assert.equal(judge(value, development), 'not-synthetic')
    })
  }

  for (const value of SYNTHETIC) {
    it(`${value} is a synthetic fødselsnummer, in development only`, () => {
      assert.equal(judge(value, development), 'fnr')
      assert.equal(judge(value, production), 'synthetic')
    })
  }

  for (const value of SYNTHETIC_D) {
    it(`${value} is a synthetic D-number, in development only`, () => {
      assert.equal(judge(value, development), 'dnr')
      assert.equal(judge(value, production), 'synthetic')
    })
  }

  for (const value of MISPRINTED) {
    it(`${value} has wrong check digits, though it is printed as an example`, () => {
      assert.equal(judge(value, production), 'wrong-check-digits')
    })
  }

  it('17558550120 is no number of any series: no offset makes a month of 55', () => {
    assert.equal(judge('17558550120', development), 'no-such-date')
  })

  it('57058550002 is a D-number', () => {
    assert.deepEqual(parseNationalId('57058550002', production), {
      ok: true,
      id: { value: '57058550002', kind: 'dnr', system: NATIONAL_ID_SYSTEMS.dnr },
    })
  })

  it('may be printed with a space after the sixth digit', () => {
    assert.equal(judge(' 178585 50084 ', development), 'fnr')
  })

  for (const text of [
    '',
    '1785855008',
    '178585500844',
    '1785855008x',
    '17858550 084',
    '17-8585-50084',
  ]) {
    it(`is not "${text}"`, () => {
      assert.equal(judge(text, development), 'not-eleven-digits')
    })
  }

  it('has a day and a month, offsets aside', () => {
    for (const date of [
      '000170',
      '320170',
      '400170',
      '010070',
      '011370',
      '310470',
      '290271',
      '720170',
    ]) {
      for (const value of allNumbers(date)) assert.equal(judge(value, production), 'no-such-date')
    }
    assert.ok(allNumbers('290200').some((value) => judge(value, production) === 'fnr'))
  })

  it('is of the test populations that the configuration lists', () => {
    const [nhn = ''] = allNumbers('177085').filter((value) => judge(value, development) === 'fnr')
    assert.notEqual(nhn, '')
    assert.equal(judge(nhn, { ...development, syntheticMonths: [80] }), 'no-such-date')
  })

  it('is a common help number when it begins with 8 or 9, with no date to read', () => {
    const found = allNumbers('899999').filter((value) => judge(value, production) === 'fh')
    assert.notEqual(found.length, 0)
    assert.equal(judge(found[0] ?? '', development), 'not-synthetic')
  })

  it('may from 2032 have four first check digits, and always one second', () => {
    // 170585 500: one number in four hundred of any date would do by chance; here each is counted.
    const valid = allNumbers('170585').filter((value) => value.startsWith('170585500'))
    const good = valid.filter((value) => judge(value, production) === 'fnr')
    assert.ok(good.length >= 3 && good.length <= 4)
    assert.equal(new Set(good.map((value) => value.charAt(9))).size, good.length)
  })

  it('does not survive the change of any one digit but, since 2032, of the first check digit', () => {
    const valid = fc.constantFrom(...SYNTHETIC, ...SYNTHETIC_D)
    fc.assert(
      fc.property(valid, fc.nat({ max: 10 }), fc.nat({ max: 9 }), (value, at, digit) => {
        fc.pre(value.charAt(at) !== String(digit))
        const changed = `${value.slice(0, at)}${String(digit)}${value.slice(at + 1)}`
        assert.equal(parseNationalId(changed, development).ok, false)
      }),
    )
  })

  it('never takes what is not a number for one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!/\d{11}|\d{6} \d{5}/.test(text))
        assert.equal(judge(text, production), 'not-eleven-digits')
      }),
    )
  })
})

/** A hundred individual numbers with every pair of check digits. */
function allNumbers(date: string): readonly string[] {
  return Array.from(
    { length: 5_000 },
    (_, n) =>
      `${date}${String(500 + Math.floor(n / 100)).padStart(3, '0')}${String(n % 100).padStart(2, '0')}`,
  )
}

describe('a birth date beside a national id', () => {
  const contradicts = (value: string, birthDate: string | undefined, rules = development) => {
    const parsed = parseNationalId(value, rules)
    assert.ok(parsed.ok)
    return contradictsBirthDate(parsed.id, birthDate, rules)
  }

  it('is the number’s own in any century, with the offsets of D-numbers and test populations', () => {
    for (const [value, birthDate] of [
      ['17858550084', '1985-05-17'],
      ['17858550084', '1885-05-17'],
      ['57858550078', '1985-05-17'],
      ['13527248013', '1972-12-13'],
    ] as const)
      assert.equal(contradicts(value, birthDate), false, `${value} ${birthDate}`)
    assert.equal(contradicts('04056600324', '1966-05-04', production), false)
  })

  it('contradicts by its day, its month or its year', () => {
    for (const birthDate of ['1985-05-18', '1985-06-17', '1986-05-17', '1900-01-01'])
      assert.equal(contradicts('17858550084', birthDate), true, birthDate)
  })

  it('contradicts nothing where it is missing', () => {
    assert.equal(contradicts('17858550084', undefined), false)
  })

  it('is in no FH number', () => {
    const fh = { value: '80000000000', kind: 'fh', system: NATIONAL_ID_SYSTEMS.fh } as const
    assert.equal(contradictsBirthDate(fh, '1985-05-17', production), false)
  })
})
