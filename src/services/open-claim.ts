/** A claim out of the queue, as `judge-patient.ts` sealed it. */
import type { PatientClaim } from '../domain/imaging/study.ts'
import type { ImagingStudyId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import { sealContext } from './judge-patient.ts'

export function openClaim(
  sealer: Sealer,
  imagingStudy: ImagingStudyId,
  sealed: Uint8Array,
): PatientClaim {
  // Sealed by this hub and authenticated by the seal: no outsider's text.
  return JSON.parse(sealer.open(sealed, sealContext(imagingStudy))) as PatientClaim
}
