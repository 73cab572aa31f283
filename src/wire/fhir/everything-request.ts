/** What `$everything` of a Patient is asked for (R4 operation-patient-everything). */
import { maskElevenDigits } from '../../domain/identity/suspect-national-id.ts'
import { HubError, type Problem } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'
import { parseDateInterval, type DateInterval } from './date-interval.ts'
import type { QueryPair } from './search.ts'

export interface EverythingQuestion {
  /** Empty: every type there is. */
  readonly types: readonly string[]
  /** Dates of care, both included. */
  readonly start?: DateInterval | undefined
  readonly end?: DateInterval | undefined
  /** What changed after it. */
  readonly since?: DateInterval | undefined
  /** Resources on a page. */
  readonly count: number
  /** The parameters that took effect, as sent. */
  readonly understood: readonly QueryPair[]
  readonly ignored: readonly string[]
}

export interface EverythingAsked {
  readonly pairs: readonly QueryPair[]
  /** `Prefer: handling=strict` */
  readonly strict: boolean
  readonly isIncluded: (type: string) => boolean
}

const DEFAULT_COUNT = 100
const MAX_COUNT = 500
const MAX_PAIRS = 64

interface Draft {
  readonly asked: EverythingAsked
  readonly types: string[]
  readonly ignored: string[]
  start?: DateInterval | undefined
  end?: DateInterval | undefined
  since?: DateInterval | undefined
  count: number
}

/** Sets what the value says. Returns what is wrong with it, or `IGNORED`. */
type Read = (draft: Draft, value: string) => string | undefined

const IGNORED = 'ignored'

const PARAMETERS: Readonly<Record<string, Read>> = {
  start(draft, value) {
    draft.start = parseDateInterval(value)
    return draft.start === undefined ? 'Not a date' : undefined
  },
  end(draft, value) {
    draft.end = parseDateInterval(value)
    return draft.end === undefined ? 'Not a date' : undefined
  },
  _since(draft, value) {
    draft.since = value.includes('T') ? parseDateInterval(value) : undefined
    return draft.since === undefined ? 'Not an instant' : undefined
  },
  _count(draft, value) {
    if (!/^[1-9]\d{0,8}$/.test(value)) return 'Not a number of resources'
    draft.count = Math.min(Number(value), MAX_COUNT)
    return undefined
  },
  _type(draft, value) {
    const types = value.split(',').map((one) => one.trim())
    const known = types.filter((type) => draft.asked.isIncluded(type))
    draft.types.push(...known)
    return known.length === types.length ? undefined : IGNORED
  },
  _format: () => undefined,
  _pretty: () => undefined,
}

/** Throws `invalid` with every problem; what is not known is one where handling is strict. */
export function readEverythingRequest(asked: EverythingAsked): EverythingQuestion {
  const { pairs, strict } = asked
  if (pairs.length > MAX_PAIRS) throw new HubError('invalid', 'Too many parameters')
  const draft: Draft = { asked, types: [], ignored: [], count: DEFAULT_COUNT }
  const problems: Problem[] = []
  const understood: QueryPair[] = []
  for (const [name, value] of pairs) {
    const location = maskElevenDigits(name).slice(0, 64)
    const outcome = (lookup(PARAMETERS, name) ?? (() => IGNORED))(draft, value)
    if (outcome === undefined) understood.push([name, value])
    else if (outcome !== IGNORED) problems.push({ location, text: outcome })
    else if (strict) problems.push({ location, text: 'Not supported by this operation' })
    else draft.ignored.push(location)
  }
  const isAsked = pairs.some(([name]) => name === '_type')
  if (isAsked && draft.types.length === 0 && problems.length === 0)
    problems.push({ location: '_type', text: 'None of these types is a patient’s' })
  if (problems.length > 0)
    throw new HubError('invalid', 'The parameters could not be understood', { problems })
  const { asked: _asked, ...question } = draft
  return { ...question, types: [...new Set(question.types)], understood }
}
