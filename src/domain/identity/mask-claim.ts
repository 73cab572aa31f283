/** A claim for people to read who need not know the national ids in it. */
import type { PatientClaim } from '../imaging/study.ts'
import { NATIONAL_ID_SYSTEMS } from './national-id.ts'

const NATIONAL = new Set<string>(Object.values(NATIONAL_ID_SYSTEMS))
/** Eleven digits are one whoever is said to have issued them, and wherever they stand. */
const WRITTEN_OUT = /(?<!\d)(\d{6} ?)\d{5}(?!\d)/g
const DATE_LENGTH = 6

/** What stands where a birth date would stays, which helps to decide; the personal number does not. */
export function maskClaim(claim: PatientClaim): PatientClaim {
  const { id, issuer, otherIds, familyName, givenName } = claim
  return {
    ...claim,
    id: id && maskId({ id, issuer }),
    otherIds: otherIds.map((other) => ({ ...other, id: maskId(other) })),
    familyName: familyName && maskText(familyName),
    givenName: givenName && maskText(givenName),
  }
}

function maskId({ id, issuer }: PatientClaim['otherIds'][number]): string {
  const masked = maskText(id)
  const isMistyped = masked === id && issuer !== undefined && NATIONAL.has(issuer)
  return isMistyped ? hideFrom(id, DATE_LENGTH) : masked
}

function maskText(text: string): string {
  return text.replaceAll(WRITTEN_OUT, (_, date: string) => `${date}*****`)
}

function hideFrom(id: string, start: number): string {
  return id.slice(0, start) + '*'.repeat(Math.max(0, id.length - start))
}
