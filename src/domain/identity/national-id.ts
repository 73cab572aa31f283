/**
 * Norwegian personal numbers: fødselsnummer, D-number and common help number (FH), with the check digits
 * that hold from 2032 on as well. A number proves itself well-formed and nothing more: birth date,
 * century and sex are never taken from it.
 */

export type NationalIdKind = 'fnr' | 'dnr' | 'fh'

export interface NationalId {
  /** Eleven digits. */
  readonly value: string
  readonly kind: NationalIdKind
  /** `urn:oid:…` of the kind (no-basis). */
  readonly system: string
}

export type NationalIdProblem =
  | 'not-eleven-digits'
  | 'no-such-date'
  | 'wrong-check-digits'
  /** Of a test population, where patients are real. */
  | 'synthetic'
  /** Could be a real person's, where patients must not be. */
  | 'not-synthetic'

export type ParsedNationalId =
  | { readonly ok: true; readonly id: NationalId }
  | { readonly ok: false; readonly problem: NationalIdProblem }

export interface NationalIdRules {
  readonly environment: 'development' | 'production'
  /** What test populations add to the month; `SYNTHETIC_MONTHS` where absent. */
  readonly syntheticMonths?: readonly number[] | undefined
}

export const NATIONAL_ID_SYSTEMS: Readonly<Record<NationalIdKind, string>> = {
  fnr: 'urn:oid:2.16.578.1.12.4.1.4.1',
  dnr: 'urn:oid:2.16.578.1.12.4.1.4.2',
  fh: 'urn:oid:2.16.578.1.12.4.1.4.3',
}

/** Whether a system is one of the three kinds'. */
export function isNationalSystem(system: string): boolean {
  return Object.values(NATIONAL_ID_SYSTEMS).includes(system)
}

/** NAV's test numbers (and hospitals' own help numbers), Norsk helsenett's, Skatteetaten's (Tenor). */
const SYNTHETIC_MONTHS = [40, 65, 80]

const K1_WEIGHTS = [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]
const K2_WEIGHTS = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Takes the printed form with a space after the sixth digit too. */
export function parseNationalId(text: string, rules: NationalIdRules): ParsedNationalId {
  const value = text.trim().replace(/^(\d{6}) (\d{5})$/, '$1$2')
  if (!/^\d{11}$/.test(value)) return { ok: false, problem: 'not-eleven-digits' }
  const kind = kindOf(value)
  const month = Number(value.slice(2, 4))
  const months = rules.syntheticMonths ?? SYNTHETIC_MONTHS
  const added = months.find((offset) => month > offset && month <= offset + 12)
  // An FH number has no date in it, and so no test population that one could tell.
  if (kind !== 'fh' && !isDate(value, month - (added ?? 0)))
    return { ok: false, problem: 'no-such-date' }
  if (!hasCheckDigits(value)) return { ok: false, problem: 'wrong-check-digits' }
  const synthetic = kind !== 'fh' && added !== undefined
  if (synthetic === (rules.environment === 'production')) {
    return { ok: false, problem: synthetic ? 'synthetic' : 'not-synthetic' }
  }
  return { ok: true, id: { value, kind, system: NATIONAL_ID_SYSTEMS[kind] } }
}

/**
 * Whether the date is another than the one in the number, by day, month and year of the century: the
 * century is never derived. An FH number has no date, and a date that is missing contradicts nothing.
 */
export function contradictsBirthDate(
  { value, kind }: NationalId,
  birthDate: string | undefined,
  { syntheticMonths = SYNTHETIC_MONTHS }: NationalIdRules,
): boolean {
  const [, year, month, day] = /^\d{2}(\d{2})-(\d{2})-(\d{2})$/.exec(birthDate ?? '') ?? []
  if (kind === 'fh' || year === undefined || month === undefined || day === undefined) return false
  const written = Number(value.slice(2, 4))
  const isMonth = [0, ...syntheticMonths].some((offset) => written === Number(month) + offset)
  return Number(value.slice(0, 2)) % 40 !== Number(day) || !isMonth || value.slice(4, 6) !== year
}

/** A D-number has 4 added to its first digit; FH numbers begin with 8 or 9. */
function kindOf(value: string): NationalIdKind {
  const first = Number(value.charAt(0))
  if (first >= 8) return 'fh'
  return first >= 4 ? 'dnr' : 'fnr'
}

/** 29 February in any year that could be a leap year: the number does not tell the century. */
function isDate(value: string, month: number): boolean {
  const day = Number(value.slice(0, 2)) % 40
  const leap = Number(value.slice(4, 6)) % 4 === 0
  const last = month === 2 && !leap ? 28 : DAYS[month - 1]
  return last !== undefined && day >= 1 && day <= last
}

/** The first check digit may leave the remainder 0, and from 2032 also 1, 2 or 3; the second 0 only. */
function hasCheckDigits(value: string): boolean {
  return remainder(value, K1_WEIGHTS) <= 3 && remainder(value, K2_WEIGHTS) === 0
}

function remainder(value: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, at) => sum + weight * Number(value.charAt(at)), 0) % 11
}
