/** The decision for every object at once, kept while nothing that it was made of changes. */
import { LRUCache } from 'lru-cache'
import { compile, refusal } from '../domain/access/compile.ts'
import type { Provision } from '../domain/access/consent.ts'
import type { AccessFacts, AccessRequest, Reason } from '../domain/access/decision.ts'
import { unchangedDuring } from '../domain/access/decision-times.ts'
import type { AccessFilter } from '../domain/access/filter.ts'
import { isDuring, type Period } from '../domain/access/period.ts'

export type Judgement =
  { readonly refused: Reason } | { readonly refused: undefined; readonly filter: AccessFilter }

export type JudgeAccess = (request: AccessRequest, facts: AccessFacts) => Judgement

interface Kept {
  readonly request: AccessRequest
  readonly facts: AccessFacts
  readonly during: Period
  readonly judgement: Judgement
}

/** Provisions in kept decisions: some tens of megabytes where they are of hostile size. */
const MOST_PROVISIONS = 50_000

/**
 * A grant's holder asks again and again, and its patient's consents may be many: what was decided holds until
 * grant, consents, members or agreements are read anew, or a period begins or ends.
 */
export function makeJudgeAccess(): JudgeAccess {
  const decisions = new LRUCache<string, Kept>({
    maxSize: MOST_PROVISIONS,
    sizeCalculation: ({ facts }) => 1 + facts.consents.reduce((sum, one) => sum + sizeOf(one), 0),
  })
  return (request, facts) => {
    if (request.grant === undefined) return judge(request, facts)
    const key = keyOf(request)
    const kept = decisions.get(key)
    if (kept !== undefined && stillHolds(kept, request, facts)) return kept.judgement
    const judgement = judge(request, facts)
    decisions.set(key, { request, facts, during: unchangedDuring(request, facts), judgement })
    return judgement
  }
}

function judge(request: AccessRequest, facts: AccessFacts): Judgement {
  const refused = refusal(request, facts)
  return refused === undefined ? { refused, filter: compile(request, facts).filter } : { refused }
}

/** All of the principal that a rule looks at: person and unit are the grant's. */
function keyOf({ principal, action, grant }: AccessRequest): string {
  const { client, member, actions } = principal
  return [grant?.id, principal.grant, client, member, action, ...actions].join(' ')
}

function stillHolds(
  { request, facts, during }: Kept,
  now: AccessRequest,
  known: AccessFacts,
): boolean {
  return (
    isDuring(now.at, during) &&
    request.grant === now.grant &&
    facts.member === known.member &&
    facts.members === known.members &&
    facts.consents === known.consents &&
    facts.profile === known.profile &&
    isSameList(facts.agreements, known.agreements)
  )
}

function isSameList(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some === others || (some.length === 0 && others.length === 0)
}

function sizeOf({ provision }: { readonly provision: Provision }): number {
  return 1 + provision.nested.reduce((sum, one) => sum + sizeOf({ provision: one }), 0)
}
