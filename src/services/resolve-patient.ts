/** From what an object says about its patient to the hub's Patient, or to the unclear-identity queue. */
import { randomUUID } from 'node:crypto'
import { claimedLocalIds, claimedNationalId } from '../domain/identity/claimed-identifiers.ts'
import { contradicts, type Demographics } from '../domain/identity/demographics.ts'
import type { NationalId, NationalIdRules } from '../domain/identity/national-id.ts'
import type { PatientClaim } from '../domain/imaging/study.ts'
import type { Clock } from '../kernel/clock.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { demographicsOf } from '../wire/fhir/patient.ts'
import { completeStoredPatient, createPatient, readPatient } from './keep-patient.ts'

export type IdentityDoubt =
  'no-national-id' | 'invalid-national-id' | 'study-of-another-patient' | 'demographics-contradict'

export interface ResolvedPatient {
  /** Null where nothing may be linked. */
  readonly patient: PatientId | null
  readonly doubt?: IdentityDoubt | undefined
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
}

export function makeResolvePatient({ clock, rules }: ResolvePatientDeps): ResolvePatient {
  return async (db, { claim, known }) => {
    const claimed = claimedNationalId(claim, rules)
    if (!claimed.ok) return { patient: null, doubt: claimed.doubt }
    const found = await findPatient(db, claimed.id)
    // A new person would be another one too: none is created for a study that has its patient.
    if (known !== undefined && known !== null && found !== known)
      return { patient: null, doubt: 'study-of-another-patient' }
    const facts = { national: claimed.id, claim, at: clock() }
    return found === undefined ? enter(db, facts) : compare(db, found, facts)
  }
}

interface ClaimFacts {
  readonly national: NationalId
  readonly claim: PatientClaim
  readonly at: Date
}

async function enter(db: Db, { national, claim, at }: ClaimFacts): Promise<ResolvedPatient> {
  const id = randomUUID() as PatientId
  const locals = claimedLocalIds(claim)
  const patient = await createPatient(db, { id, national, locals, told: claim, at })
  // Another publisher was first with the same person, and may have said something else.
  return patient === id ? { patient } : compare(db, patient, { national, claim, at })
}

async function compare(
  db: Db,
  patient: PatientId,
  { claim, at }: ClaimFacts,
): Promise<ResolvedPatient> {
  const stored = await readPatient(db, patient)
  if (stored !== undefined && contradicts(demographicsOf(stored), toDemographics(claim))) {
    return { patient: null, doubt: 'demographics-contradict' }
  }
  await completeStoredPatient(db, patient, { locals: claimedLocalIds(claim), told: claim, at })
  return { patient }
}

/** What a claim says about the person, for comparing. */
export function toDemographics({ familyName, givenName, birthDate }: PatientClaim): Demographics {
  return { birthDate, names: [{ family: familyName, given: givenName }] }
}
