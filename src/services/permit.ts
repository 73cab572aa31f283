/** The gate with its log: a refusal is an event too (access.md section 5). */
import type { Action, Principal } from '../domain/access/principal.ts'
import type { Clock } from '../kernel/clock.ts'
import { isHubError } from '../kernel/errors.ts'
import { accessRecord } from './access-record.ts'
import type { Access, Authorize } from './authorize.ts'
import type { RecordAudit, RequestContext } from './record-audit.ts'

export interface PermitDeps {
  readonly authorize: Authorize
  readonly recordAudit: RecordAudit
  readonly clock: Clock
}

export interface PermitRequest {
  readonly principal: Principal
  readonly action: Action
  /** The request as the audit shows it, should it be refused. */
  readonly query: string
}

/** Throws what `Authorize` throws, after auditing it. */
export async function permit(
  { authorize, recordAudit, clock }: PermitDeps,
  { principal, action, query }: PermitRequest,
  context: RequestContext,
): Promise<Access> {
  try {
    return await authorize(principal, action)
  } catch (error) {
    if (isHubError(error)) {
      const entities = [{ kind: 'query', query }] as const
      const act = { at: clock(), outcome: '4', reason: error.code, entities } as const
      await recordAudit(accessRecord({ principal }, { act: 'access-refused', ...act }, context))
    }
    throw error
  }
}
