/** The decision for every object at once: the same rows folded into one filter. */
import { BREAK_GLASS_OBLIGATIONS, breaksGlass } from './break-glass.ts'
import { allOf, anyOf, EVERYTHING } from './build-filter.ts'
import type { AccessFacts, AccessRequest, Obligation, Reason } from './decision.ts'
import type { AccessFilter } from './filter.ts'
import { RULES } from './rules.ts'

export interface CompiledAccess {
  readonly filter: AccessFilter
  /** Every row that keeps something back, in order, to the first that keeps back everything. */
  readonly because: readonly Reason[]
  /** Owed where the glass is broken and there is something it may have kept back. */
  readonly obligations: readonly Obligation[]
}

/** `matches(compile(request, facts).filter, object)` is `decide` for that object. */
export function compile(request: AccessRequest, facts: AccessFacts): CompiledAccess {
  const glass = breaksGlass(request, facts.profile)
  const rows = RULES.map((rule) => ({ rule, filter: rule.filter(request, facts) }))
  const narrowing = rows.filter(
    ({ rule, filter }) => rule.kind === 'requires' && filter.kind !== 'everything',
  )
  const standing = narrowing.filter(({ rule }) => !(glass && rule.overridable))
  const end = standing.findIndex(({ filter }) => filter.kind === 'nothing')

  const filter = rows.reduceRight<AccessFilter>((rest, row) => {
    if (row.rule.kind === 'settles') return anyOf([row.filter, rest])
    return glass && row.rule.overridable ? rest : allOf([row.filter, rest])
  }, EVERYTHING)
  return {
    filter,
    because: (end < 0 ? standing : standing.slice(0, end + 1)).map(({ rule }) => ({
      step: rule.step,
      code: rule.code,
    })),
    obligations: glass && narrowing.length > standing.length ? BREAK_GLASS_OBLIGATIONS : [],
  }
}

/**
 * The reason that refuses whatever object is meant, where it may be told: membership, role, scope, grant
 * and basis are the caller's own affairs, while agreements, blocks and labels never show.
 */
export function refusal(request: AccessRequest, facts: AccessFacts): Reason | undefined {
  for (const { step, kind, code, filter } of RULES) {
    if (step === 'agreement') return undefined
    const holds = filter(request, facts).kind !== 'nothing'
    if (kind === 'settles' && holds) return undefined
    if (kind === 'requires' && !holds) return { step, code }
  }
  return undefined
}
