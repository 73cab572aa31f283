/**
 * The decision for one object, with its reasons: the rows of the rule, from the top, until one settles it. No
 * request passes here. It is the reference that property tests hold `compile`, which requests do pass, to.
 */
import { BREAK_GLASS_OBLIGATIONS, breaksGlass } from './break-glass.ts'
import type { AccessFacts, AccessRequest, Decision, Reason } from './decision.ts'
import type { ObjectFacts } from './filter.ts'
import { matches } from './match-filter.ts'
import { denied } from './provision-filter.ts'
import { consentsFor, requesterOf, RULES, type Rule } from './rules.ts'

/** What is asked about one object. */
export interface ObjectRequest extends AccessRequest {
  readonly resource: ObjectFacts
}

/** A denial names the step it comes from; a permit by broken glass names every denial it overrode. */
export function decide(request: ObjectRequest, facts: AccessFacts): Decision {
  const glass = breaksGlass(request, facts.profile)
  const overridden: Reason[] = []
  for (const rule of RULES) {
    const holds = matches(rule.filter(request, facts), request.resource)
    if (rule.kind === 'settles') {
      if (holds) return permit([reason(rule)])
    } else if (!holds) {
      const cause = because(rule, request, facts)
      if (!rule.overridable || !glass) return { effect: 'deny', because: [cause], obligations: [] }
      overridden.push(cause)
    }
  }
  if (overridden.length === 0) return permit([{ step: 'basis', code: 'care' }])
  return {
    ...permit([{ step: 'break-glass', code: 'glass-broken' }, ...overridden]),
    obligations: BREAK_GLASS_OBLIGATIONS,
  }
}

function permit(reasons: readonly Reason[]): Decision {
  return { effect: 'permit', because: reasons, obligations: [] }
}

function reason({ step, code }: Rule): Reason {
  return { step, code }
}

/** A block is named by the consents that speak it. */
function because(rule: Rule, request: ObjectRequest, facts: AccessFacts): Reason {
  if (rule.code !== 'blocked') return reason(rule)
  const requester = requesterOf(request, facts)
  const speaking = consentsFor(request, facts).filter(({ provision }) =>
    matches(denied(provision, requester), request.resource),
  )
  return { ...reason(rule), consents: speaking.map(({ id }) => id) }
}
