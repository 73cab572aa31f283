/** Which resources of which types a caller may see: the decision every registry read starts from. */
import type { Action, Principal } from '../domain/access/principal.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import { lookup } from '../kernel/lookup.ts'
import type { Visibility } from '../storage/visibility-sql.ts'
import type { Access } from './authorize.ts'
import { permit, type PermitDeps } from './permit.ts'
import type { RequestContext } from './record-audit.ts'

/** What it takes to see a type; a type that is not here is not served. */
const ACTIONS_BY_TYPE: Readonly<Record<string, Action>> = {
  Patient: 'find',
  ImagingStudy: 'find',
  Provenance: 'find',
  DiagnosticReport: 'read-report',
  Organization: 'read-directory',
  Endpoint: 'read-directory',
  Consent: 'read-consent',
  AuditEvent: 'read-audit',
}

/** Resources about a patient are seen through the patient's studies and reports. */
const SEEN_THROUGH: Readonly<Record<string, readonly string[]>> = {
  Patient: ['ImagingStudy', 'DiagnosticReport'],
  Provenance: ['ImagingStudy', 'DiagnosticReport'],
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
    others.delete(type)
    const decisions = await Promise.all(
      [...others].map(async (one) => [one, await decideQuietly(deps, principal, one)] as const),
    )
    const permitted = decisions.flatMap(([one, access]) =>
      access === undefined ? [] : [[one, access.filter] as const],
    )
    return { access: asked, visibility: new Map([[type, asked.filter], ...permitted]) }
  }
}

async function decide(
  deps: PermitDeps,
  { principal, type, query }: { principal: Principal; type: string; query: string },
  context: RequestContext,
): Promise<Access> {
  const action = lookup(ACTIONS_BY_TYPE, type)
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
  type: string,
): Promise<Access | undefined> {
  const action = lookup(ACTIONS_BY_TYPE, type)
  if (action === undefined || !principal.actions.has(action)) return undefined
  return authorize(principal, action).catch((error: unknown) => {
    if (!isNotEntitled(error)) throw error
    return undefined
  })
}

function isNotEntitled(error: unknown): boolean {
  return isHubError(error, 'insufficient-scope') || isHubError(error, 'forbidden')
}
