/** Writing the audit log, and opening and closing disclosures (access.md section 5). */
import type { AuditRecord } from '../domain/audit/event.ts'
import type { ObjectFacts } from '../domain/access/filter.ts'
import type { ImagingStudyId, InstanceUid, OrganizationId, StudyUid } from '../kernel/ids.ts'
import type { Access } from './authorize.ts'

/** Resolves when the record is committed; commits are grouped (at most 2 ms). Rejects where it is not. */
export type RecordAudit = (record: AuditRecord) => Promise<void>

/** What the face knows of a request, for the audit. */
export interface RequestContext {
  readonly requestId: string
  readonly channel: string
  /** The caller's network address. */
  readonly address?: string | undefined
}

export interface DisclosedStudy {
  readonly imagingStudy: ImagingStudyId
  readonly study: StudyUid
  readonly custodian: OrganizationId
  readonly facts: ObjectFacts
}

export interface Disclosure {
  /** Aborts when access ends while bytes flow: revoked grant, new block, withdrawn member. */
  readonly signal: AbortSignal
  /** Notes an object that is about to be handed out. */
  add(instance: InstanceUid, bytes: number): void
  /** Ends the stream's part in the disclosure; idempotent. */
  close(outcome: 'completed' | 'failed' | 'aborted'): Promise<void>
}

/**
 * Call before the first byte of a study's objects. Resolves when the opening event is committed (or the
 * disclosure is already open for this grant, study and channel); rejects where it cannot be logged.
 */
export type OpenDisclosure = (
  access: Access,
  study: DisclosedStudy,
  context: RequestContext,
) => Promise<Disclosure>
