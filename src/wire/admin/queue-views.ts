/** What waits for a person: studies whose patient is unclear, and emergency accesses to be reviewed. */
import type { BreakGlass } from '../../domain/access/grant.ts'
import type { CarePurpose, Practitioner } from '../../domain/access/principal.ts'
import type { PersonName } from '../../domain/identity/demographics.ts'
import type { MatchScore } from '../../domain/identity/score-match.ts'
import type { PatientClaim } from '../../domain/imaging/study.ts'
import type {
  GrantId,
  ImagingStudyId,
  OrganizationId,
  PatientId,
  StudyUid,
} from '../../kernel/ids.ts'
import type { JsonObject } from '../fhir/json.ts'

/** Who it may be, and why: the likelier come first. */
export interface CandidateView extends MatchScore {
  readonly patient: PatientId
  readonly names: readonly PersonName[]
  readonly birthDate?: string | undefined
  readonly gender?: string | undefined
}

/** A study or a report that nobody is shown until a person says whose it is. */
export interface UnclearIdentity {
  readonly id: number
  /** Null where it is a report's. */
  readonly imagingStudy: ImagingStudyId | null
  readonly study: StudyUid | null
  /** Id of the DiagnosticReport; null where it is a study's. */
  readonly report: string | null
  readonly custodian: OrganizationId
  readonly reason: string
  /** The patient that the study was registered for, where there was one. */
  readonly candidate: PatientId | null
  /** The custodian that alone has told the name which the claim contradicts: either may be wrong. */
  readonly firstClaimer: OrganizationId | null
  /** Of the same study at other custodians, the one registered first before others. */
  readonly otherCopies: readonly {
    readonly imagingStudy: ImagingStudyId
    readonly custodian: OrganizationId
    /** Null where it is in doubt itself. */
    readonly patient: PatientId | null
    readonly instances: number
    /** RFC 3339. */
    readonly registeredAt: string
  }[]
  readonly candidates: readonly CandidateView[]
  readonly raisedAt: Date
  /** As the object says it: for the person who settles it and nobody else. */
  readonly claim: PatientClaim
}

export function unclearIdentityView(doubt: UnclearIdentity): JsonObject {
  const { claim } = doubt
  return {
    id: doubt.id,
    study_uid: doubt.study,
    imaging_study: doubt.imagingStudy,
    report: doubt.report,
    custodian: doubt.custodian,
    reason: doubt.reason,
    raised_at: doubt.raisedAt.toISOString(),
    candidate: doubt.candidate,
    candidates: doubt.candidates.map((one) => ({
      patient: one.patient,
      score: one.score,
      grade: one.grade,
      because: one.because.map(({ trait, verdict }) => ({ trait, verdict })),
      names: one.names.map(({ family = null, given = null }) => ({ family, given })),
      birth_date: one.birthDate ?? null,
      gender: one.gender ?? null,
    })),
    first_claimer: doubt.firstClaimer,
    other_copies: doubt.otherCopies.map((copy) => ({
      imaging_study: copy.imagingStudy,
      custodian: copy.custodian,
      patient: copy.patient,
      instances: copy.instances,
      registered_at: copy.registeredAt,
    })),
    claim: {
      id: claim.id ?? null,
      issuer: claim.issuer ?? null,
      other_ids: claim.otherIds.map(({ id, issuer = null }) => ({ id, issuer })),
      family_name: claim.familyName ?? null,
      given_name: claim.givenName ?? null,
      birth_date: claim.birthDate ?? null,
      sex: claim.sex ?? null,
    },
  }
}

/** An emergency access that a custodian’s privacy officer has not looked at. */
export interface OpenReview {
  readonly grant: GrantId
  readonly raisedAt: Date
  /** Until when the access lasted, or will. */
  readonly expiresAt: Date
  readonly member: OrganizationId
  readonly unit?: string | undefined
  readonly practitioner: Practitioner
  readonly patient: PatientId
  readonly purpose: CarePurpose
  /** By which the requester can be asked why. */
  readonly decisionRef: string
  readonly breakGlass?: BreakGlass | undefined
}

export function openReviewView(review: OpenReview): JsonObject {
  const { practitioner, breakGlass } = review
  return {
    grant: review.grant,
    raised_at: review.raisedAt.toISOString(),
    expires_at: review.expiresAt.toISOString(),
    member: review.member,
    unit: review.unit ?? null,
    practitioner: {
      name: practitioner.name,
      hpr_number: practitioner.hprNumber ?? null,
      category: practitioner.category ?? null,
    },
    patient: review.patient,
    purpose: review.purpose,
    decision_ref: review.decisionRef,
    reason: breakGlass?.reasonCode ?? null,
    text: breakGlass?.text ?? null,
  }
}
