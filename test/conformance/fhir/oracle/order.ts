/** What `_sort` promises: rows whose keys each have one value stand in their order, those without any last. */
import { parameterOf, type Parameter } from './definitions.ts'
import { intervalOf, outer } from './dates.ts'
import { valuesOf } from './elements.ts'
import { limitsOf } from './numbers.ts'
import { folded, textsOf } from './texts.ts'
import type { Row } from './world.ts'

type Key = string | number | bigint | null

/** Rows next to one another in the wrong order; those with several values for a key may stand anywhere. */
export function misplaced(rows: readonly Row[], sort: string): readonly (readonly [Row, Row])[] {
  const keys = sort.split(',')
  const told = rows.flatMap((row) => {
    const own = keys.map((key) => keyOf(row, key.replace(/^-/, '')))
    return own.includes(undefined) ? [] : [{ row, own }]
  })
  return told.flatMap((one, at) => {
    const next = told[at + 1]
    return next !== undefined && compareAll(one.own, next.own, keys) > 0
      ? [[one.row, next.row] as const]
      : []
  })
}

function compareAll(
  ones: readonly (Key | undefined)[],
  others: readonly (Key | undefined)[],
  keys: readonly string[],
): number {
  for (const [at, key] of keys.entries()) {
    const order = compare(ones[at] ?? null, others[at] ?? null, key.startsWith('-'))
    if (order !== 0) return order
  }
  return 0
}

function compare(one: Key, other: Key, descending: boolean): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null)
  const order = one < other ? -1 : Number(one > other)
  return descending ? -order : order
}

function keyOf(row: Row, code: string): Key | undefined {
  if (code === '_id') return row.id
  if (code === '_lastUpdated') return row.at.getTime()
  const parameter = parameterOf(row.type, code)
  if (parameter === undefined) throw new Error(`${row.type} has no ${code}`)
  const values = valuesOf(parameter, row.resource)
  if (values.length === 0) return null
  if (row.type === 'Observation' && code === 'date') return outer(values.map(intervalOf))[0]
  const [only, ...more] = values
  return only === undefined || more.length > 0 ? undefined : valueOf(parameter, only)
}

function valueOf({ type }: Parameter, one: ReturnType<typeof valuesOf>[number]): Key | undefined {
  switch (type) {
    case 'date':
      return intervalOf(one)[0]
    case 'string':
      return alone(
        textsOf(one.value)
          .map(folded)
          .filter((text) => text !== ''),
      )
    case 'token':
      return typeof one.value === 'object' ? codeOf(one.value) : String(one.value)
    case 'number':
    case 'quantity':
      return limitsOf(one)[0]
    case 'uri':
      return String(one.value)
    case 'reference':
    case 'composite':
      return undefined
  }
}

/** A concept that only its text tells, or a coding without a code, has no place of its own. */
function codeOf(value: Readonly<Record<string, any>>): Key | undefined {
  const codes: readonly any[] = value.coding ?? [value]
  return alone(codes.map((one) => one.code ?? one.value))
}

function alone<Value>(values: readonly (Value | undefined)[]): Value | undefined {
  return values.length === 1 ? values[0] : undefined
}
