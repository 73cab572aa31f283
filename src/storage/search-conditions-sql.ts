/** Search conditions as SQL over one row of `resource`; values go into the statement's parameters. */
import type { Condition } from '../wire/fhir/search.ts'
import { mayName } from './resource-tables.ts'
import {
  any,
  comparedDateSql,
  compositeSql,
  numberSql,
  quantitySql,
  textSql,
} from './search-compared-sql.ts'
import { indexedTestSql, instantTestSql } from './search-dates-sql.ts'
import { keysSql, type Push } from './search-keys-sql.ts'
import {
  chainSql,
  hasSql,
  ownIdentifierSql,
  patientIdentifierSql,
  type ConditionPrinting,
} from './search-links-sql.ts'

/** ` and …` for each condition, over row `alias` of `type`. */
export function conditionsSql(
  conditions: readonly Condition[],
  row: Row,
  printing: ConditionPrinting,
): string {
  return conditions.map((one) => ` and ${conditionSql(one, row, printing)}`).join('')
}

interface Row {
  readonly type: string
  readonly alias: string
}

/** A boolean expression; it may be null where the row has no value, which is as good as false. */
function conditionSql(condition: Condition, row: Row, printing: ConditionPrinting): string {
  const push = (value: unknown): string => `$${printing.parameters.push(value)}`
  const { alias } = row
  switch (condition.kind) {
    case 'never':
      return 'false'
    case 'any':
      return any(condition.of.map((one) => conditionSql(one, row, printing)))
    case 'not':
      return `(${conditionSql(condition.of, row, printing)}) is not true`
    case 'id':
      return idSql(condition.anyOf, row, push)
    case 'patient':
    case 'custodian':
      return columnSql(`${alias}.${condition.kind}`, condition.anyOf, push)
    case 'keys':
      return condition.anyOf.length === 0 ? 'false' : keysSql(alias, condition.anyOf, push)
    case 'present':
      return presentSql(condition, alias, push)
    default:
      return searchingSql(condition, row, { push, printing })
  }
}

type Searching = Exclude<
  Condition,
  {
    readonly kind: 'never' | 'any' | 'not' | 'id' | 'patient' | 'custodian' | 'keys' | 'present'
  }
>

interface To {
  readonly push: Push
  readonly printing: ConditionPrinting
}

function searchingSql(condition: Searching, row: Row, { push, printing }: To): string {
  const { alias, type } = row
  switch (condition.kind) {
    case 'patient-identifier':
      return patientIdentifierSql(condition.anyOf, alias, push)
    case 'own-identifier':
      return ownIdentifierSql(condition.anyOf, alias, { push, printing })
    case 'chain':
      return chainSql(condition, { alias, push, printing, printAll: allOf(condition.target) })
    case 'has':
      return hasSql(condition, type, { alias, push, printing, printAll: allOf(condition.source) })
    case 'date':
      return dateSql(condition, row, push)
    case 'text':
      return textSql(condition, alias, push)
    case 'number':
      return numberSql(condition, alias, push)
    case 'quantity':
      return quantitySql(condition, alias, push)
    case 'composite':
      return compositeSql(condition, alias, push)
  }
}

function allOf(type: string) {
  return (of: readonly Condition[], alias: string, printing: ConditionPrinting): string =>
    conditionsSql(of, { type, alias }, printing)
}

function idSql(ids: readonly string[], { type, alias }: Row, push: Push): string {
  return type === 'AuditEvent'
    ? `${alias}.uuid = any(${push(ids.filter((id) => mayName({ type, id })))}::uuid[])`
    : `${alias}.id = any(${push(ids)}::text[])`
}

/** One value is an equality, so that the index which begins with the column also gives the order. */
function columnSql(column: string, ids: readonly string[], push: Push): string {
  return ids.length === 1 ? `${column} = ${push(ids[0])}` : `${column} = any(${push(ids)}::text[])`
}

function presentSql(
  { where, code }: Extract<Condition, { readonly kind: 'present' }>,
  alias: string,
  push: Push,
): string {
  if (where === 'keys') return keysSql(alias, [code], push)
  return `${alias}.${where === 'patient' ? 'patient' : 'date_from'} is not null`
}

function dateSql(
  { place, anyOf }: Extract<Condition, { readonly kind: 'date' }>,
  { type, alias }: Row,
  push: Push,
): string {
  if (place.in === 'compared')
    return comparedDateSql({ code: place.code, tests: anyOf }, alias, push)
  if (place.in === 'last-updated' || type === 'AuditEvent')
    return any(anyOf.map((test) => instantTestSql(test, `${alias}.last_updated`, push)))
  const row = { from: `${alias}.date_from`, until: `${alias}.date_until` }
  return any(anyOf.map((test) => indexedTestSql(test, row, push)))
}
