/** Whose a report is, by what the message says: never by name and birth date alone. */
import { claimedLocalIds } from '../domain/identity/claimed-identifiers.ts'
import { contradicts } from '../domain/identity/demographics.ts'
import type { PatientClaim } from '../domain/imaging/study.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { findPatient } from '../storage/patient-identifiers.ts'
import { holdPatient } from '../storage/patient-locks.ts'
import { demographicsOf } from '../wire/fhir/patient.ts'
import { readPatient } from './keep-patient.ts'
import { toDemographics, type ResolvePatient } from './resolve-patient.ts'

export interface ReportClaim {
  readonly claim: PatientClaim
  readonly custodian: OrganizationId
  /** Whose an earlier version of the report is; null where that is in doubt, or there is none. */
  readonly known: PatientId | null
}

export interface IdentifiedReport {
  /** Null where a person has to settle it. */
  readonly patient: PatientId | null
  /** Machine code of the doubt. */
  readonly doubt?: string | undefined
}

const ANOTHER = 'report-of-another-patient'
const CONTRADICTION = 'demographics-contradict'

/**
 * By a national id as objects are (resolve-patient.ts); without one by ids that the custodian has given, as far
 * as the hub knows them. A later version that names nobody is whom the earlier one is of.
 */
export async function identifyReport(
  db: Db,
  { claim, custodian, known }: ReportClaim,
  resolvePatient: ResolvePatient,
): Promise<IdentifiedReport> {
  const resolved = await resolvePatient(db, { claim, custodian, known })
  if (resolved.doubt === 'study-of-another-patient') return { patient: null, doubt: ANOTHER }
  if (resolved.doubt !== 'no-national-id')
    return { patient: await held(db, resolved.patient), doubt: resolved.doubt }
  return identifyLocally(db, { claim, custodian, known })
}

async function identifyLocally(
  db: Db,
  { claim, custodian, known }: ReportClaim,
): Promise<IdentifiedReport> {
  const found = new Set<PatientId>()
  for (const id of claimedLocalIds(claim)) {
    const patient = await findPatient(db, id, custodian)
    if (patient !== undefined) found.add(await holdPatient(db, patient))
  }
  const [patient = known, ...others] = found
  if (patient === null) return { patient, doubt: 'no-national-id' }
  if (others.length > 0) return { patient: null, doubt: CONTRADICTION }
  if (known !== null && patient !== known) return { patient: null, doubt: ANOTHER }
  const stored = await readPatient(db, patient)
  const isContradicted =
    stored !== undefined && contradicts(demographicsOf(stored), toDemographics(claim))
  return isContradicted ? { patient: null, doubt: CONTRADICTION } : { patient }
}

async function held(db: Db, patient: PatientId | null): Promise<PatientId | null> {
  return patient === null ? null : holdPatient(db, patient)
}
