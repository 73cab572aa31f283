/**
 * Conditions on column `compared`: texts, dates, numbers, quantities and composites, read on the rows that an
 * index has found. Texts are compared by position, never as patterns.
 */
import type {
  Condition,
  DateTest,
  NumberTest,
  PartTest,
  QuantityTest,
} from '../wire/fhir/search.ts'
import { prefixKey } from '../wire/fhir/search-keys.ts'
import { intervalTestSql } from './search-dates-sql.ts'
import { keysSql, type Push } from './search-keys-sql.ts'

type OfKind<Kind extends Condition['kind']> = Extract<Condition, { readonly kind: Kind }>

export function textSql({ code, match, anyOf }: OfKind<'text'>, alias: string, push: Push): string {
  const wanted = `unnest(${push(anyOf)}::text[]) as wanted`
  const test = match === 'begins' ? 'starts_with(one, wanted)' : 'strpos(one, wanted) > 0'
  const found = `exists (select from ${texts(alias, code, push)} as one, ${wanted} where ${test})`
  const prefixes = match === 'begins' ? anyOf.map((text) => prefixKey(code, text)) : []
  const known = prefixes.filter((key) => key !== undefined)
  // Shorter texts have no key; those beside a token (`code:text`) are there where the token is.
  const [element = code] = code.split(':')
  const keys = known.length > 0 && known.length === prefixes.length ? known : [element]
  return `(${keysSql(alias, keys, push)} and ${found})`
}

function texts(alias: string, code: string, push: Push): string {
  return `jsonb_array_elements_text(${alias}.compared->'s'->${push(code)}::text)`
}

export function comparedDateSql(
  { code, tests }: { readonly code: string; readonly tests: readonly DateTest[] },
  alias: string,
  push: Push,
): string {
  return existsIn(`${alias}.compared->'d'->${push(code)}::text`, (one) =>
    any(tests.map((test) => dateSql(test, one, push))),
  )
}

function dateSql(test: DateTest, one: string, push: Push): string {
  const interval = { from: `compared_time(${one}->>0)`, until: `compared_time(${one}->>1)` }
  return intervalTestSql(test, interval, push)
}

export function numberSql({ code, anyOf }: OfKind<'number'>, alias: string, push: Push): string {
  return existsIn(`${alias}.compared->'n'->${push(code)}::text`, (one) =>
    any(anyOf.map((test) => numberTestSql(test, one, push))),
  )
}

export function quantitySql(
  { code, anyOf }: OfKind<'quantity'>,
  alias: string,
  push: Push,
): string {
  return existsIn(`${alias}.compared->'q'->${push(code)}::text`, (one) =>
    any(anyOf.map((test) => quantityTestSql(test, one, push))),
  )
}

/**
 * R4 search, section 3.1.1.4.4: for eq, ne and ap the query is the interval that its digits leave open, for
 * the others exactly its value. What the row holds is an interval too, of one point where it is no range.
 */
function numberTestSql({ prefix, value, low, high }: NumberTest, one: string, push: Push): string {
  const row = { low: `compared_number(${one}->>'low')`, high: `compared_number(${one}->>'high')` }
  const number = (text: string): string => `${push(text)}::text::numeric`
  const within = (): string => `(${row.low} >= ${number(low)} and ${row.high} < ${number(high)})`
  switch (prefix) {
    case 'eq':
      return within()
    case 'ne':
      return `not ${within()}`
    case 'gt':
      return `${row.high} > ${number(value)}`
    case 'lt':
      return `${row.low} < ${number(value)}`
    case 'ge':
      return `${row.high} >= ${number(value)}`
    case 'le':
      return `${row.low} <= ${number(value)}`
    case 'sa':
      return `${row.low} > ${number(value)}`
    case 'eb':
      return `${row.high} < ${number(value)}`
    case 'ap':
      return `(${row.low} <= ${number(high)} and ${row.high} >= ${number(low)})`
  }
}

/** A system asked for wants the code itself; without one the unit that people read will do. */
function quantityTestSql(test: QuantityTest, one: string, push: Push): string {
  const parts = [numberTestSql(test, one, push)]
  const is = (member: string, text: string): string => `${one}->>'${member}' = ${push(text)}::text`
  const { system, code } = test
  if (system !== undefined)
    parts.push(system === '' ? `${one}->>'system' is null` : is('system', system))
  if (code !== undefined)
    parts.push(
      system === undefined ? `(${is('code', code)} or ${is('unit', code)})` : is('code', code),
    )
  return `(${parts.join(' and ')})`
}

export function compositeSql(
  { code, anyOf }: OfKind<'composite'>,
  alias: string,
  push: Push,
): string {
  const keys = keysSql(alias, [code], push)
  const found = existsIn(`${alias}.compared->'c'->${push(code)}::text`, (tuple) =>
    any(
      anyOf.map(
        (parts) => `(${parts.map((part) => partSql(part, tuple, push)).join(' and ') || 'true'})`,
      ),
    ),
  )
  return `(${keys} and ${found})`
}

function partSql(part: PartTest, tuple: string, push: Push): string {
  const at = (letter: string): string => `${tuple}->${push(part.part)}::int->'${letter}'`
  switch (part.kind) {
    case 'key':
      return `coalesce(${at('k')} ? ${push(part.key)}::text, false)`
    case 'text':
      return `exists (select from jsonb_array_elements_text(${at('s')}) as part
        where starts_with(part, ${push(part.begins)}::text))`
    case 'date':
      return existsIn(at('d'), (one) => dateSql(part.test, one, push), 'part')
    case 'number':
      return existsIn(at('n'), (one) => numberTestSql(part.test, one, push), 'part')
    case 'quantity':
      return existsIn(at('q'), (one) => quantityTestSql(part.test, one, push), 'part')
  }
}

function existsIn(list: string, test: (one: string) => string, one = 'one'): string {
  return `exists (select from jsonb_array_elements(${list}) as ${one} where ${test(one)})`
}

/** One of the alternatives holds. */
export function any(alternatives: readonly string[]): string {
  return alternatives.length === 0 ? 'false' : `(${alternatives.join(' or ')})`
}
