/** What a search can find in a resource: the columns of its row that are for searching. */
import { foldText } from '../../domain/identity/fold-text.ts'
import { hullOf, type DateInterval } from './date-interval.ts'
import type { JsonObject } from './json.ts'
import type {
  Compared,
  ComparedDate,
  ComparedNumber,
  ComparedPart,
  ComparedQuantity,
  SearchValues,
} from './search-entries.ts'
import { exactKey, prefixKey, textCode, wholeNameKey } from './search-keys.ts'
import {
  comparedNumbers,
  comparedQuantities,
  dateIntervals,
  storable,
  textsOf,
} from './search-measures.ts'
import { parametersOf, type SearchParameter } from './search-parameters.ts'
import {
  keysOfReference,
  logicalReferenceKeys,
  referenceOf,
  tokenKeys,
  tokenTexts,
  uriKeys,
} from './search-tokens.ts'

/**
 * Everything the type's search parameters find in the resource. `base` is the hub's FHIR base: an absolute
 * reference to a resource of its own is one to `Type/id`. A resource of odd shape gives what can be read of it.
 */
export function searchValues(resource: JsonObject, base?: string): SearchValues {
  const found: Found = { keys: new Set(), refs: new Set(), s: {}, d: {}, n: {}, q: {}, c: {} }
  const row = { resource, found, base }
  let date: DateInterval | undefined
  for (const parameter of parametersOf(String(resource.resourceType))) {
    if (isKeptElsewhere(parameter)) continue
    const values = parameter.find(resource, resource)
    if (values.length === 0) continue
    if (parameter.place === 'clinical-date') date = hullOf(values.flatMap(dateIntervals))
    else ADD[parameter.kind](row, parameter, values)
  }
  return { keys: [...found.keys], refs: [...found.refs], compared: comparedOf(found), date }
}

function isKeptElsewhere({ place, within, column }: SearchParameter): boolean {
  const isColumn = place === 'id' || place === 'last-updated' || column === 'custodian'
  return isColumn || within !== undefined
}

type Lists<Value> = Record<string, Value[]>

interface Found {
  readonly keys: Set<string>
  readonly refs: Set<string>
  readonly s: Lists<string>
  readonly d: Lists<ComparedDate>
  readonly n: Lists<ComparedNumber>
  readonly q: Lists<ComparedQuantity>
  readonly c: Lists<readonly ComparedPart[]>
}

interface Row {
  readonly resource: JsonObject
  readonly found: Found
  readonly base: string | undefined
}

type Values = readonly unknown[]
type Add = (row: Row, parameter: SearchParameter, values: Values) => void

/** The bare code among the keys says that there is a value: what `:missing` asks. */
const ADD: Readonly<Record<SearchParameter['kind'], Add>> = {
  token({ found }, parameter, values) {
    addKeys(found, parameter.code, tokenKeys(parameter, values))
    addTexts(found, textCode(parameter.code), foldedTexts(tokenTexts(values)))
  },
  string({ found, resource }, { code }, values) {
    const texts = values.flatMap(textsOf)
    addKeys(
      found,
      code,
      texts.map((text) => exactKey(code, text)),
    )
    if (resource.resourceType === 'Patient' && (code === 'family' || code === 'given')) {
      for (const text of texts) found.keys.add(wholeNameKey(code, text))
    }
    addTexts(found, code, foldedTexts(texts))
  },
  uri({ found }, { code }, values) {
    addKeys(found, code, uriKeys(code, values))
    // Nobody asks what is below a profile or a source.
    if (!code.startsWith('_')) {
      addTexts(found, code, values.filter((value) => typeof value === 'string').map(storable))
    }
  },
  reference: addReferences,
  date({ found }, { code }, values) {
    found.keys.add(code)
    append(found.d, code, values.flatMap(dateIntervals).map(comparedDate))
  },
  number({ found }, { code }, values) {
    found.keys.add(code)
    append(found.n, code, values.flatMap(comparedNumbers))
  },
  quantity({ found }, { code }, values) {
    found.keys.add(code)
    append(found.q, code, values.flatMap(comparedQuantities))
  },
  composite(row, parameter, values) {
    const tuples = values.flatMap((value) => tupleOf(row, parameter, value))
    if (tuples.length > 0) row.found.keys.add(parameter.code)
    append(row.found.c, parameter.code, tuples)
  },
}

function addKeys({ keys }: Found, code: string, added: readonly string[]): void {
  keys.add(code)
  for (const key of added) keys.add(key)
}

/** Each once; what folds to nothing is found by nothing. */
function foldedTexts(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.map((text) => storable(foldText(text))))].filter((text) => text !== '')
}

function addTexts({ keys, s }: Found, code: string, texts: readonly string[]): void {
  for (const text of texts) {
    const key = prefixKey(code, text)
    if (key !== undefined) keys.add(key)
  }
  append(s, code, texts)
}

function append<Value>(lists: Lists<Value>, code: string, values: readonly Value[]): void {
  if (values.length > 0) lists[code] = [...values]
}

/** What leads to a Patient through the row's own column is answered there, whose identifiers are found through Patient. */
function addReferences({ found, base }: Row, parameter: SearchParameter, values: Values): void {
  const { code, column, targets } = parameter
  const inColumn = column === 'patient'
  const references = values.flatMap((value) => {
    const reference = referenceOf(value, targets, base)
    return reference === undefined ? [] : [{ value, ...reference }]
  })
  const others = inColumn ? references.filter((one) => !isLocalPatient(one)) : references
  if (inColumn && others.length === 0) return
  addKeys(
    found,
    code,
    others.flatMap((one) => keysOfReference(code, one)),
  )
  for (const { target, local } of others) if (local) found.refs.add(`${code}|${target}`)
  const named = inColumn ? others.map(({ value }) => value) : values
  for (const key of logicalReferenceKeys(code, named)) found.keys.add(key)
}

function isLocalPatient({
  target,
  local,
}: {
  readonly target: string
  readonly local: boolean
}): boolean {
  return local && target.startsWith('Patient/')
}

function comparedDate({ from, until }: DateInterval): ComparedDate {
  return [from.toISOString(), until.toISOString()]
}

/** Nothing where a component has no value: no search finds such a tuple. */
function tupleOf(
  { resource, base }: Row,
  { components }: SearchParameter,
  context: unknown,
): readonly (readonly ComparedPart[])[] {
  const parts: ComparedPart[] = []
  for (const component of components) {
    const part = partOf(component, component.find(context, resource), base)
    if (Object.keys(part).length === 0) return []
    parts.push(part)
  }
  return [parts]
}

function partOf(
  component: SearchParameter,
  values: Values,
  base: string | undefined,
): ComparedPart {
  switch (component.kind) {
    case 'token': {
      const keys = tokenKeys(component, values).map(storable)
      // `system|` asks for any value: of an implied system by the bare code, which is empty here.
      return nonEmpty({
        k: component.implied === undefined || keys.length === 0 ? keys : [...keys, ''],
      })
    }
    case 'reference': {
      const references = values.flatMap((one) => referenceOf(one, component.targets, base) ?? [])
      return nonEmpty({ k: references.flatMap((one) => keysOfReference('', one)).map(storable) })
    }
    case 'uri':
      return nonEmpty({ k: uriKeys('', values).map(storable) })
    case 'string':
      return nonEmpty({ s: foldedTexts(values.flatMap(textsOf)) })
    case 'date':
      return nonEmpty({ d: values.flatMap(dateIntervals).map(comparedDate) })
    case 'number':
      return nonEmpty({ n: values.flatMap(comparedNumbers) })
    case 'quantity':
      return nonEmpty({ q: values.flatMap(comparedQuantities) })
    case 'composite':
      return {}
  }
}

function nonEmpty(part: ComparedPart): ComparedPart {
  return Object.values(part).every((list: readonly unknown[]) => list.length === 0) ? {} : part
}

/** A letter is left out where it would be empty: most rows compare nothing. */
function comparedOf({ s, d, n, q, c }: Found): Compared {
  return Object.fromEntries(
    Object.entries({ s, d, n, q, c }).filter(([, lists]) => Object.keys(lists).length > 0),
  )
}
