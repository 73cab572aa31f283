/** Who did what to whose what, and why: one record per act, whatever protocol it came by (access.md section 5). */
import type { ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../../kernel/ids.ts'
import type { Principal } from '../access/principal.ts'

export type AuditAct =
  | 'disclosure-opened'
  | 'disclosure-closed'
  | 'search'
  | 'read'
  | 'create'
  | 'update'
  | 'delete'
  | 'history'
  | 'operation'
  | 'patients-linked'
  | 'export'
  | 'notified'
  | 'publish'
  | 'token-issued'
  | 'token-refused'
  | 'access-refused'
  | 'grant-revoked'
  | 'consent-recorded'
  | 'break-glass'
  | 'administration'

/** FHIR AuditEvent.outcome: success, minor failure, serious failure, major failure. */
export type AuditOutcome = '0' | '4' | '8' | '12'

/** One thing an act touched; a list of them is bounded by the caller (at most 1 000). */
export type AuditEntity =
  | {
      readonly kind: 'study'
      readonly imagingStudy: ImagingStudyId
      readonly study: StudyUid
      readonly custodian: OrganizationId
    }
  | { readonly kind: 'resource'; readonly reference: string; readonly custodian?: OrganizationId }
  /** The query as sent, with patient identifiers already masked by the face. */
  | { readonly kind: 'query'; readonly query: string }

export interface AuditRecord {
  readonly act: AuditAct
  readonly at: Date
  readonly outcome: AuditOutcome
  /** Machine code of the reason where the outcome is a failure or an override. */
  readonly reason?: string | undefined
  /** X-Request-Id. */
  readonly requestId: string
  /** The protocol it came by: `fhir`, `dicomweb`, `oauth`, `admin`, `job`, … */
  readonly channel: string
  /** The caller's network address, where the face knows it (BALP: client agent's network). */
  readonly address?: string | undefined
  /** Absent where the caller could not be authenticated. */
  readonly principal?: Principal | undefined
  readonly patient?: PatientId | undefined
  readonly purpose?: string | undefined
  readonly purposeDetail?: string | undefined
  readonly decisionRef?: string | undefined
  readonly breakGlass?: boolean | undefined
  readonly entities: readonly AuditEntity[]
  /** What a closing event adds. */
  readonly disclosure?:
    | {
        readonly id: string
        /** Distinct objects handed out; absent means the whole study must be assumed. */
        readonly objects?: number | undefined
        /** `objectsDigest` of their SOP Instance UIDs: binds table `disclosure_object` to the log. */
        readonly digest?: string | undefined
        readonly bytes?: number | undefined
        readonly seconds?: number | undefined
      }
    | undefined
}
