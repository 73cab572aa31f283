/** Whose a study is, once all its headers have spoken: one patient beyond doubt, or nobody's yet. */
import type { PoolClient } from 'pg'
import type { DicomJson, InstanceHeader, PatientClaim } from '../domain/imaging/study.ts'
import type { ImagingStudyId, OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import type { StudyRow } from '../storage/studies.ts'
import { listSettledClaims, raiseDoubt } from '../storage/unclear-identities.ts'
import { patientAttributes } from '../wire/dicom/patient-attributes.ts'
import type { IdentityDoubt, ResolvePatient } from './resolve-patient.ts'
import { openClaim, sealClaim } from './sealed-claim.ts'

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
  /** The first header that makes this claim. */
  readonly header: InstanceHeader
  readonly patient: PatientId | null
  readonly doubt: IdentityDoubt | undefined
  readonly firstClaimer: OrganizationId | undefined
}

const ANOTHER: IdentityDoubt = 'study-of-another-patient'

export interface JudgePatientDeps {
  readonly resolvePatient: ResolvePatient
  readonly sealer: Sealer
}

/**
 * Runs in the caller's transaction. A doubt quarantines the whole copy and is queued with its claim, sealed.
 * A claim that a person has settled stays settled; the study then keeps the patient it was given.
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

  const doubts = copy?.doubts ?? []
  const settled = await settledBefore(db, { imagingStudy, doubts }, deps.sealer)
  const doubted = judged.flatMap(({ header, doubt, firstClaimer }) =>
    doubt === undefined || settled.has(keyOf(doubt, header.patient))
      ? []
      : [{ header, doubt, firstClaimer }],
  )
  const before = patientAttributes(copy?.attributes ?? {})
  for (const one of doubted) await raise(db, { ...question, ...one, known, before }, deps.sealer)

  if (doubted.length > 0 || doubts.some(({ open }) => open)) return { patient: null }
  return { patient: copy?.patient ?? firstPatient(judged) }
}

/** What has been settled is the claim that somebody looked at, not whatever else comes for the same reason. */
async function settledBefore(
  db: PoolClient,
  { imagingStudy, doubts }: Pick<StudyRow, 'imagingStudy' | 'doubts'>,
  sealer: Sealer,
): Promise<ReadonlySet<string>> {
  if (doubts.every(({ open }) => open)) return new Set()
  const settled = await listSettledClaims(db, imagingStudy)
  return new Set(
    settled.map(({ reason, claim }) => keyOf(reason, openClaim(sealer, imagingStudy, claim).claim)),
  )
}

const keyOf = (reason: string, claim: PatientClaim): string => `${reason} ${JSON.stringify(claim)}`

interface Raised extends PatientQuestion {
  readonly header: InstanceHeader
  readonly doubt: IdentityDoubt
  readonly firstClaimer: OrganizationId | undefined
  readonly known: PatientId | null
  readonly before: DicomJson
}

async function raise(
  db: PoolClient,
  { imagingStudy, custodian, at, header, doubt, firstClaimer, known, before }: Raised,
  sealer: Sealer,
): Promise<void> {
  const told = patientAttributes(header.studyAttributes)
  const claim = sealClaim(sealer, imagingStudy, { claim: header.patient, told, before })
  const raised = { imagingStudy, custodian, reason: doubt, claim, candidate: known, at }
  await raiseDoubt(db, { ...raised, firstClaimer })
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
  for (const header of distinctClaims(headers)) {
    const request = { claim: header.patient, custodian, known: before }
    const { patient, doubt, firstClaimer } = await deps.resolvePatient(db, request)
    const isAnother = before !== null && patient !== null && patient !== before
    const kept = doubt ?? (isAnother ? ANOTHER : undefined)
    judged.push({ header, patient, doubt: kept, firstClaimer })
    before ??= patient
  }
  return judged
}

/** All instances of a study should say the same; what says something else is judged for itself. */
function distinctClaims(headers: readonly InstanceHeader[]): readonly InstanceHeader[] {
  const byClaim = Map.groupBy(headers, ({ patient }) => JSON.stringify(patient))
  return [...byClaim.values()].flatMap((claiming) => claiming.slice(0, 1))
}
