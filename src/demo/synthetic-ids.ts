/** Ids that are well-formed and belong to nobody: check digits right, series reserved for test data. */

const FIRST_CHECK = [3, 7, 6, 1, 8, 9, 4, 5, 2]
const SECOND_CHECK = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]
const ORGNR_CHECK = [3, 2, 7, 6, 5, 4, 3, 2]

/** Skatteetaten's test population: 80 is added to the month. */
const SYNTHETIC_MONTH = 80

/**
 * A synthetic fødselsnummer, or D-number, for one born on `birthDate` (YYYY-MM-DD). `individual` is where
 * the search for an individual number with possible check digits begins: 0 to 499 for those born before
 * 2000, from 500 for those born after.
 */
export function syntheticNationalId(
  birthDate: string,
  individual: number,
  kind: 'fnr' | 'dnr' = 'fnr',
): string {
  const [year = '', month = '', day = ''] = birthDate.split('-')
  const dayDigits = kind === 'dnr' ? Number(day) + 40 : Number(day)
  const date = `${twoDigits(dayDigits)}${twoDigits(Number(month) + SYNTHETIC_MONTH)}${year.slice(2)}`
  const found = withCheckDigits(`${date}${String(individual).padStart(3, '0')}`)
  return found ?? syntheticNationalId(birthDate, individual + 1, kind)
}

/** Undefined where a check digit would be 10. */
function withCheckDigits(nine: string): string | undefined {
  const first = checkDigit(nine, FIRST_CHECK)
  const second = checkDigit(`${nine}${first}`, SECOND_CHECK)
  return first === 10 || second === 10 ? undefined : `${nine}${first}${second}`
}

/** A synthetic organisation number: the register's own test population begins with 31. */
export function syntheticOrgnr(sequence: number): string {
  const eight = `31${String(sequence).padStart(6, '0')}`
  const check = checkDigit(eight, ORGNR_CHECK)
  return check === 10 ? syntheticOrgnr(sequence + 1) : `${eight}${check}`
}

function checkDigit(digits: string, weights: readonly number[]): number {
  const sum = weights.reduce((total, weight, at) => total + weight * Number(digits.charAt(at)), 0)
  return (11 - (sum % 11)) % 11
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
