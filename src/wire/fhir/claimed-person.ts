/** What an object or a message says of its patient, as it is compared with those the registry knows. */
import { NATIONAL_ID_SYSTEMS, type NationalIdRules } from '../../domain/identity/national-id.ts'
import { readPatientIdentifier } from '../../domain/identity/patient-identifier.ts'
import type { PatientClaim } from '../../domain/imaging/study.ts'
import type { AskedPerson } from './match-request.ts'

/** Eleven digits without an issuer are taken for a national id, which proves itself. */
export function claimedPerson(claim: PatientClaim, rules: NationalIdRules): AskedPerson {
  const { id, issuer, otherIds, familyName, givenName, birthDate, sex } = claim
  const told = [...(id === undefined ? [] : [{ id, issuer }]), ...otherIds]
  const identifiers = told.flatMap((one) => {
    const isDigits = /^\d{6} ?\d{5}$/.test(one.id.trim())
    const system = one.issuer ?? (isDigits ? NATIONAL_ID_SYSTEMS.fnr : undefined)
    const read = readPatientIdentifier({ system, value: one.id }, rules)
    return read.ok ? [read.identifier] : []
  })
  const idsOf = (kind: 'common' | 'local'): readonly string[] =>
    identifiers.filter((one) => one.kind === kind).map(({ key, value }) => `${key}|${value}`)
  return {
    identifiers,
    commonIds: idsOf('common'),
    localIds: idsOf('local'),
    names: [{ family: familyName, given: givenName }],
    birthDate,
    gender: sex,
  }
}
