/** Chains and `_has` that lead somewhere: each is read off references that are there. */
import type { Random } from '../../../support/random.ts'
import { LINKED_TYPES, parametersOf, type Parameter } from '../oracle/definitions.ts'
import { nameOf, targetsOf, type Row, type View } from '../oracle/world.ts'
import type { Inclusion } from '../oracle/search.ts'
import { formsOf, pickBy, type Pick, type Query } from './queries.ts'

export interface Linking {
  readonly view: View
  readonly random: Random
}

interface Asked {
  readonly name: string
  readonly value: string
}

/** A chain or `_has` of one to three links, from a row that is there; undefined where nothing is linked. */
export function linkedQuery({ view, random }: Linking, depth: number): Query | undefined {
  const pick = pickBy(random)
  const type = pick(LINKED_TYPES) ?? ''
  const row = pick(view.rows.get(type) ?? [])
  const asked = row && follow({ view, random }, row, depth)
  return asked && { type, pairs: [[asked.name, asked.value]], label: `${depth} links` }
}

function follow(linking: Linking, row: Row, depth: number): Asked | undefined {
  if (depth === 0) return ask(linking, row)
  return linking.random() < 0.6 ? chained(linking, row, depth) : referring(linking, row, depth)
}

/** A parameter of the row, with a value that it has or nearly has. */
function ask({ view, random }: Linking, row: Row): Asked | undefined {
  const pick = pickBy(random)
  const form = pick(formsOfOne(pick(parametersOf(row.type)), row, { pick, base: view.base }))
  return form && { name: form[0], value: form[1] }
}

function formsOfOne(
  parameter: Parameter | undefined,
  row: Row,
  making: { readonly pick: Pick; readonly base: string },
): ReturnType<typeof formsOf> {
  return parameter === undefined ? [] : formsOf(parameter, [row], making)
}

/** So many types of target are followed without being named. */
const FEW_TARGETS = 4

function chained(linking: Linking, row: Row, depth: number): Asked | undefined {
  const { view, random } = linking
  const links = referencesOf(row.type).flatMap(({ code, target = [] }) =>
    targetsOf(row, code, view.base)
      .filter((name) => target.filter(isLinked).some((type) => name.startsWith(`${type}/`)))
      .map((name) => ({ code, few: target.length <= FEW_TARGETS, name })),
  )
  const link = pickBy(random)(links)
  const [type = '', id = ''] = link?.name.split('/') ?? []
  const target = view.row(type, id)
  const rest = target && follow(linking, target, depth - 1)
  if (link === undefined || rest === undefined) return undefined
  const head = link.few && random() < 0.5 ? link.code : `${link.code}:${type}`
  return { ...rest, name: `${head}.${rest.name}` }
}

function referring(linking: Linking, row: Row, depth: number): Asked | undefined {
  const { view, random } = linking
  const pick = pickBy(random)
  const source = pick(LINKED_TYPES) ?? ''
  const codes = referencesOf(source).filter(({ target }) => target?.includes(row.type))
  const code = pick(codes)?.code
  if (code === undefined) return undefined
  const others = (view.rows.get(source) ?? []).filter((other) =>
    targetsOf(other, code, view.base).includes(nameOf(row)),
  )
  const other = pick(others) ?? pick(view.rows.get(source) ?? [])
  const rest = other && follow(linking, other, depth - 1)
  return rest && { ...rest, name: `_has:${source}:${code}:${rest.name}` }
}

function referencesOf(type: string): readonly Parameter[] {
  return parametersOf(type).filter((one) => one.type === 'reference')
}

export interface Including {
  readonly query: Query
  readonly inclusions: readonly Inclusion[]
}

/** Some rows of a type and what comes along by one to three inclusions. */
export function inclusionQuery({ view, random }: Linking): Including | undefined {
  const pick = pickBy(random)
  const type = pick(LINKED_TYPES) ?? ''
  const rows = view.rows.get(type) ?? []
  const ids = [pick(rows), pick(rows), pick(rows)].flatMap((row) => row?.id ?? [])
  const inclusions = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
    inclusion(type, random),
  )
  if (ids.length === 0 || inclusions.includes(undefined)) return undefined
  return {
    query: { type, pairs: [['_id', ids.join(',')]], label: 'include' },
    inclusions: inclusions.filter((one) => one !== undefined),
  }
}

function inclusion(type: string, random: Random): Inclusion | undefined {
  const pick = pickBy(random)
  const [reverse, iterate] = [random() < 0.4, random() < 0.4]
  if (!iterate && random() < 0.15)
    return { text: reverse ? '*' : (pick(['*', `${type}:*`]) ?? '*'), reverse, iterate }
  // What is iterated may begin at what came along.
  const from = iterate ? (pick(LINKED_TYPES) ?? type) : type
  const one = pick(reverse ? leadingTo(from) : leadingFrom(from))
  if (one === undefined) return undefined
  const only = reverse || random() < 0.7 ? undefined : pick(one.targets)
  return { text: [one.source, one.code, only].filter(Boolean).join(':'), reverse, iterate }
}

interface Leading {
  readonly source: string
  readonly code: string
  readonly targets: readonly string[]
}

function leadingFrom(source: string): readonly Leading[] {
  return referencesOf(source)
    .map(({ code, target = [] }) => ({ source, code, targets: target.filter(isLinked) }))
    .filter(({ targets }) => targets.length > 0)
}

function leadingTo(type: string): readonly Leading[] {
  return LINKED_TYPES.flatMap(leadingFrom).filter(({ targets }) => targets.includes(type))
}

function isLinked(type: string): boolean {
  return LINKED_TYPES.includes(type)
}
