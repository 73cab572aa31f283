/** What an emergency access overrides: its custodians are told, and review it. */
import { compile } from '../domain/access/compile.ts'
import type { AccessFacts } from '../domain/access/decision.ts'
import type { AccessFilter } from '../domain/access/filter.ts'
import type { Grant } from '../domain/access/grant.ts'
import type { Action, Principal } from '../domain/access/principal.ts'
import type { PolicyProfile } from '../domain/access/profiles.ts'
import type { Override } from '../storage/break-glass-reviews.ts'
import type { AccessState } from './access-state.ts'

/** What each action opens. */
const OPENS: readonly (readonly [Action, Override['type']])[] = [
  ['find', 'ImagingStudy'],
  ['view-images', 'ImagingStudy'],
  ['read-report', 'DiagnosticReport'],
]

export interface Overriding {
  readonly principal: Principal
  readonly state: AccessState
  readonly profile: PolicyProfile
}

/**
 * Nothing where the glass was left whole. Judged as the grant is issued: what arrives or is blocked while it
 * lasts is in the log, not in the queue.
 */
export async function overridesOf(
  grant: Grant,
  { principal, state, profile }: Overriding,
): Promise<readonly Override[]> {
  if (grant.breakGlass === undefined) return []
  const facts: AccessFacts = {
    member: state.member(principal.member),
    members: state.members(),
    agreements: state.agreements(principal.member),
    consents: await state.consents(grant.patient),
    profile,
  }
  const filterOf = (action: Action, judged: Grant): AccessFilter =>
    compile({ principal, action, grant: judged, at: grant.issuedAt }, facts).filter
  return OPENS.filter(([action]) => grant.actions.includes(action)).map(([action, type]) => ({
    type,
    broken: filterOf(action, grant),
    whole: filterOf(action, { ...grant, breakGlass: undefined }),
  }))
}
