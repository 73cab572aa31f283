/** QIDO-RS query parameters to a question for the index (PS3.18 sections 8.3.4 and 10.6.1.2). */
import type { MatchTest, QueryLevel, QueryMatch } from '../../domain/imaging/study-query.ts'
import { isUid } from '../../domain/imaging/uid.ts'
import { HubError } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'
import { tagOfAttribute } from './keywords.ts'
import { QIDO_ATTRIBUTES, type QidoAttribute } from './qido-attributes.ts'

export interface QidoQuery {
  readonly matches: readonly QueryMatch[]
  /** Tags, or every attribute the index has. */
  readonly include: ReadonlySet<string> | 'all'
  readonly limit: number
  readonly offset: number
  /** Asked for and not done. */
  readonly fuzzyMatching: boolean
}

export interface QidoLimits {
  readonly defaultLimit: number
  readonly maxLimit: number
}

const CONTROLS = new Set(['includefield', 'fuzzymatching', 'limit', 'offset', 'accept', 'charset'])
const LEVELS: readonly QueryLevel[] = ['study', 'series', 'instance']
const MAX_OFFSET = 1_000_000

/** Throws `invalid`, naming the parameter. */
export function parseQidoQuery(
  parameters: URLSearchParams,
  level: QueryLevel,
  limits: QidoLimits,
): QidoQuery {
  const seen = new Set<string>()
  const matches: QueryMatch[] = []
  for (const [name, value] of parameters) {
    if (CONTROLS.has(name)) continue
    const tag = pathOf(name)
    if (seen.has(tag)) throw refused(name, 'is given twice')
    if (/\p{Cc}/u.test(value)) throw refused(name, 'holds control characters')
    seen.add(tag)
    const match = parseMatch(name, { tag, value, level })
    if (match !== undefined) matches.push(match)
  }
  const limit = parseCount(parameters, 'limit') ?? limits.defaultLimit
  return {
    matches,
    include: parseInclude(parameters.getAll('includefield')),
    limit: Math.min(limit, limits.maxLimit),
    offset: parseCount(parameters, 'offset') ?? 0,
    fuzzyMatching: parseFlag(parameters, 'fuzzymatching'),
  }
}

/** `PatientID`, `00100020` or `RequestAttributesSequence.RequestedProcedureID`. */
function pathOf(name: string): string {
  const tags = name.split('.').map(tagOfAttribute)
  if (tags.includes(undefined)) throw refused(name, 'is not an attribute of PS3.6')
  return tags.join('.')
}

interface Parameter {
  readonly tag: string
  readonly value: string
  readonly level: QueryLevel
}

/** Undefined for an empty value: universal matching (PS3.4 section C.2.2.2.3). */
function parseMatch(name: string, { tag, value, level }: Parameter): QueryMatch | undefined {
  const attribute = lookup(QIDO_ATTRIBUTES, tag)
  if (attribute === undefined) throw refused(name, 'is not one this service matches on')
  if (LEVELS.indexOf(attribute.level) > LEVELS.indexOf(level))
    throw refused(name, `is not an attribute of a ${level}`)
  if (value === '' || value === '*') return undefined
  return { level: attribute.level, tag, vr: attribute.vr, test: parseTest(name, value, attribute) }
}

function parseTest(name: string, value: string, { vr }: QidoAttribute): MatchTest {
  switch (vr) {
    case 'UI':
      return { kind: 'any-of', values: parseUids(name, value) }
    case 'DA':
      return parseRange(name, value, DATE)
    case 'TM':
      return parseRange(name, value, TIME)
    case 'IS':
      if (!/^-?\d{1,12}$/.test(value)) throw refused(name, 'is not a whole number')
      return { kind: 'any-of', values: [String(Number(value))] }
    default:
      return parseText(value, vr)
  }
}

/** A name is matched without regard to case (PS3.4 section C.2.2.2.1). */
function parseText(value: string, vr: string): MatchTest {
  if (vr === 'PN' || /[*?]/.test(value))
    return { kind: 'wildcard', pattern: value, ignoreCase: vr === 'PN' }
  return { kind: 'any-of', values: [value] }
}

/** Comma by PS3.18 section 8.3.4.2, backslash by habit of some clients. */
function parseUids(name: string, value: string): readonly string[] {
  const uids = value.split(/[,\\]/)
  if (!uids.every(isUid)) throw refused(name, 'is not a list of UIDs')
  return uids
}

interface Moment {
  readonly pattern: RegExp
  readonly name: string
  /** Text that follows every value which begins with a bound of less precision. */
  readonly last: string
}

const DATE: Moment = { pattern: /^\d{8}$/, name: 'a date, YYYYMMDD', last: '' }
const TIME: Moment = {
  pattern: /^\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?$/,
  name: 'a time, HHMMSS.FFFFFF',
  last: '~',
}

function parseRange(name: string, value: string, moment: Moment): MatchTest {
  const [first = '', second, ...more] = value.split('-')
  const bounds = [first, second ?? first].filter((bound) => bound !== '')
  if (more.length > 0 || bounds.length === 0 || !bounds.every((one) => moment.pattern.test(one)))
    throw refused(name, `is neither ${moment.name}, nor a range of such`)
  const until = second ?? first
  return {
    kind: 'range',
    from: first === '' ? undefined : first,
    until: until === '' ? undefined : until + moment.last,
  }
}

function parseInclude(values: readonly string[]): ReadonlySet<string> | 'all' {
  const names = values.flatMap((value) => value.split(','))
  if (!names.includes('all')) return new Set(names.map(pathOf))
  if (names.length > 1) throw refused('includefield', 'names all, and others beside it')
  return 'all'
}

function parseCount(parameters: URLSearchParams, name: string): number | undefined {
  const value = onlyOne(parameters, name)
  if (value === undefined) return undefined
  if (!/^\d{1,9}$/.test(value) || Number(value) > MAX_OFFSET)
    throw refused(name, `is not a whole number from 0 to ${MAX_OFFSET}`)
  return Number(value)
}

function parseFlag(parameters: URLSearchParams, name: string): boolean {
  const value = onlyOne(parameters, name) ?? 'false'
  if (value !== 'true' && value !== 'false') throw refused(name, 'is neither true nor false')
  return value === 'true'
}

function onlyOne(parameters: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = parameters.getAll(name)
  if (more.length > 0) throw refused(name, 'is given twice')
  return value
}

/** The name is cut short and the value never told: either may hold what must not be repeated. */
function refused(name: string, text: string): HubError {
  const location = /^[A-Za-z0-9.]{1,64}$/.test(name) ? name : 'query'
  return new HubError('invalid', `Query parameter ${location} ${text}`, {
    problems: [{ location, text }],
  })
}
