/** From what an object says about its patient to the hub's Patient, or to the unclear-identity queue. */
import { claimedNationalId } from '../domain/identity/claimed-identifiers.ts'
import { contradicts, type Demographics } from '../domain/identity/demographics.ts'
import {
  contradictsBirthDate,
  type NationalId,
  type NationalIdRules,
} from '../domain/identity/national-id.ts'
import type { PatientClaim } from '../domain/imaging/study.ts'
import type { Clock } from '../kernel/clock.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { Db } from '../storage/db.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { confirmName, findSoleClaimer } from '../storage/patient-names.ts'
import { demographicsOf } from '../wire/fhir/patient.ts'
import { completeStoredPatient, createPatient, readPatient } from './keep-patient.ts'
import { patientPseudonym } from './patient-pseudonym.ts'

export type IdentityDoubt =
  | 'no-national-id'
  | 'invalid-national-id'
  | 'study-of-another-patient'
  | 'study-of-another-custodian'
  | 'demographics-contradict'
  /** It came while its patient was taken for another person. */
  | 'patients-parted'

export interface ResolvedPatient {
  /** Null where nothing may be linked. */
  readonly patient: PatientId | null
  readonly doubt?: IdentityDoubt | undefined
  /** With `demographics-contradict`: the other custodian on whose word alone the contradicted name rests. */
  readonly firstClaimer?: OrganizationId | undefined
}

/**
 * Runs in the caller's transaction; creates the `Patient` for a valid national id not seen before.
 * Never links by name. `known` is the patient the study is already registered for, if any.
 */
export type ResolvePatient = (
  db: Db,
  request: {
    readonly claim: PatientClaim
    readonly custodian: OrganizationId
    readonly known?: PatientId | null | undefined
  },
) => Promise<ResolvedPatient>

export interface ResolvePatientDeps {
  readonly clock: Clock
  /** Production takes no synthetic ids, development no others (SAMSYN_ENV). */
  readonly rules: NationalIdRules
  readonly sealer: Pick<Sealer, 'pseudonym'>
}

/**
 * A claim whose birth date is not the number's own names nobody, known or not: or whoever is first to send a
 * number would be the person. The name is the first claimer's word until a second one says the same.
 */
export function makeResolvePatient(deps: ResolvePatientDeps): ResolvePatient {
  const { clock, rules, sealer } = deps
  return async (db, { claim, custodian, known }) => {
    const claimed = claimedNationalId(claim, rules)
    if (!claimed.ok) return { patient: null, doubt: claimed.doubt }
    const found = await findPatient(db, claimed.id)
    // A new person would be another one too: none is created for a study that has its patient.
    if (known !== undefined && known !== null && found !== known)
      return { patient: null, doubt: 'study-of-another-patient' }
    if (contradictsBirthDate(claimed.id, claim.birthDate, rules)) return CONTRADICTION
    const facts = { national: claimed.id, claim, custodian, at: clock() }
    return found === undefined
      ? enter(db, patientPseudonym(sealer, claimed.id), facts)
      : compare(db, found, facts)
  }
}

const CONTRADICTION: ResolvedPatient = { patient: null, doubt: 'demographics-contradict' }

interface ClaimFacts {
  readonly national: NationalId
  readonly claim: PatientClaim
  readonly custodian: OrganizationId
  readonly at: Date
}

async function enter(db: Db, id: PatientId, facts: ClaimFacts): Promise<ResolvedPatient> {
  const { national, claim: told, custodian, at } = facts
  const { patient, created } = await createPatient(db, { id, national, told, custodian, at })
  // Another publisher was first with the same person, and may have said something else.
  return created ? { patient } : compare(db, patient, facts)
}

async function compare(db: Db, patient: PatientId, facts: ClaimFacts): Promise<ResolvedPatient> {
  const { claim, custodian, at } = facts
  const stored = await readPatient(db, patient)
  const indexed = stored === undefined ? { names: [] } : demographicsOf(stored)
  const told = toDemographics(claim)
  if (contradicts(indexed, told)) return contradiction(db, patient, { indexed, told, custodian })
  if (indexed.names.length > 0 && isWholeName(claim))
    await confirmName(db, { patient, custodian, at })
  await completeStoredPatient(db, { id: patient, told: claim, custodian, at })
  return { patient }
}

interface Contradicting {
  readonly indexed: Demographics
  readonly told: Demographics
  readonly custodian: OrganizationId
}

/** Either may be wrong where the name alone differs, and the indexed one is somebody else's word. */
async function contradiction(
  db: Db,
  patient: PatientId,
  { indexed, told, custodian }: Contradicting,
): Promise<ResolvedPatient> {
  if (contradicts({ ...indexed, names: [] }, told)) return CONTRADICTION
  const claimer = await findSoleClaimer(db, patient)
  return claimer === undefined || claimer === custodian
    ? CONTRADICTION
    : { ...CONTRADICTION, firstClaimer: claimer }
}

/** Part of a name fits many, and confirms nothing. */
function isWholeName({ familyName, givenName }: PatientClaim): boolean {
  return familyName !== undefined && givenName !== undefined
}

/** What a claim says about the person, for comparing. */
export function toDemographics({ familyName, givenName, birthDate }: PatientClaim): Demographics {
  return { birthDate, names: [{ family: familyName, given: givenName }] }
}
