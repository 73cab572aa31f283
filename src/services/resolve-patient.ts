/** From what an object says about its patient to the hub's Patient, or to the unclear-identity queue. */
import type { Db } from '../storage/db.ts'
import type { PatientClaim } from '../domain/imaging/study.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'

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
