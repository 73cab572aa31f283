/** Which resources of which types a caller may see: the decision every registry read starts from. */
import type { AccessFilter } from '../domain/access/filter.ts'
import type { Action, Principal } from '../domain/access/principal.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import { lookup } from '../kernel/lookup.ts'
import { CLINICAL_TYPES, type Visibility } from '../storage/visibility-sql.ts'
import type { Access } from './authorize.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'
import { servedType } from './served-types-table.ts'

/** Resources about a patient are seen through the patient's others. */
const SEEN_THROUGH: Readonly<Record<string, readonly string[]>> = {
  Patient: CLINICAL_TYPES,
  Provenance: CLINICAL_TYPES,
}

export interface Sight {
  readonly access: Pick<Access, 'principal' | 'grant'>
  readonly visibility: Visibility
}

export interface SightRequest {
  readonly type: string
  /** Types that may come along; one the caller may not see is left out. */
  readonly along?: readonly string[] | undefined
  /** The request as the audit shows it, should it be refused. */
  readonly query: string
}

/**
 * Throws what `Authorize` throws for the type's action, after auditing the refusal. Who may not read
 * consents at all sees none, as if there were none (access.md section 6).
 */
export type DecideSight = (
  principal: Principal,
  request: SightRequest,
  context: RequestContext,
) => Promise<Sight>

export function makeDecideSight(deps: PermitDeps): DecideSight {
  return async (principal, { type, along = [], query }, context) => {
    const asked = await decide(deps, { principal, type, query }, context)
    const others = new Set([
      ...along,
      ...[type, ...along].flatMap((one) => lookup(SEEN_THROUGH, one) ?? []),
    ])
    const actions = new Map([...others].map((one) => [one, servedType(one)?.sees]))
    const permitted = await permittedFilters(deps, principal, new Set(actions.values()))
    const seen = [...actions].flatMap(([one, action]) => {
      const filter = action && permitted.get(action)
      return filter === undefined ? [] : [[one, filter] as const]
    })
    return { access: asked, visibility: new Map([...seen, [type, asked.filter]]) }
  }
}

/** Several types are seen by one action: it is decided once. */
async function permittedFilters(
  deps: PermitDeps,
  principal: Principal,
  actions: ReadonlySet<Action | undefined>,
): Promise<ReadonlyMap<Action, AccessFilter>> {
  const permitted = new Map<Action, AccessFilter>()
  for (const action of actions) {
    const access = action && (await decideQuietly(deps, principal, action))
    if (access !== undefined) permitted.set(access.action, access.filter)
  }
  return permitted
}

async function decide(
  deps: PermitDeps,
  { principal, type, query }: { principal: Principal; type: string; query: string },
  context: RequestContext,
): Promise<Access> {
  const action = servedType(type)?.sees
  if (action === undefined) throw new HubError('not-found', `${type} is not served here`)
  if (type !== 'Consent') return permit(deps, { principal, action, query }, context)
  return deps.authorize(principal, action).catch((error: unknown): Access => {
    if (!isNotEntitled(error)) throw error
    return { principal, action, filter: { kind: 'nothing' } }
  })
}

async function decideQuietly(
  { authorize }: PermitDeps,
  principal: Principal,
  action: Action,
): Promise<Access | undefined> {
  if (!principal.actions.has(action)) return undefined
  return authorize(principal, action).catch((error: unknown) => {
    if (!isNotEntitled(error)) throw error
    return undefined
  })
}

function isNotEntitled(error: unknown): boolean {
  return isHubError(error, 'insufficient-scope') || isHubError(error, 'forbidden')
}
