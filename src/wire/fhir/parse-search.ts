/**
 * From the pairs of a query string or form body to a search (R4 search, section 3.1.1). All that is
 * wrong is said at once. What the hub does not know is left out and named, or refused, as
 * `Prefer: handling` asks; an unknown modifier is refused always, since it would change the meaning.
 */
import { maskElevenDigits } from '../../domain/identity/suspect-national-id.ts'
import { HubError, type Problem } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'
import { holdsNationalId } from './national-id-in-query.ts'
import { readParameter } from './parse-condition.ts'
import { backwardInclusions, forwardInclusions, sortKeyOf } from './parse-inclusion.ts'
import { UNKNOWN_MODIFIER, type EnumerateValueSet } from './parse-name.ts'
import { MAX_DEPTH, MAX_LINKS } from './parse-reference.ts'
import { alternatives } from './search-text.ts'
import type { Condition, Inclusion, QueryPair, Search, SortKey, Summary } from './search.ts'

const DEFAULT_COUNT = 50
const MAX_COUNT = 500
const MAX_PAIRS = 64
const MAX_VALUES = 500
const MAX_NAME = 256
const MAX_VALUE = 2048
const MAX_SORT_KEYS = 8
const MAX_INCLUSIONS = 300

export interface SearchRequest {
  readonly type: string
  readonly pairs: readonly QueryPair[]
  /** `Prefer: handling=strict` */
  readonly strict: boolean
  /** The FHIR base, so that absolute references to the hub's own resources are known as such. */
  readonly base: string
  /** For `:in` and `:not-in`; without it no value set can be asked by. */
  readonly enumerate?: EnumerateValueSet | undefined
}

/** What has been read so far; the parts of it become the search. */
interface Draft {
  readonly request: SearchRequest
  readonly budget: { links: number }
  readonly conditions: Condition[]
  readonly sort: SortKey[]
  readonly include: Inclusion[]
  readonly revinclude: Inclusion[]
  readonly understood: QueryPair[]
  readonly ignored: string[]
  readonly problems: Problem[]
  count: number
  total: Search['total']
  countOnly: boolean
  summary?: Summary
  elements?: readonly string[]
}

/** Throws `invalid` with every problem, each located by its parameter's name. */
export function parseSearch(request: SearchRequest): Search {
  requireBounded(request.pairs)
  const draft: Draft = {
    request,
    budget: { links: MAX_LINKS },
    conditions: [],
    sort: [],
    include: [],
    revinclude: [],
    understood: [],
    ignored: [],
    problems: [],
    count: DEFAULT_COUNT,
    total: 'none',
    countOnly: false,
  }
  for (const pair of request.pairs) readPair(draft, pair)
  refuseProblems(draft)
  return finish(draft)
}

function requireBounded(pairs: readonly QueryPair[]): void {
  const values = pairs.flatMap(([, value]) => value.split(','))
  const isLong =
    pairs.some(([name]) => name.length > MAX_NAME) || values.some((one) => one.length > MAX_VALUE)
  if (pairs.length > MAX_PAIRS || values.length > MAX_VALUES || isLong) {
    throw new HubError(
      'invalid',
      `A search has at most ${MAX_PAIRS} parameters and ${MAX_VALUES} values; a name has at most ${MAX_NAME} ` +
        `characters and a value ${MAX_VALUE}`,
    )
  }
  if (pairs.some((pair) => pair.some((text) => text.includes('\u0000') || !text.isWellFormed()))) {
    throw new HubError('invalid', 'A search holds whole characters, and none of them is U+0000')
  }
}

function readPair(draft: Draft, pair: QueryPair): void {
  const [name, value] = pair
  if (name === '_format' || name === '_pretty') return
  const [control = ''] = name.split(':')
  const location = maskElevenDigits(name)
  const read = lookup(CONTROLS, control) ?? readCondition
  const outcome = value === '' ? 'ignored' : read(draft, value, name)
  if (outcome === 'understood') draft.understood.push(pair)
  else if (outcome === 'ignored') draft.ignored.push(location)
  else draft.problems.push({ location, text: outcome.problem })
}

type Outcome = 'understood' | 'ignored' | { readonly problem: string }
type ReadControl = (draft: Draft, value: string, name: string) => Outcome

const TOTALS: readonly Search['total'][] = ['none', 'estimate', 'accurate']
const SUMMARIES: readonly Summary[] = ['true', 'text', 'data', 'count', 'false']

const CONTROLS: Readonly<Record<string, ReadControl>> = {
  _count: unmodified((draft, value) => {
    if (!/^\d{1,9}$/.test(value)) return { problem: 'Not a whole number' }
    draft.count = Math.min(Number(value), MAX_COUNT)
    if (draft.count === 0) draft.countOnly = true
    return 'understood'
  }),
  _total: unmodified((draft, value) => {
    const total = TOTALS.find((one) => one === value)
    if (total === undefined) return { problem: `One of ${TOTALS.join(', ')}` }
    draft.total = total
    return 'understood'
  }),
  _summary: unmodified((draft, value) => {
    const summary = SUMMARIES.find((one) => one === value)
    if (summary === undefined) return { problem: `One of ${SUMMARIES.join(', ')}` }
    draft.summary = summary
    if (summary === 'count') draft.countOnly = true
    return 'understood'
  }),
  _elements: unmodified((draft, value) => {
    const elements = alternatives(value)
    if (!elements.every((one) => /^[A-Za-z][A-Za-z\d]{0,63}$/.test(one)))
      return { problem: 'Not names of elements' }
    draft.elements = [...(draft.elements ?? []), ...elements]
    return 'understood'
  }),
  _sort: unmodified((draft, value) => {
    const keys = alternatives(value).map((key) => sortKeyOf(draft.request.type, key))
    if (keys.length === 0 || keys.includes(undefined)) return 'ignored'
    draft.sort.push(...keys.filter((key) => key !== undefined))
    return draft.sort.length > MAX_SORT_KEYS
      ? { problem: `At most ${MAX_SORT_KEYS} keys` }
      : 'understood'
  }),
  _include: inclusion('include', forwardInclusions),
  _revinclude: inclusion('revinclude', backwardInclusions),
}

/** These take no modifier. */
function unmodified(read: ReadControl): ReadControl {
  return (draft, value, name) =>
    name.includes(':') ? { problem: UNKNOWN_MODIFIER } : read(draft, value, name)
}

function inclusion(list: 'include' | 'revinclude', read: typeof forwardInclusions): ReadControl {
  return (draft, text, name) => {
    const [, modifier, ...more] = name.split(':')
    if ((modifier ?? 'iterate') !== 'iterate' || more.length > 0)
      return { problem: UNKNOWN_MODIFIER }
    const { type } = draft.request
    const inclusions = read({ text, type, iterate: modifier === 'iterate' })
    // Of all references of a type that has none, there is nothing to include.
    const isAll = text === '*' || text === `${type}:*`
    if (inclusions.length === 0) return isAll ? 'understood' : 'ignored'
    draft[list].push(...inclusions)
    const all = draft.include.length + draft.revinclude.length
    return all > MAX_INCLUSIONS
      ? { problem: 'Too many inclusions: name them one by one' }
      : 'understood'
  }
}

function readCondition(
  { request, budget, conditions }: Draft,
  value: string,
  name: string,
): Outcome {
  const { type, base, enumerate = () => undefined } = request
  const understood = readParameter(name, value, { type, base, depth: MAX_DEPTH, budget, enumerate })
  if (understood === undefined) return 'ignored'
  if (typeof understood === 'string') return { problem: understood }
  conditions.push(...understood)
  return 'understood'
}

function refuseProblems({ request, problems, ignored }: Draft): void {
  const all = [
    ...problems,
    ...(request.strict
      ? ignored.map((name) => ({ location: name, text: 'Not supported on this type' }))
      : []),
  ]
  if (all.length === 0) return
  throw new HubError('invalid', 'The search could not be understood', { problems: all })
}

function finish(draft: Draft): Search {
  const { request, problems: _problems, budget: _budget, ...search } = draft
  return {
    ...search,
    type: request.type,
    confidential: request.pairs.some(holdsNationalId),
  }
}
