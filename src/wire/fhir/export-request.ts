/** What a bulk export is asked for (Bulk Data Access 2.0, "Query Parameters"). */
import { maskElevenDigits } from '../../domain/identity/suspect-national-id.ts'
import { HubError, isHubError, type Problem } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'
import { parseDateInterval } from './date-interval.ts'
import { maskQuery } from './national-id-in-query.ts'
import { parseSearch } from './parse-search.ts'
import type { QueryPair } from './search.ts'

/** A search of one type; several of one type are alternatives. */
export interface TypeFilter {
  readonly type: string
  readonly pairs: readonly QueryPair[]
}

export interface ExportQuestion {
  /** Empty: every type there is. */
  readonly types: readonly string[]
  readonly filters: readonly TypeFilter[]
  /** What changed after it, and what was deleted. */
  readonly since?: Date | undefined
  /** `element` or `Type.element`; empty: whole resources. */
  readonly elements: readonly string[]
  /** Ids of the patients to keep to; empty: all of the level's. */
  readonly patients: readonly string[]
  /** Names of the parameters that did not take effect. */
  readonly ignored: readonly string[]
}

export interface ExportAsked {
  /** By name, in the order they were sent. */
  readonly pairs: readonly QueryPair[]
  /** `Prefer: handling=lenient`: without it, what is not known is refused. */
  readonly lenient: boolean
  /** Whether persons may be named: by POST, at the levels of patients. */
  readonly takesPatients: boolean
  readonly isExported: (type: string) => boolean
  /** The FHIR base address. */
  readonly base: string
}

interface Draft {
  readonly asked: ExportAsked
  readonly types: string[]
  readonly filters: TypeFilter[]
  readonly elements: string[]
  readonly patients: string[]
  readonly ignored: string[]
  readonly problems: Problem[]
  since?: Date
}

const MAX_PAIRS = 2_000
const MAX_LENGTH = 64 * 1024
const MAX_FILTERS = 50

/** Throws `invalid` with every problem, each located by its parameter's name. */
export function readExportRequest(asked: ExportAsked): ExportQuestion {
  requireBounded(asked.pairs)
  const draft: Draft = {
    asked,
    types: [],
    filters: [],
    elements: [],
    patients: [],
    ignored: [],
    problems: [],
  }
  for (const [name, value] of asked.pairs) (lookup(PARAMETERS, name) ?? unknown(name))(draft, value)
  settle(draft)
  const { problems, asked: _asked, ...question } = draft
  if (problems.length > 0)
    throw new HubError('invalid', 'The export could not be understood', { problems })
  return { ...question, types: [...new Set(question.types)] }
}

function requireBounded(pairs: readonly QueryPair[]): void {
  const length = pairs.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (pairs.length > MAX_PAIRS || length > MAX_LENGTH)
    throw new HubError('too-large', `An export is asked for in ${MAX_LENGTH} characters at most`)
  if (pairs.some((pair) => pair.some((text) => text.includes('\u0000') || !text.isWellFormed())))
    throw new HubError('invalid', 'Parameters hold whole characters, and none of them is U+0000')
}

type Read = (draft: Draft, value: string) => void

const FORMATS: ReadonlySet<string> = new Set([
  'application/fhir+ndjson',
  'application/ndjson',
  'ndjson',
])

const PARAMETERS: Readonly<Record<string, Read>> = {
  _outputFormat(draft, value) {
    // A plus sign in a query string arrives as a space.
    if (!FORMATS.has(value.replace(' ', '+')))
      complain(draft, '_outputFormat', 'Only application/fhir+ndjson')
  },
  _since(draft, value) {
    const interval = value.includes('T') ? parseDateInterval(value) : undefined
    if (interval === undefined) complain(draft, '_since', 'Not an instant')
    else draft.since = interval.from
  },
  _type(draft, value) {
    for (const type of listed(value)) {
      if (draft.asked.isExported(type)) draft.types.push(type)
      else leaveOut(draft, '_type', `${quoted(type)} is not exported here`)
    }
  },
  _typeFilter(draft, value) {
    for (const one of filtersIn(value)) readFilter(draft, one)
  },
  _elements(draft, value) {
    const elements = listed(value)
    const isNamed = (one: string): boolean =>
      /^(?:[A-Z][A-Za-z]{0,63}\.)?[a-z][A-Za-z\d]{0,63}$/.test(one)
    if (elements.every(isNamed)) draft.elements.push(...elements)
    else complain(draft, '_elements', 'Not names of elements')
  },
  patient(draft, value) {
    const { takesPatients, base } = draft.asked
    const reference = value.startsWith(`${base}/`) ? value.slice(base.length + 1) : value
    const id = /^Patient\/([A-Za-z0-9.-]{1,64})$/.exec(reference)?.[1]
    if (!takesPatients)
      complain(draft, 'patient', 'Persons are named by POST, and of Patient and Group')
    else if (id === undefined) complain(draft, 'patient', 'Not a reference to a Patient')
    else draft.patients.push(id)
  },
  _format: () => undefined,
  _pretty: () => undefined,
}

function unknown(name: string): Read {
  return (draft) => {
    leaveOut(draft, maskElevenDigits(name).slice(0, 64), 'Is no parameter of an export here')
  }
}

/** Commas part filters where a type follows; others are within a value. */
function filtersIn(value: string): readonly string[] {
  return value.split(/,(?=[A-Z][A-Za-z]+\?)/)
}

function readFilter(draft: Draft, text: string): void {
  const { lenient, base, isExported } = draft.asked
  const [type, query] = splitOnce(text, '?')
  const pairs = [...new URLSearchParams(query ?? '')]
  if (query === undefined || pairs.length === 0)
    complain(draft, '_typeFilter', 'Is to be Type?parameter=value')
  else if (!isExported(type)) leaveOut(draft, '_typeFilter', `${quoted(type)} is not exported here`)
  else if (pairs.some(([name]) => isControl(name)))
    complain(draft, '_typeFilter', 'A filter has conditions alone: no sorting, paging or inclusion')
  else
    try {
      const { understood, ignored } = parseSearch({ type, pairs, strict: !lenient, base })
      draft.ignored.push(...ignored.map((name) => `_typeFilter=${type}?${name}`))
      draft.filters.push({ type, pairs: understood })
    } catch (error) {
      if (!isHubError(error)) throw error
      const found =
        error.problems.length > 0 ? error.problems : [{ location: '', text: error.message }]
      for (const { location, text: problem } of found)
        draft.problems.push({ location: `_typeFilter=${type}?${location}`, text: problem })
    }
  if (draft.filters.length > MAX_FILTERS)
    throw new HubError('invalid', `An export has at most ${MAX_FILTERS} filters`)
}

function splitOnce(text: string, mark: string): readonly [string, string?] {
  const at = text.indexOf(mark)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function isControl(name: string): boolean {
  return /^_(?:sort|count|total|summary|elements|include|revinclude|contained|page|format)/.test(
    name,
  )
}

/** What was left out must not widen the rest: an export of no known type is none of everything. */
function settle(draft: Draft): void {
  const { asked, types, filters } = draft
  const names = new Set(asked.pairs.map(([name]) => name))
  if (names.has('_type') && types.length === 0 && draft.problems.length === 0)
    complain(draft, '_type', 'None of these types is exported here')
  if (types.length === 0) return
  for (const { type } of filters)
    if (!types.includes(type)) leaveOut(draft, '_typeFilter', `_type does not have ${type}`)
}

function listed(value: string): readonly string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

function leaveOut(draft: Draft, location: string, text: string): void {
  if (draft.asked.lenient) draft.ignored.push(location)
  else complain(draft, location, text)
}

function complain({ problems }: Draft, location: string, text: string): void {
  problems.push({ location, text })
}

function quoted(type: string): string {
  return /^[A-Za-z]{1,64}$/.test(type) ? type : 'What is named'
}

/** The parameters as the log may show them. */
export function maskExport(pairs: readonly QueryPair[]): string {
  return pairs
    .map(([name, value]) => {
      if (name !== '_typeFilter') return maskQuery([[name, value]])
      const masked = filtersIn(value).map((one) => {
        const [type, query] = splitOnce(one, '?')
        return query === undefined
          ? maskElevenDigits(type)
          : `${type}?${maskQuery([...new URLSearchParams(query)])}`
      })
      return `${name}=${masked.join(',')}`
    })
    .join('&')
}

/** The pairs of a request, those within filters among them: what may name a person. */
export function innerPairs(pairs: readonly QueryPair[]): readonly QueryPair[] {
  return pairs.flatMap(([name, value]) =>
    name === '_typeFilter'
      ? value.split(/[?&,](?=[A-Za-z_])/).flatMap((part) => [...new URLSearchParams(part)])
      : [[name, value] as const],
  )
}
