/** What an object in doubt says about its patient, sealed: nobody reads it but who settles the doubt. */
import type { DicomJson, PatientClaim } from '../domain/imaging/study.ts'
import type { Sealer } from '../kernel/seal.ts'

export interface DoubtedClaim {
  readonly claim: PatientClaim
  /** The patient's attributes as the object has them: out of the index while the study is in doubt. */
  readonly told: DicomJson
  /** Those that the copy had in the index before it was doubted; none where it is new. */
  readonly before: DicomJson
}

/** `subject` is the id of the ImagingStudy or DiagnosticReport that is in doubt. */
export function sealClaim(sealer: Sealer, subject: string, claim: DoubtedClaim): Buffer {
  return sealer.seal(JSON.stringify(claim), sealContext(subject))
}

export function openClaim(sealer: Sealer, subject: string, sealed: Uint8Array): DoubtedClaim {
  // Sealed by this hub and authenticated by the seal: no outsider's text.
  return JSON.parse(sealer.open(sealed, sealContext(subject))) as DoubtedClaim
}

/** Binds a sealed claim to its place in the queue. */
function sealContext(subject: string): string {
  return `unclear-identity/${subject}`
}
