/**
 * The search parameters of every R4 type, from their definitions: `search-values.ts` reads them to fill a row,
 * `parse-search.ts` to understand a query, and the face to say what it can do.
 */
import { lookup } from '../../kernel/lookup.ts'
import { IMPLIED_SYSTEMS } from './implied-systems-table.ts'
import {
  SEARCH_DEFINITIONS,
  type ParameterKind,
  type SearchDefinition,
} from './search-definitions.ts'
import { aboutType, readPath, type PathExpression } from './search-path-syntax.ts'
import { compilePath, plainPaths, type Find } from './search-path.ts'
import {
  ALIASES,
  CLINICAL_DATES,
  CORRECTED_COMPONENTS,
  OWN_IMPLIED_SYSTEMS,
  PATIENT_COLUMNS,
  WITHIN,
} from './search-specifics-table.ts'

export interface SearchParameter {
  readonly code: string
  readonly kind: ParameterKind
  /** Canonical URL of its definition. */
  readonly url: string
  /** Other spellings that R5 or IHE clients use. */
  readonly aliases: readonly string[]
  /** Types a reference may lead to; empty for other kinds. */
  readonly targets: readonly string[]
  /** The column of the row that answers it; for `patient` as far as a reference leads to a Patient. */
  readonly column?: 'patient' | 'custodian' | undefined
  /** The columns that answer it whole. */
  readonly place?: 'clinical-date' | 'last-updated' | 'id' | undefined
  /** Code systems its elements have without naming them; undefined where the data name theirs. */
  readonly implied?: readonly string[] | undefined
  /** It asks for the keys of this parameter within this system and has none of its own. */
  readonly within?: { readonly code: string; readonly system: string } | undefined
  /** Whether identifiers are found by their type too (`:of-type`): ours pick them by it. */
  readonly ofType: boolean
  /** Of a composite, in order; their `code` is empty. */
  readonly components: readonly SearchParameter[]
  /** Dotted paths of the JSON where its values are; empty where they cannot be told so. */
  readonly paths: readonly string[]
  readonly find: Find
}

/** The parameter a code or one of its other spellings names on this type; undefined for what the type does not have. */
export function findParameter(type: string, code: string): SearchParameter | undefined {
  return TABLE.ofType(type).byName.get(code)
}

/** Every parameter of an R4 type, those of all types last; empty for what is no type. */
export function parametersOf(type: string): readonly SearchParameter[] {
  return TABLE.ofType(type).all
}

interface TypeParameters {
  readonly all: readonly SearchParameter[]
  readonly byName: ReadonlyMap<string, SearchParameter>
}

interface ParameterTable {
  ofType(type: string): TypeParameters
}

const NONE: TypeParameters = { all: [], byName: new Map() }
const COMMON_BASES = ['Resource', 'DomainResource']

const TABLE = makeTable(SEARCH_DEFINITIONS)

/** Each type is compiled when it is first asked for: a hub needs some twenty of 146. */
function makeTable(definitions: readonly SearchDefinition[]): ParameterTable {
  const byUrl = new Map(definitions.map((one) => [one.url, one]))
  const compiled = new Map<string, TypeParameters | undefined>(
    definitions
      .flatMap(({ base, targets }) => [...base, ...targets])
      .filter((type) => !COMMON_BASES.includes(type))
      .map((type) => [type, undefined]),
  )
  return {
    ofType(type) {
      if (!compiled.has(type)) return NONE
      const known = compiled.get(type)
      if (known !== undefined) return known
      const own = definitions.filter(({ base }) => base.includes(type))
      const common = definitions.filter(({ base }) =>
        base.some((one) => COMMON_BASES.includes(one)),
      )
      const all = [...own, ...common].flatMap((one) => compile(one, type, byUrl) ?? [])
      const byName = new Map(
        all.flatMap((one) => [one.code, ...one.aliases].map((name) => [name, one])),
      )
      compiled.set(type, { all, byName })
      return { all, byName }
    },
  }
}

function compile(
  definition: SearchDefinition,
  type: string,
  byUrl: ReadonlyMap<string, SearchDefinition>,
): SearchParameter | undefined {
  const expression = aboutType(expressionOf(definition.expression, definition), type)
  if (expression === undefined) return undefined
  const corrected = lookup(CORRECTED_COMPONENTS, definition.url)
  const components = definition.components.map((component, index) => {
    const path = corrected?.[index] ?? component.expression
    const meant = byUrl.get(component.definition)
    if (meant === undefined) throw new Error(`${definition.url} is made of an unknown parameter`)
    return parameter(meant, type, { code: '', expression: expressionOf(path, definition) })
  })
  return { ...parameter(definition, type, { code: definition.code, expression }), components }
}

function expressionOf(text: string, { url }: SearchDefinition): PathExpression {
  const expression = readPath(text)
  if (expression === undefined) throw new Error(`${url} has an expression that is not understood`)
  return expression
}

interface Particulars {
  readonly code: string
  readonly expression: PathExpression
}

function parameter(
  definition: SearchDefinition,
  type: string,
  { code, expression }: Particulars,
): SearchParameter {
  const name = `${type}.${definition.code}`
  return {
    code,
    kind: definition.kind,
    url: definition.url,
    aliases: lookup(ALIASES, name) ?? [],
    targets: definition.code === 'patient' ? ['Patient'] : definition.targets,
    column: columnOf(type, code),
    place: placeOf(type, code),
    implied: lookup(OWN_IMPLIED_SYSTEMS, name) ?? IMPLIED.get(name),
    within: lookup(WITHIN, name),
    ofType: !definition.url.startsWith(OURS),
    components: [],
    paths: plainPaths(expression),
    find: compilePath(expression),
  }
}

const OURS = 'https://samsyn.no/'

const IMPLIED: ReadonlyMap<string, readonly string[]> = new Map(
  IMPLIED_SYSTEMS.flatMap(([systems, names]) =>
    names.split(' ').map((name) => [name, systems.split(' ')] as const),
  ),
)

function columnOf(type: string, code: string): 'patient' | 'custodian' | undefined {
  if (lookup(PATIENT_COLUMNS, type)?.includes(code) === true) return 'patient'
  const isOurs = type === 'ImagingStudy' || type === 'DiagnosticReport'
  return isOurs && code === 'custodian' ? 'custodian' : undefined
}

function placeOf(type: string, code: string): SearchParameter['place'] {
  if (code === '_id') return 'id'
  if (code === '_lastUpdated') return 'last-updated'
  return lookup(CLINICAL_DATES, type) === code ? 'clinical-date' : undefined
}
