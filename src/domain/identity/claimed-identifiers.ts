/** The identifiers in what an object says about its patient: whose number it is, and which are the custodian's. */
import type { PatientClaim } from '../imaging/study.ts'
import {
  NATIONAL_ID_SYSTEMS,
  parseNationalId,
  type NationalId,
  type NationalIdRules,
} from './national-id.ts'

export type ClaimedNationalId =
  | { readonly ok: true; readonly id: NationalId }
  | {
      readonly ok: false
      readonly doubt: 'no-national-id' | 'invalid-national-id' | 'demographics-contradict'
    }

type ClaimedId = PatientClaim['otherIds'][number]

const NATIONAL = new Set<string>(Object.values(NATIONAL_ID_SYSTEMS))
/** (0010,0020) is of VR LO. */
const LONGEST_ID = 64

/**
 * The one national id the claim rests on. The Patient ID speaks first: with a national issuer, or with
 * none and eleven digits. Only where it is a custodian's own do the other ids speak, and then with one
 * voice: among them may be a mother's.
 */
export function claimedNationalId(claim: PatientClaim, rules: NationalIdRules): ClaimedNationalId {
  const main = claim.id === undefined ? undefined : { id: claim.id, issuer: claim.issuer }
  if (main !== undefined && isNational(main)) {
    const parsed = parseNationalId(main.id, rules)
    return parsed.ok ? parsed : { ok: false, doubt: 'invalid-national-id' }
  }
  const others = claim.otherIds.filter(isNational).map(({ id }) => parseNationalId(id, rules))
  const valid = new Map(others.flatMap((one) => (one.ok ? [[one.id.value, one.id] as const] : [])))
  const [first, ...more] = valid.values()
  if (more.length > 0) return { ok: false, doubt: 'demographics-contradict' }
  if (first !== undefined) return { ok: true, id: first }
  return { ok: false, doubt: others.length > 0 ? 'invalid-national-id' : 'no-national-id' }
}

function isNational({ id, issuer }: ClaimedId): boolean {
  if (issuer !== undefined) return NATIONAL.has(issuer)
  return /^\d{6} ?\d{5}$/.test(id.trim())
}

/** Ids given by other authorities, each once, with the system that makes them unique. */
export function claimedLocalIds(
  claim: PatientClaim,
): readonly { readonly system: string; readonly value: string }[] {
  const main = claim.id === undefined ? [] : [{ id: claim.id, issuer: claim.issuer }]
  const locals = [...main, ...claim.otherIds].flatMap(({ id, issuer }) => {
    const value = id.trim()
    const usable = issuer !== undefined && !NATIONAL.has(issuer) && value !== ''
    return usable && value.length <= LONGEST_ID ? [{ system: issuer, value }] : []
  })
  return [...new Map(locals.map((one) => [`${one.system}|${one.value}`, one])).values()]
}
