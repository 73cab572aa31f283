/** What a doubt is about, as the log names it. */
import type { AuditEntity } from '../domain/audit/event.ts'
import type { QueuedDoubt } from '../storage/unclear-queue.ts'

export function doubtEntity(doubt: QueuedDoubt): AuditEntity {
  const { custodian } = doubt
  if (doubt.report !== null)
    return { kind: 'resource', reference: `DiagnosticReport/${doubt.report}`, custodian }
  return { kind: 'study', imagingStudy: doubt.imagingStudy, study: doubt.study, custodian }
}
