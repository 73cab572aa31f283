/**
 * Whether a resource matches a search, by what its row would hold: the meaning of `Condition` in memory, so that
 * `searchValues` and `parseSearch` can be tried together without a database. Chains are not followed.
 */
import { findParameter } from '../../src/wire/fhir/search-parameters.ts'
import { referenceOf } from '../../src/wire/fhir/search-tokens.ts'
import { searchValues } from '../../src/wire/fhir/search-values.ts'
import type {
  ComparedNumber,
  ComparedPart,
  ComparedQuantity,
  SearchValues,
} from '../../src/wire/fhir/search-entries.ts'
import type { JsonObject } from '../../src/wire/fhir/json.ts'
import type {
  Condition,
  DateTest,
  NumberTest,
  PartTest,
  QuantityTest,
  Search,
} from '../../src/wire/fhir/search.ts'

interface Row extends SearchValues {
  readonly id: string
  readonly patient: string | undefined
}

export function matching(resources: readonly JsonObject[], search: Search): readonly string[] {
  return resources
    .filter(({ resourceType }) => resourceType === search.type)
    .map((one): Row => ({ ...searchValues(one), id: String(one.id), patient: patientOf(one) }))
    .filter((row) => search.conditions.every((condition) => holds(row, condition)))
    .map(({ id }) => id)
}

/** The id in the row's column for its patient; undefined for a type that has none. */
export function patientOf(resource: JsonObject, base?: string): string | undefined {
  const parameter = findParameter(String(resource.resourceType), 'patient')
  if (parameter?.column !== 'patient') return undefined
  const [reference] = parameter.find(resource, resource)
  const found = referenceOf(reference, parameter.targets, base)
  return found?.local === true ? found.target.replace('Patient/', '') : undefined
}

function holds(row: Row, condition: Condition): boolean {
  switch (condition.kind) {
    case 'never':
      return false
    case 'id':
      return condition.anyOf.includes(row.id)
    case 'patient':
      return row.patient !== undefined && condition.anyOf.includes(row.patient)
    case 'keys':
    case 'own-identifier':
      return condition.anyOf.some((key) => row.keys.includes(key))
    case 'any':
      return condition.of.some((one) => holds(row, one))
    case 'not':
      return !holds(row, condition.of)
    case 'present':
      return isPresent(row, condition)
    case 'date':
      return some(datesAt(row, condition.place), condition.anyOf, dateHolds)
    default:
      return comparedHolds(row, condition)
  }
}

function some<Value, Test>(
  values: readonly Value[] = [],
  anyOf: readonly Test[],
  test: (test: Test, value: Value) => boolean,
): boolean {
  return values.some((value) => anyOf.some((one) => test(one, value)))
}

function isPresent(
  row: Row,
  { where, code }: Extract<Condition, { readonly kind: 'present' }>,
): boolean {
  if (where === 'keys') return row.keys.includes(code)
  return (where === 'patient' ? row.patient : row.date) !== undefined
}

function comparedHolds({ compared }: Row, condition: Condition): boolean {
  switch (condition.kind) {
    case 'text': {
      const { code, match, anyOf } = condition
      return some(compared.s?.[code], anyOf, (wanted, text) =>
        match === 'begins' ? text.startsWith(wanted) : text.includes(wanted),
      )
    }
    case 'number':
      return some(compared.n?.[condition.code], condition.anyOf, numberHolds)
    case 'quantity':
      return some(compared.q?.[condition.code], condition.anyOf, quantityHolds)
    case 'composite':
      return some(compared.c?.[condition.code], condition.anyOf, (tests, tuple) =>
        tests.every((test) => partHolds(test, tuple[test.part] ?? {})),
      )
    default:
      throw new Error(`A row alone cannot tell: ${condition.kind}`)
  }
}

type Interval = readonly [from: number, until: number]

function datesAt(
  row: Row,
  place: Extract<Condition, { readonly kind: 'date' }>['place'],
): readonly Interval[] {
  if (place.in === 'compared') {
    return (row.compared.d?.[place.code] ?? []).map(intervalOf)
  }
  return row.date === undefined ? [] : [[row.date.from.getTime(), row.date.until.getTime()]]
}

function dateHolds({ prefix, value }: DateTest, [from, until]: Interval): boolean {
  const [low, high] = [value.from.getTime(), value.until.getTime()]
  const within = from >= low && until <= high
  const tests = {
    eq: within,
    ne: !within,
    gt: until > high,
    lt: from < low,
    ge: until > high || within,
    le: from < low || within,
    sa: from >= high,
    eb: until <= low,
    ap: from < high && until > low,
  }
  return tests[prefix]
}

function numberHolds({ prefix, ...test }: NumberTest, one: ComparedNumber): boolean {
  const asked = [Number(test.value), Number(test.low), Number(test.high)] as const
  return orderHolds(prefix, [Number(one.low), Number(one.high)], asked)
}

function orderHolds(
  prefix: NumberTest['prefix'],
  [low, high]: readonly [number, number],
  [value, from, until]: readonly [number, number, number],
): boolean {
  const within = low >= from && high < until
  const tests = {
    eq: within,
    ne: !within,
    gt: high > value,
    lt: low < value,
    ge: high >= value,
    le: low <= value,
    sa: low > value,
    eb: high < value,
    ap: low < until && high >= from,
  }
  return tests[prefix]
}

function quantityHolds(test: QuantityTest, one: ComparedQuantity): boolean {
  const { system, code } = test
  const isUnit =
    code === undefined || one.code === code || (system === undefined && one.unit === code)
  return (system === undefined || one.system === system) && isUnit && numberHolds(test, one)
}

function partHolds(test: PartTest, part: ComparedPart): boolean {
  switch (test.kind) {
    case 'key':
      return some(part.k, [test.key], (key, one) => key === one)
    case 'text':
      return some(part.s, [test.begins], (begins, text) => text.startsWith(begins))
    case 'date':
      return some(part.d?.map(intervalOf), [test.test], dateHolds)
    case 'number':
      return some(part.n, [test.test], numberHolds)
    case 'quantity':
      return some(part.q, [test.test], quantityHolds)
  }
}

function intervalOf([from, until]: readonly [string, string]): Interval {
  return [Date.parse(from), Date.parse(until)]
}
