/** Registering studies in tests whose subject is not who the patient is. */
import { randomBytes } from 'node:crypto'
import type { OrganizationId, PatientId } from '../../src/kernel/ids.ts'
import { makeSealer } from '../../src/kernel/seal.ts'
import { makeRegisterStudy, type RegisterStudy } from '../../src/services/register-study.ts'
import type { ResolvePatient } from '../../src/services/resolve-patient.ts'

export const sealer = makeSealer(randomBytes(32))

/** Every id of eleven digits is a patient of its own; any other id, or none, is in doubt. */
const resolveByDigits: ResolvePatient = async (_db, { claim }) =>
  /^\d{11}$/.test(claim.id ?? '')
    ? { patient: `patient-${claim.id}` as PatientId }
    : { patient: null, doubt: 'no-national-id' }

export const registerStudy: RegisterStudy = makeRegisterStudy({
  resolvePatient: resolveByDigits,
  sealer,
  settleMs: 10_000,
  timeZone: 'Europe/Oslo',
})

export const custodian = (name: string): OrganizationId => name as OrganizationId
