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
export function permit(
  deps: PermitDeps,
  request: PermitRequest,
  context: RequestContext,
): Promise<Access> {
  const { principal, action } = request
  return loggingRefusal(deps, request, context, () => deps.authorize(principal, action))
}

/** Does the work; where it is refused, that is an event too, written before the refusal is told. */
export async function loggingRefusal<Result>(
  { recordAudit, clock }: Pick<PermitDeps, 'recordAudit' | 'clock'>,
  { principal, query }: Pick<PermitRequest, 'principal' | 'query'>,
  context: RequestContext,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isHubError(error)) {
      const entities = [{ kind: 'query', query }] as const
      const act = { at: clock(), outcome: '4', reason: error.code, entities } as const
      await recordAudit(accessRecord({ principal }, { act: 'access-refused', ...act }, context))
    }
    throw error
  }
}
