/** Whose a study is, once all its headers have spoken: one patient beyond doubt, or nobody's yet. */
import type { PoolClient } from 'pg'
import type { InstanceHeader, PatientClaim } from '../domain/imaging/study.ts'
import type { ImagingStudyId, OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { StudyRow } from '../storage/studies.ts'
import { raiseDoubt } from '../storage/unclear-identities.ts'
import type { IdentityDoubt, ResolvePatient } from './resolve-patient.ts'

export interface PatientQuestion {
  readonly imagingStudy: ImagingStudyId
  readonly custodian: OrganizationId
  readonly headers: readonly InstanceHeader[]
  /** Every copy of the study that is in the index. */
  readonly copies: readonly StudyRow[]
  readonly at: Date
}

export interface PatientVerdict {
  /** Null where the study is quarantined. */
  readonly patient: PatientId | null
}

interface Judged {
  readonly claim: PatientClaim
  readonly patient: PatientId | null
  readonly doubt: IdentityDoubt | undefined
}

const ANOTHER: IdentityDoubt = 'study-of-another-patient'

export interface JudgePatientDeps {
  readonly resolvePatient: ResolvePatient
  readonly sealer: Sealer
}

/**
 * Runs in the caller's transaction. A doubt quarantines the whole copy and is queued with its claim, sealed.
 * A doubt that a person has settled stays settled; the study then keeps the patient it was given.
 */
export async function judgePatient(
  db: PoolClient,
  question: PatientQuestion,
  deps: JudgePatientDeps,
): Promise<PatientVerdict> {
  const { imagingStudy, copies } = question
  const copy = copies.find((one) => one.imagingStudy === imagingStudy)
  const known = copy?.patient ?? firstPatient(copies)
  const judged = await judgeAll(db, { ...question, known }, deps)

  const before = copy?.doubts ?? []
  const settled = new Set<string>(before.flatMap(({ reason, open }) => (open ? [] : [reason])))
  const doubted = judged.filter(({ doubt }) => doubt !== undefined && !settled.has(doubt))
  for (const { claim, doubt = 'no-national-id' } of doubted)
    await raiseDoubt(db, {
      imagingStudy,
      custodian: question.custodian,
      reason: doubt,
      claim: deps.sealer.seal(JSON.stringify(claim), sealContext(imagingStudy)),
      candidate: known,
      at: question.at,
    })

  if (doubted.length > 0 || before.some(({ open }) => open)) return { patient: null }
  return { patient: copy?.patient ?? firstPatient(judged) }
}

function firstPatient(known: readonly { readonly patient: PatientId | null }[]): PatientId | null {
  return known.find(({ patient }) => patient !== null)?.patient ?? null
}

/** Each claim in turn, against the patient that the study or an earlier claim is known to be of. */
async function judgeAll(
  db: PoolClient,
  { headers, custodian, known }: PatientQuestion & { readonly known: PatientId | null },
  deps: JudgePatientDeps,
): Promise<readonly Judged[]> {
  const judged: Judged[] = []
  let before = known
  for (const claim of distinctClaims(headers)) {
    const { patient, doubt } = await deps.resolvePatient(db, { claim, custodian, known: before })
    const isAnother = before !== null && patient !== null && patient !== before
    judged.push({ claim, patient, doubt: doubt ?? (isAnother ? ANOTHER : undefined) })
    before ??= patient
  }
  return judged
}

/** What binds a sealed claim to its place in the queue. */
export function sealContext(imagingStudy: ImagingStudyId): string {
  return `unclear-identity/${imagingStudy}`
}

/** All instances of a study should say the same; what says something else is judged for itself. */
function distinctClaims(headers: readonly InstanceHeader[]): readonly PatientClaim[] {
  const claims = new Map(headers.map(({ patient }) => [JSON.stringify(patient), patient]))
  return [...claims.values()]
}
