/**
 * From the pairs of a query string or form body to a search (R4 search, section 3.1.1). All that is
 * wrong is said at once. What the hub does not know is left out and named, or refused, as
 * `Prefer: handling` asks; an unknown modifier is refused always, since it would change the meaning.
 */
import { HubError, type Problem } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'
import { conditionOf, type ParameterText } from './parse-condition.ts'
import { holdsNationalId } from './national-id-in-query.ts'
import { findParameter } from './search-parameters.ts'
import { alternatives } from './search-text.ts'
import type { Condition, Inclusion, QueryPair, Search, SortKey } from './search.ts'

const DEFAULT_COUNT = 50
const MAX_COUNT = 500
const MAX_PAIRS = 64
const MAX_VALUES = 500

export interface SearchRequest {
  readonly type: string
  readonly pairs: readonly QueryPair[]
  /** `Prefer: handling=strict` */
  readonly strict: boolean
  /** The FHIR base, so that absolute references to the hub's own resources are known as such. */
  readonly base: string
}

/** What has been read so far; the parts of it become the search. */
interface Draft {
  readonly request: SearchRequest
  readonly conditions: Condition[]
  readonly sort: SortKey[]
  readonly include: Inclusion[]
  readonly revinclude: Inclusion[]
  readonly understood: QueryPair[]
  readonly ignored: string[]
  readonly problems: Problem[]
  count: number
  total: boolean
  countOnly: boolean
}

/** Throws `invalid` with every problem, each located by its parameter's name. */
export function parseSearch(request: SearchRequest): Search {
  const draft: Draft = {
    request,
    conditions: [],
    sort: [],
    include: [],
    revinclude: [],
    understood: [],
    ignored: [],
    problems: [],
    count: DEFAULT_COUNT,
    total: false,
    countOnly: false,
  }
  requireBounded(request.pairs)
  for (const pair of request.pairs) readPair(draft, pair)
  refuseProblems(draft)
  return finish(draft)
}

function requireBounded(pairs: readonly QueryPair[]): void {
  const values = pairs.reduce((sum, [, value]) => sum + value.split(',').length, 0)
  if (pairs.length > MAX_PAIRS || values > MAX_VALUES) {
    throw new HubError(
      'invalid',
      `A search has at most ${MAX_PAIRS} parameters and ${MAX_VALUES} values`,
    )
  }
  if (pairs.some((pair) => pair.some((text) => text.includes('\u0000')))) {
    throw new HubError('invalid', 'A search holds no character U+0000')
  }
}

function readPair(draft: Draft, pair: QueryPair): void {
  const [name, value] = pair
  if (name === '_format' || name === '_pretty') return
  const read = lookup(CONTROLS, name) ?? readCondition
  const outcome = value === '' ? 'ignored' : read(draft, value, name)
  if (outcome === 'understood') draft.understood.push(pair)
  if (outcome === 'ignored') draft.ignored.push(name)
  if (typeof outcome === 'object') draft.problems.push(outcome)
}

type Outcome = 'understood' | 'ignored' | Problem
type ReadParameter = (draft: Draft, value: string, name: string) => Outcome

const CONTROLS: Readonly<Record<string, ReadParameter>> = {
  _count(draft, value, name) {
    if (!/^\d{1,9}$/.test(value)) return { location: name, text: 'Not a whole number' }
    draft.count = Math.min(Number(value), MAX_COUNT)
    if (draft.count === 0) draft.countOnly = true
    return 'understood'
  },
  _total(draft, value, name) {
    if (!['none', 'estimate', 'accurate'].includes(value)) {
      return { location: name, text: 'One of none, estimate, accurate' }
    }
    draft.total = value !== 'none'
    return 'understood'
  },
  _summary(draft, value) {
    if (value === 'count') draft.countOnly = true
    return value === 'count' || value === 'false' ? 'understood' : 'ignored'
  },
  _sort(draft, value) {
    const keys = alternatives(value).map((key) => sortKeyOf(draft.request.type, key))
    if (keys.includes(undefined)) return 'ignored'
    draft.sort.push(...keys.filter((key) => key !== undefined))
    return 'understood'
  },
  _include(draft, value) {
    const inclusion = inclusionOf(value)
    if (inclusion?.type !== draft.request.type) return 'ignored'
    draft.include.push(inclusion)
    return 'understood'
  },
  _revinclude(draft, value) {
    const inclusion = inclusionOf(value)
    if (inclusion?.targets.includes(draft.request.type) !== true) return 'ignored'
    draft.revinclude.push(inclusion)
    return 'understood'
  },
}

function readCondition(draft: Draft, value: string, name: string): Outcome {
  const { type, base } = draft.request
  const condition = conditionOf(splitName(name), { type, value, base })
  if (condition === undefined) return 'ignored'
  if (typeof condition === 'string') return { location: name, text: condition }
  draft.conditions.push(condition)
  return 'understood'
}

/** `code:modifier` or `code.chained`, with the type a chain may name dropped where it is Patient. */
function splitName(name: string): ParameterText {
  const [head = '', ...chain] = name.replace(':Patient.', '.').split('.')
  const [code = '', ...modifier] = head.split(':')
  return {
    code,
    modifier: modifier.length === 0 ? undefined : modifier.join(':'),
    chain: chain.length === 0 ? undefined : chain.join('.'),
  }
}

function sortKeyOf(type: string, text: string): SortKey | undefined {
  const descending = text.startsWith('-')
  const code = descending ? text.slice(1) : text
  if (code === '_id') return { by: { in: 'id' }, descending }
  if (code === '_lastUpdated') return { by: { in: 'last-updated' }, descending }
  const parameter = findParameter(type, code)
  if (parameter?.kind !== 'date') return undefined
  return {
    by: parameter.primary ? { in: 'clinical-date' } : { in: 'strings', code: parameter.code },
    descending,
  }
}

function inclusionOf(text: string): Inclusion | undefined {
  const [type = '', code = '', target, ...more] = text.split(':')
  const parameter = findParameter(type, code)
  if (parameter?.kind !== 'reference' || more.length > 0) return undefined
  const targets = parameter.targets.filter((one) => target === undefined || target === one)
  return { type, code: parameter.code, targets }
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
  const { request, problems: _none, ...search } = draft
  return {
    ...search,
    type: request.type,
    confidential: request.pairs.some(holdsNationalId),
  }
}
