/** What the middleware has found out about a request, kept beside it rather than on it. */
import { HubError } from '../kernel/errors.ts'
import type { Principal } from '../domain/access/principal.ts'
import type { RequestContext } from '../services/record-audit.ts'

const principals = new WeakMap<object, Principal>()
const contexts = new WeakMap<object, RequestContext>()

export function setPrincipal(req: object, principal: Principal): void {
  principals.set(req, principal)
}

/** Throws `unauthenticated` on a route that the bearer middleware does not guard. */
export function principalOf(req: object): Principal {
  const principal = principals.get(req)
  if (principal === undefined)
    throw new HubError('unauthenticated', 'No access token was presented')
  return principal
}

export function setContext(req: object, context: RequestContext): void {
  contexts.set(req, context)
}

export function contextOf(req: object): RequestContext {
  return contexts.get(req) ?? { requestId: 'unknown', channel: 'unknown' }
}
