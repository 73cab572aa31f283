/** Search conditions judged for one resource in memory: what filters of subscriptions may be made of. */
import type { SearchValues } from './search-entries.ts'
import type { Condition } from './search.ts'

/** What a row would hold of the resource. */
export interface MatchedResource {
  readonly id: string
  readonly patient: string | null
  readonly custodian: string | null
  readonly search: Pick<SearchValues, 'keys' | 'date'>
}

/** Whether the condition asks for what the resource itself says, by equality alone. */
export function isMatchable(condition: Condition): boolean {
  switch (condition.kind) {
    case 'id':
    case 'patient':
    case 'custodian':
    case 'keys':
    case 'present':
    case 'never':
      return true
    case 'any':
      return condition.of.every(isMatchable)
    case 'not':
      return isMatchable(condition.of)
    default:
      return false
  }
}

/** Throws on a condition that is not matchable: a mistake in the program. */
export function matchesCondition(condition: Condition, resource: MatchedResource): boolean {
  switch (condition.kind) {
    case 'id':
      return condition.anyOf.includes(resource.id)
    case 'patient':
      return resource.patient !== null && condition.anyOf.includes(resource.patient)
    case 'custodian':
      return resource.custodian !== null && condition.anyOf.includes(resource.custodian)
    case 'keys':
      return condition.anyOf.some((key) => resource.search.keys.includes(key))
    case 'present':
      return isPresent(condition, resource)
    case 'never':
      return false
    case 'any':
      return condition.of.some((one) => matchesCondition(one, resource))
    case 'not':
      return !matchesCondition(condition.of, resource)
    default:
      throw new Error(`A condition of kind ${condition.kind} is not judged in memory`)
  }
}

function isPresent(
  { where, code }: Extract<Condition, { readonly kind: 'present' }>,
  { patient, search }: MatchedResource,
): boolean {
  if (where === 'patient') return patient !== null
  return where === 'keys' ? search.keys.includes(code) : search.date !== undefined
}

/** The one patient that the conditions, which all hold, ask for. */
export function onlyPatientOf(conditions: readonly Condition[]): string | undefined {
  for (const condition of conditions) {
    const [first, ...others] = condition.kind === 'patient' ? condition.anyOf : []
    if (first !== undefined && others.length === 0) return first
  }
  return undefined
}
