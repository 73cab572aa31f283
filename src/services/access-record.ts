/** What every audit record says about the access behind an act. */
import type { AuditRecord } from '../domain/audit/event.ts'
import type { Access } from './authorize.ts'
import type { RequestContext } from './record-audit.ts'

type Act = Pick<AuditRecord, 'act' | 'at' | 'outcome' | 'entities'> &
  Partial<Pick<AuditRecord, 'reason' | 'patient'>>

/** The act with who, why and under which grant; a grant's patient stands in where the act names none. */
export function accessRecord(
  access: Pick<Access, 'principal' | 'grant'>,
  act: Act,
  context: RequestContext,
): AuditRecord {
  const { principal, grant } = access
  return {
    ...context,
    principal,
    ...(grant !== undefined && {
      patient: grant.patient,
      purpose: grant.purpose,
      purposeDetail: grant.purposeDetail,
      decisionRef: grant.decisionRef,
      breakGlass: grant.breakGlass !== undefined,
    }),
    ...act,
  }
}
