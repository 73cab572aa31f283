/** The parameters of a history request (R4 http, section 3.1.0.10). */
import { HubError, type Problem } from '../../kernel/errors.ts'
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

/** Throws `invalid` with every problem; what is not known is a problem where handling is strict. */
export function readHistoryQuery(pairs: readonly QueryPair[], strict: boolean): HistoryQuery {
  const problems: Problem[] = []
  const understood: QueryPair[] = []
  let [since, at, count]: [Date | undefined, DateInterval | undefined, number] = [
    undefined,
    undefined,
    DEFAULT_COUNT,
  ]
  for (const pair of pairs) {
    const [name, value] = pair
    const interval = parseDateInterval(value)
    if (name === '_since' && interval !== undefined && value.includes('T')) since = interval.from
    else if (name === '_at' && interval !== undefined) at = interval
    else if (name === '_count' && /^\d{1,9}$/.test(value))
      count = Math.min(Number(value), MAX_COUNT)
    else if (name in FORMS) problems.push({ location: name, text: FORMS[name] ?? '' })
    else if (strict && name !== '_format' && name !== '_pretty')
      problems.push({ location: name, text: 'Not a parameter of a history' })
    else continue
    understood.push(pair)
  }
  if (problems.length > 0)
    throw new HubError('invalid', 'The history request could not be understood', { problems })
  return { since, at, count, understood }
}

const FORMS: Readonly<Record<string, string>> = {
  _since: 'Not an instant',
  _at: 'Not a date, dateTime or instant',
  _count: 'Not a whole number',
}
