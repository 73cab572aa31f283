/** The parameters of a history request (R4 http, section 3.1.0.10). */
import { HubError, type Problem } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'
import { parseDateInterval, type DateInterval } from './date-interval.ts'
import type { QueryPair } from './search.ts'

export interface HistoryQuery {
  readonly since?: Date | undefined
  readonly at?: DateInterval | undefined
  readonly count: number
  /** The parameters that took effect, as sent. */
  readonly understood: readonly QueryPair[]
}

const DEFAULT_COUNT = 50
const MAX_COUNT = 500

type Draft = { -readonly [Name in 'since' | 'at' | 'count']: HistoryQuery[Name] }

/** Sets what the value says; what is wrong with it, where it says nothing. */
type Read = (draft: Draft, value: string) => string | undefined

const PARAMETERS: Readonly<Record<string, Read>> = {
  _since(draft, value) {
    const interval = value.includes('T') ? parseDateInterval(value) : undefined
    if (interval === undefined) return 'Not an instant'
    draft.since = interval.from
    return undefined
  },
  _at(draft, value) {
    draft.at = parseDateInterval(value)
    return draft.at === undefined ? 'Not a date, dateTime or instant' : undefined
  },
  _count(draft, value) {
    if (!/^\d{1,9}$/.test(value)) return 'Not a whole number'
    draft.count = Math.min(Number(value), MAX_COUNT)
    return undefined
  },
  _format: () => undefined,
  _pretty: () => undefined,
}

/** Throws `invalid` with every problem; what is not known is a problem where handling is strict. */
export function readHistoryQuery(pairs: readonly QueryPair[], strict: boolean): HistoryQuery {
  const draft: Draft = { since: undefined, at: undefined, count: DEFAULT_COUNT }
  const problems: Problem[] = []
  const understood: QueryPair[] = []
  for (const pair of pairs) {
    const [location, value] = pair
    const read = lookup(PARAMETERS, location)
    const text = read === undefined ? 'Not a parameter of a history' : read(draft, value)
    if (text === undefined) understood.push(pair)
    else if (strict || read !== undefined) problems.push({ location, text })
  }
  if (problems.length > 0)
    throw new HubError('invalid', 'The history request could not be understood', { problems })
  return { ...draft, understood }
}
