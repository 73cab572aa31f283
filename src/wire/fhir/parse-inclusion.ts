/** `_include`, `_revinclude` and `_sort` (R4 search, sections 3.1.1.4.8 and 3.1.1.5.1). */
import { datePlace } from './parse-ordered.ts'
import { linkOf } from './parse-reference.ts'
import { findParameter, parametersOf, type SearchParameter } from './search-parameters.ts'
import { REGISTRY_TYPES } from './search-specifics-table.ts'
import type { Inclusion, SortKey } from './search.ts'

interface Asked {
  /** `Type:parameter`, `Type:parameter:Target`, `Type:*` or `*` */
  readonly text: string
  /** The type that is searched. */
  readonly type: string
  readonly iterate: boolean
}

/** From what is found to what it refers to. Empty for what is not understood. */
export function forwardInclusions({ text, type, iterate }: Asked): readonly Inclusion[] {
  const from = text === '*' ? `${type}:*` : text
  return spelt(from, { iterate, isMeant: (one) => iterate || one.type === type })
}

/** From what is found to what refers to it. With `:iterate` it may refer to what is included as well. */
export function backwardInclusions({ text, type, iterate }: Asked): readonly Inclusion[] {
  const isMeant = (one: Inclusion): boolean => iterate || one.targets.includes(type)
  const froms = text === '*' ? REGISTRY_TYPES.map((source) => `${source}:*`) : [text]
  return froms.flatMap((from) => spelt(from, { iterate, isMeant }))
}

interface Spelling {
  readonly iterate: boolean
  readonly isMeant: (inclusion: Inclusion) => boolean
}

function spelt(text: string, { iterate, isMeant }: Spelling): readonly Inclusion[] {
  const [type = '', code = '', target, ...more] = text.split(':')
  if (more.length > 0 || !REGISTRY_TYPES.includes(type)) return []
  const asked = code === '*' ? parametersOf(type) : [findParameter(type, code)]
  return asked
    .flatMap((one) =>
      one?.kind === 'reference' ? inclusionsBy(one, { type, target, iterate }) : [],
    )
    .filter(isMeant)
}

interface Following {
  readonly type: string
  readonly target: string | undefined
  readonly iterate: boolean
}

/** One for the row's own column and one for the rest, where a parameter leads to both. */
function inclusionsBy(
  parameter: SearchParameter,
  { type, target, iterate }: Following,
): readonly Inclusion[] {
  const targets = parameter.targets.filter(
    (one) => REGISTRY_TYPES.includes(one) && (target === undefined || target === one),
  )
  const byColumn = Object.groupBy(targets, (one) => linkOf(parameter, one).column ?? 'keys')
  return Object.values(byColumn).map((some) => ({
    type,
    link: linkOf(parameter, some[0] ?? ''),
    targets: some,
    iterate,
  }))
}

/** `code` or `-code`; undefined for what no order can be told by. */
export function sortKeyOf(type: string, text: string): SortKey | undefined {
  const descending = text.startsWith('-')
  const parameter = findParameter(type, descending ? text.slice(1) : text)
  const by = parameter && sortedBy(parameter)
  return by && { by, descending }
}

const LETTERS = { string: 's', number: 'n', quantity: 'q' } as const

function sortedBy(parameter: SearchParameter): SortKey['by'] | undefined {
  const { code, kind, place } = parameter
  if (place === 'id') return { in: 'id' }
  switch (kind) {
    case 'date':
      return datePlace(parameter)
    case 'string':
    case 'number':
    case 'quantity':
      return { in: 'compared-value', letter: LETTERS[kind], code }
    case 'composite':
      return undefined
    case 'token':
    case 'reference':
    case 'uri': {
      const paths = parameter.paths.flatMap((path) => ENDS[kind].map((end) => path + end))
      return paths.length === 0 ? undefined : { in: 'content', paths }
    }
  }
}

/** Where under an element the text is that it is sorted by; the element itself is last, for it may be a text. */
const ENDS = {
  token: ['.coding.code', '.code', '.value', ''],
  reference: ['.reference', ''],
  uri: [''],
} as const
