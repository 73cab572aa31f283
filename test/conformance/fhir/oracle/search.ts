/** What R4 says a search answers: conditions, chains both ways, and what comes along. */
import { LINKED_TYPES, parameterOf, parametersOf, type Parameter } from './definitions.ts'
import { isPatientColumn, matchesRow } from './match.ts'
import { nameOf, targetsOf, type Row, type View } from './world.ts'

export type Pair = readonly [name: string, value: string]

/** Rows of the type for which every pair holds; `_sort`, `_include` and the like are not pairs of these. */
export function findRows(view: View, type: string, pairs: readonly Pair[]): readonly Row[] {
  return (view.rows.get(type) ?? []).filter((row) =>
    pairs.every(([name, value]) => holds(view, row, name, value)),
  )
}

function holds(view: View, row: Row, name: string, value: string): boolean {
  if (name.startsWith('_has:')) return isReferredTo(view, row, name, value)
  const [head = '', ...chain] = name.split('.')
  const [code = '', modifier] = head.split(':')
  const parameter = parameterOf(row.type, code)
  if (parameter === undefined) throw new Error(`${row.type} has no ${code}`)
  if (chain.length === 0) return matchesRow(row, { parameter, modifier, value }, view)
  const rest = chain.join('.')
  const seen = rest === 'identifier' && isPatientColumn(row.type, code) ? withPersons(view) : view
  return linked(seen, row, parameter, modifier).some((target) => {
    return hasParameter(target.type, rest) && holds(view, target, rest, value)
  })
}

function withPersons(view: View): View {
  const row = (type: string, id: string): Row | undefined =>
    type === 'Patient' ? view.person(id) : view.row(type, id)
  return { ...view, row }
}

/** A chain over several types follows those that have the parameter it goes on to. */
function hasParameter(type: string, name: string): boolean {
  return name.startsWith('_has:') || parameterOf(type, name.split(/[.:]/)[0] ?? '') !== undefined
}

function linked(
  view: View,
  row: Row,
  parameter: Parameter,
  only: string | undefined,
): readonly Row[] {
  return targetsOf(row, parameter.code, view.base).flatMap((name) => {
    const [type = '', id = ''] = name.split('/')
    const isMeant =
      parameter.target?.includes(type) === true && (only === undefined || only === type)
    const target = isMeant && LINKED_TYPES.includes(type) ? view.row(type, id) : undefined
    return target === undefined ? [] : [target]
  })
}

function isReferredTo(view: View, row: Row, name: string, value: string): boolean {
  const [, source = '', code = '', ...rest] = name.split(':')
  const own = nameOf(row)
  return (view.rows.get(source) ?? []).some(
    (other) =>
      targetsOf(other, code, view.base).includes(own) && holds(view, other, rest.join(':'), value),
  )
}

export interface Inclusion {
  /** `Type:parameter[:Target]`, `Type:*` or `*` */
  readonly text: string
  readonly reverse: boolean
  readonly iterate: boolean
}

/** Names of what comes along with the matches. */
export function included(
  view: View,
  matches: readonly Row[],
  inclusions: readonly Inclusion[],
): ReadonlySet<string> {
  const known = new Set(matches.map(nameOf))
  const along = new Set<string>()
  let fresh = matches
  for (let round = 0; fresh.length > 0; round++) {
    const next = inclusions
      .filter(({ iterate }) => iterate || round === 0)
      .flatMap((one) => fresh.flatMap((row) => alongWith(view, row, one)))
      .filter((row) => !known.has(nameOf(row)))
    for (const row of next) {
      known.add(nameOf(row))
      along.add(nameOf(row))
    }
    fresh = [...new Set(next)]
  }
  return along
}

function alongWith(view: View, row: Row, { text, reverse }: Inclusion): readonly Row[] {
  const [type = '*', code = '*', only] = text.split(':')
  if (!reverse) {
    if (type !== '*' && type !== row.type) return []
    return referencesOf(row.type, code).flatMap((one) => linked(view, row, one, only))
  }
  const sources = type === '*' ? LINKED_TYPES : [type]
  if (only !== undefined && only !== row.type) return []
  return sources.flatMap((source) =>
    referencesOf(source, code)
      .filter(({ target }) => target?.includes(row.type))
      .flatMap((one) =>
        (view.rows.get(source) ?? []).filter((other) =>
          targetsOf(other, one.code, view.base).includes(nameOf(row)),
        ),
      ),
  )
}

function referencesOf(type: string, code: string): readonly Parameter[] {
  return parametersOf(type).filter(
    (one) => one.type === 'reference' && (code === '*' || code === one.code),
  )
}
