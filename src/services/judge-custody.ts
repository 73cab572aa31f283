/**
 * Whether a copy of a study that another custodian registered before can be one: copies of a study share
 * instances (decision 0011). Whoever knows a Study Instance UID can publish something else under it.
 */
import type { PoolClient } from 'pg'
import type { Sealer } from '../kernel/seal.ts'
import { sharesInstance } from '../storage/instances.ts'
import type { StudyRow } from '../storage/studies.ts'
import { liftDoubt, raiseDoubt } from '../storage/unclear-identities.ts'
import { patientAttributes } from '../wire/dicom/patient-attributes.ts'
import type { PatientQuestion } from './judge-patient.ts'
import type { IdentityDoubt } from './resolve-patient.ts'
import { sealClaim } from './sealed-claim.ts'

const REASON: IdentityDoubt = 'study-of-another-custodian'

export interface CustodyVerdict {
  readonly isDoubted: boolean
  /** Those of the question, without a doubt that this call has lifted. */
  readonly copies: readonly StudyRow[]
}

/**
 * Runs in the caller's transaction, under the study's lock. Only a newcomer is doubted: a copy that was
 * accepted, by this rule or by a person, is not hidden by what others publish later. A doubt is lifted by
 * the first shared instance: a copy may arrive instance by instance.
 */
export async function judgeCustody(
  db: PoolClient,
  question: PatientQuestion,
  sealer: Sealer,
): Promise<CustodyVerdict> {
  const { imagingStudy, copies, headers, at } = question
  const own = copies.find((copy) => copy.imagingStudy === imagingStudy)
  const isDoubted = own?.doubts.some(({ reason, open }) => open && reason === REASON) ?? true
  if (!isDoubted) return { isDoubted, copies }

  const earlier = copies.filter((copy) => isSoundBefore(copy, own))
  const told = headers.map(({ instanceUid }) => instanceUid)
  const others = earlier.map((copy) => copy.imagingStudy)
  const fits = others.length === 0 || (await sharesInstance(db, imagingStudy, { others, told }))
  if (!fits) {
    await raise(db, { ...question, own, candidate: earlier[0]?.patient ?? null }, sealer)
    return { isDoubted: true, copies }
  }
  if (own === undefined) return { isDoubted: false, copies }
  await liftDoubt(db, { imagingStudy, reason: REASON, at, by: 'instances-shared' })
  const doubts = own.doubts.filter(({ reason }) => reason !== REASON)
  const lifted = { ...own, doubts }
  return { isDoubted: false, copies: copies.map((copy) => (copy === own ? lifted : copy)) }
}

/** A copy that is itself in doubt, or none of whose objects the hub has seen, vouches for nothing. */
function isSoundBefore(copy: StudyRow, own: StudyRow | undefined): boolean {
  const vouches = copy.patient !== null && copy.instances > 0
  return vouches && (own === undefined || copy.registration < own.registration)
}

interface Raised extends PatientQuestion {
  readonly own: StudyRow | undefined
  readonly candidate: StudyRow['patient']
}

async function raise(
  db: PoolClient,
  { imagingStudy, custodian, headers, own, candidate, at }: Raised,
  sealer: Sealer,
): Promise<void> {
  const [header] = headers
  if (header === undefined) return
  const claim = sealClaim(sealer, imagingStudy, {
    claim: header.patient,
    told: patientAttributes(header.studyAttributes),
    before: patientAttributes(own?.attributes ?? {}),
  })
  await raiseDoubt(db, { imagingStudy, custodian, reason: REASON, claim, candidate, at })
}
