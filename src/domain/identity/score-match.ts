/**
 * How likely two accounts are of one person, with the reasons: the same data give the same score wherever
 * and whenever it is asked for. Names and a birth date never make a match certain, an identifier that one
 * authority gives to one person can (PDQm ITI-119, 2:3.119.4.2.2.4).
 */
import { likestNames, type Likeness } from './compare-names.ts'
import type { Demographics } from './demographics.ts'

export interface MatchedPerson extends Demographics {
  /** Ids that are one person's each: `key|value`. */
  readonly commonIds: readonly string[]
  /** Ids by which the asking custodian alone knows the person. */
  readonly localIds?: readonly string[] | undefined
  readonly gender?: string | undefined
  readonly postalCodes?: readonly string[] | undefined
}

/** FHIR match-grade. */
export type MatchGrade = 'certain' | 'probable' | 'possible' | 'certainly-not'

export type Trait =
  'common-id' | 'local-id' | 'family' | 'given' | 'birth-date' | 'gender' | 'postal-code'

export interface Evidence {
  readonly trait: Trait
  readonly verdict: 'same' | 'similar' | 'different'
}

export interface MatchScore {
  /** From 0 to 1, in hundredths. */
  readonly score: number
  readonly grade: MatchGrade
  /** What was compared: a trait that either side lacks is left out. */
  readonly because: readonly Evidence[]
}

type Weights = Readonly<Record<Evidence['verdict'], number>>

/** Parts of a whole of 100; what differs takes away. An id that differs says little: a person has several. */
const WEIGHTS: Readonly<Record<Trait, Weights>> = {
  'common-id': { same: 70, similar: 0, different: -10 },
  'local-id': { same: 45, similar: 0, different: 0 },
  family: { same: 25, similar: 15, different: -25 },
  given: { same: 20, similar: 12, different: -30 },
  'birth-date': { same: 30, similar: 8, different: -45 },
  gender: { same: 4, similar: 0, different: -15 },
  'postal-code': { same: 6, similar: 0, different: 0 },
}

/** The most that is reached without an id that proves it, and without one that the custodian gave. */
const MOST_WITHOUT_ID = 85
const LEAST_CERTAIN = 90
const LEAST_PROBABLE = 70
const LEAST_POSSIBLE = 40

export function scoreMatch(asked: MatchedPerson, known: MatchedPerson): MatchScore {
  const because = compare(asked, known)
  const sum = because.reduce((total, { trait, verdict }) => total + WEIGHTS[trait][verdict], 0)
  const isProven = because.some(({ trait, verdict }) => trait === 'common-id' && verdict === 'same')
  const isContradicted = because.some(
    ({ trait, verdict }) => verdict === 'different' && trait !== 'common-id',
  )
  const bounded = Math.max(0, Math.min(sum, isProven && !isContradicted ? 100 : MOST_WITHOUT_ID))
  // An id and nothing that speaks against it is the person, however little else is told.
  const points = isProven && !isContradicted ? Math.max(bounded, LEAST_CERTAIN) : bounded
  return { score: points / 100, grade: gradeOf(points), because }
}

function gradeOf(points: number): MatchGrade {
  if (points >= LEAST_CERTAIN) return 'certain'
  if (points >= LEAST_PROBABLE) return 'probable'
  return points >= LEAST_POSSIBLE ? 'possible' : 'certainly-not'
}

function compare(asked: MatchedPerson, known: MatchedPerson): readonly Evidence[] {
  const found: readonly (readonly [Trait, Evidence['verdict'] | undefined])[] = [
    ['common-id', commonElement(asked.commonIds, known.commonIds)],
    ['local-id', sameElement(asked.localIds, known.localIds)],
    ['family', verdictOf(likestNames(asked.names, known.names, 'family'))],
    ['given', verdictOf(likestNames(asked.names, known.names, 'given'))],
    ['birth-date', compareDates(asked.birthDate, known.birthDate)],
    ['gender', compareGenders(asked.gender, known.gender)],
    ['postal-code', sameElement(asked.postalCodes, known.postalCodes)],
  ]
  return found.flatMap(([trait, verdict]) => (verdict === undefined ? [] : [{ trait, verdict }]))
}

function verdictOf(likeness: Likeness | undefined): Evidence['verdict'] | undefined {
  return likeness === 'compatible' ? 'similar' : likeness
}

function commonElement(
  some: readonly string[],
  others: readonly string[],
): Evidence['verdict'] | undefined {
  if (some.length === 0 || others.length === 0) return undefined
  return some.some((one) => others.includes(one)) ? 'same' : 'different'
}

/** That none is shared says nothing: people move, and have ids at many places. */
function sameElement(
  some: readonly string[] = [],
  others: readonly string[] = [],
): Evidence['verdict'] | undefined {
  return some.some((one) => others.includes(one)) ? 'same' : undefined
}

/** One digit mistyped, or day and month exchanged, is similar. */
function compareDates(
  one: string | undefined,
  two: string | undefined,
): Evidence['verdict'] | undefined {
  if (one === undefined || two === undefined) return undefined
  if (one === two) return 'same'
  const [year, month, day] = one.split('-')
  const exchanged = `${year ?? ''}-${day ?? ''}-${month ?? ''}`
  const isNear = one.length === two.length && differences(one, two) === 1
  return isNear || exchanged === two ? 'similar' : 'different'
}

function differences(one: string, two: string): number {
  return Array.from(one).filter((digit, at) => digit !== two.charAt(at)).length
}

const TELLING_GENDERS: ReadonlySet<string> = new Set(['female', 'male'])

function compareGenders(one = '', two = ''): Evidence['verdict'] | undefined {
  if (!TELLING_GENDERS.has(one) || !TELLING_GENDERS.has(two)) return undefined
  return one === two ? 'same' : 'different'
}
