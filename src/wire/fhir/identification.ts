/**
 * A search that names one person and asks for nothing else (access.md section 1, `identify`): an exact
 * national id, or family name, given name and birth date. A custodian's own id is none: that it is known
 * says who has examined the person.
 */
import { foldText } from '../../domain/identity/fold-text.ts'
import { isNationalSystem } from '../../domain/identity/national-id.ts'
import { parseDateInterval, type DateInterval } from './date-interval.ts'
import { wholeNameKey } from './search-keys.ts'
import { alternatives, parseToken, unescape } from './search-text.ts'
import type { QueryPair } from './search.ts'

export type Identification =
  | {
      readonly by: 'national-id'
      readonly identifier: { readonly system: string; readonly value: string }
    }
  /** Keys of a Patient row that must all be there: whole names, whatever their spelling. */
  | { readonly by: 'name'; readonly names: readonly string[]; readonly born: DateInterval }

/** Says nothing about the search: these only shape its answer. */
const CONTROLS = new Set(['_count', '_format', '_pretty'])

/** Undefined for anything broader: an open list of values, part of a name, a year, or one condition more. */
export function identificationOf(pairs: readonly QueryPair[]): Identification | undefined {
  const asked = pairs.filter(([name]) => !CONTROLS.has(name))
  const values = new Map(asked)
  if (values.size < asked.length) return undefined
  const names = [...values.keys()].toSorted().join()
  if (names === 'identifier') return byIdentifier(values.get('identifier') ?? '')
  return names === 'birthdate,family,given' ? byName(values) : undefined
}

function byIdentifier(text: string): Identification | undefined {
  const [only = '', ...more] = alternatives(text)
  const { system = '', value = '' } = parseToken(only)
  if (more.length > 0 || !isNationalSystem(system) || value === '') return undefined
  return { by: 'national-id', identifier: { system, value } }
}

function byName(values: ReadonlyMap<string, string>): Identification | undefined {
  const [family, given, birthdate] = ['family', 'given', 'birthdate'].map((name) =>
    onlyValue(values.get(name) ?? ''),
  )
  const born = /^\d{4}-\d{2}-\d{2}$/.test(birthdate ?? '') && parseDateInterval(birthdate ?? '')
  if (family === undefined || given === undefined || !born) return undefined
  // Given names are kept one by one.
  const all = [['family', family], ...given.split(/\s+/).map((one) => ['given', one])] as const
  const names = all.map(([code = '', text = '']) => wholeNameKey(code, text))
  return { by: 'name', names, born }
}

/** Undefined for a list, and for what is nothing once folded: it would match everybody. */
function onlyValue(text: string): string | undefined {
  const [only, ...more] = alternatives(text).map((one) => unescape(one).trim())
  if (only === undefined || more.length > 0) return undefined
  return only.split(/\s+/).some((part) => foldText(part) === '') ? undefined : only
}
