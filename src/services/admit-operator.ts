/** Who may administer: everyone else's attempt is in the log. */
import type { Principal } from '../domain/access/principal.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'

/** Throws what `Authorize` throws for `operate`. `request` is shown in the log: method and path. */
export type AdmitOperator = (
  principal: Principal,
  request: string,
  context: RequestContext,
) => Promise<void>

/** The same for what identity clerks do, and operators may: `link-patients`, or `operate` where the token has that. */
export function makeAdmitClerk(deps: PermitDeps): AdmitOperator {
  return async (principal, query, context) => {
    const action = principal.actions.has('link-patients') ? 'link-patients' : 'operate'
    await permit(deps, { principal, action, query }, context)
  }
}

export function makeAdmitOperator(deps: PermitDeps): AdmitOperator {
  return async (principal, query, context) => {
    await permit(deps, { principal, action: 'operate', query }, context)
  }
}
