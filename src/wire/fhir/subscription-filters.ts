/** Filters of a subscription: search syntax, narrowed to what its topic lets filter by. */
import { isHubError } from '../../kernel/errors.ts'
import { isMatchable } from './match-conditions.ts'
import { parseSearch } from './parse-search.ts'
import type { Condition, QueryPair } from './search.ts'
import type { SubscriptionTopic } from './subscription-topics-table.ts'

/**
 * The query without its type, in any form that the guide shows: `Type?a=b&c=d`, `a=b`, `Type.a=b`; undefined
 * where it names another type.
 */
export function filterQuery(filter: string, type: string): string | undefined {
  const asked = /^(?<named>[A-Z][A-Za-z]*)\?(?<query>.*)$/s.exec(filter)?.groups
  if (asked !== undefined) return asked.named === type ? asked.query : undefined
  const dotted = /^(?<named>[A-Z][A-Za-z]*)\.(?<query>.*)$/s.exec(filter)?.groups
  if (dotted !== undefined) return dotted.named === type ? dotted.query : undefined
  return filter
}

export type FilterReading =
  | { readonly conditions: readonly Condition[]; readonly problem?: undefined }
  | { readonly problem: string }

/** `base` is the FHIR base, by which absolute references to the hub's own resources are known. */
export function readFilter(query: string, topic: SubscriptionTopic, base: string): FilterReading {
  const pairs: readonly QueryPair[] = [...new URLSearchParams(query)]
  if (pairs.length === 0) return { problem: 'Names no parameter' }
  const other = pairs.find(([name]) => !topic.filters.includes(name.split(':')[0] ?? ''))
  if (other !== undefined)
    return { problem: `This topic is filtered by ${topic.filters.join(', ')}, and nothing else` }
  return understand(pairs, topic, base)
}

function understand(
  pairs: readonly QueryPair[],
  { type }: SubscriptionTopic,
  base: string,
): FilterReading {
  const [custodians, others] = [pairs.filter(isCustodian), pairs.filter((one) => !isCustodian(one))]
  try {
    const { conditions } = parseSearch({ type, pairs: others, strict: true, base })
    if (!conditions.every(isMatchable))
      return { problem: 'A filter asks for equal values, without chains' }
    return { conditions: [...conditions, ...custodians.map((pair) => custodianIs(pair, base))] }
  } catch (error) {
    if (!isHubError(error)) throw error
    return { problem: [error.message, ...error.problems.map(({ text }) => text)].join('; ') }
  }
}

/** Every row has a custodian, whether its type has a search parameter for it or not. */
function isCustodian([name]: QueryPair): boolean {
  return name === 'custodian'
}

function custodianIs([, value]: QueryPair, base: string): Condition {
  const anyOf = value
    .split(',')
    .map((one) => one.replace(`${base}/`, '').replace('Organization/', ''))
  return { kind: 'custodian', anyOf }
}
