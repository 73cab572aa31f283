/** A stored permit: one requester, one patient, one purpose, until it expires or is revoked (access.md section 4). */
import type { ClientId, GrantId, OrganizationId, PatientId, StudyUid } from '../../kernel/ids.ts'
import type { Action, CarePurpose, Practitioner } from './principal.ts'

export interface BreakGlass {
  /** Coded reason (policy profile lists the codes). */
  readonly reasonCode: string
  readonly text?: string | undefined
}

export interface Grant {
  readonly id: GrantId
  readonly client: ClientId
  readonly member: OrganizationId
  readonly unit?: string | undefined
  readonly practitioner: Practitioner
  readonly patient: PatientId
  readonly purpose: CarePurpose
  /** `purpose_of_use_details` or healthcare service code of the attest. */
  readonly purposeDetail?: string | undefined
  /** `decision_ref` of the attest: the key by which the requester can be asked why. */
  readonly decisionRef: string
  readonly actions: readonly Action[]
  /** Absent: every study of the patient that policy permits. */
  readonly studies?: readonly StudyUid[] | undefined
  readonly breakGlass?: BreakGlass | undefined
  readonly issuedAt: Date
  /** At most `toa` + 60 minutes. */
  readonly expiresAt: Date
  readonly revokedAt?: Date | undefined
}
