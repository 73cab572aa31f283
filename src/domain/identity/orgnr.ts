/** Organisasjonsnummer: nine digits, the last a modulus 11 check digit (Brønnøysundregistrene). */

const WEIGHTS = [3, 2, 7, 6, 5, 4, 3, 2]

export function isOrgnr(text: string): boolean {
  // 8 and 9 are the register's, 2 and 3 those of its synthetic test population.
  if (!/^[2389]\d{8}$/.test(text)) return false
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(text.charAt(at)), 0)
  // A remainder of 1 would need the digit 10: such numbers are not handed out.
  return (11 - (sum % 11)) % 11 === Number(text.charAt(8))
}
