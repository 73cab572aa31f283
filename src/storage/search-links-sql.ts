/**
 * Conditions that follow a reference: chains to the rows referred to, `_has` to the rows that refer, and the
 * patient's identifiers. What they pass through is visible to the caller as well.
 *
 * Where few rows are asked, each is looked up by itself (`offset 0` keeps the planner from reading all targets
 * first); where many are, the other side is found once. Neither is quadratic.
 */
import type { Condition, Link } from '../wire/fhir/search.ts'
import { tableOf } from './resource-tables.ts'
import { keysSql, type Push } from './search-keys-sql.ts'
import { livingRows, patientOf, visibleMaterial, type Printing } from './visibility-sql.ts'

export interface ConditionPrinting extends Printing {
  /** Few rows are left by the rest of the search. */
  readonly isNarrow: boolean
}

type OfKind<Kind extends Condition['kind']> = Extract<Condition, { readonly kind: Kind }>

/** All of `of` over row `alias`; handed in, since conditions hold one another. */
export type PrintAll = (
  of: readonly Condition[],
  alias: string,
  printing: ConditionPrinting,
) => string

interface Following {
  readonly alias: string
  readonly push: Push
  readonly printing: ConditionPrinting
  readonly printAll: PrintAll
}

export function chainSql({ link, target, of }: OfKind<'chain'>, to: Following): string {
  const { alias, push, printing, printAll } = to
  const other = `${alias}_to`
  const found = (): string =>
    `${livingRows(target, other, printing)}${printAll(of, other, printing)}`
  if (link.column !== undefined) {
    const column = `${alias}.${link.column}`
    return printing.isNarrow
      ? `exists (select 1 ${found()} and ${other}.id = ${column} offset 0)`
      : `${column} in (select ${other}.id ${found()})`
  }
  const prefix = push(prefixOf(link, target))
  if (!printing.isNarrow)
    return `${alias}.keys && array(select search_key(${prefix}::text || ${other}.id) ${found()})`
  return `exists (select 1 from unnest(${alias}.refs) as ref
    where starts_with(ref, ${prefix}::text) and exists (
      select 1 ${found()} and ${other}.id = substr(ref, length(${prefix}::text) + 1) offset 0) offset 0)`
}

export function hasSql(
  { source, link, of }: OfKind<'has'>,
  type: string,
  { alias, push, printing, printAll }: Following,
): string {
  const other = `${alias}_by`
  const found = (rows?: string): string =>
    `${livingRows(source, other, printing, rows)}${printAll(of, other, printing)}`
  if (link.column !== undefined) {
    const column = `${other}.${link.column}`
    return printing.isNarrow
      ? `exists (select 1 ${found()} and ${column} = ${alias}.id offset 0)`
      : `${alias}.id in (select ${column} ${found()} and ${column} is not null)`
  }
  const prefix = push(prefixOf(link, type))
  if (printing.isNarrow) {
    const patient = patientOf(printing.visibility.get(source))
    const also = patient === undefined ? '' : `patient = ${push(patient)} and `
    const rows = referring(source, also, `${prefix}::text || ${alias}.id`)
    return `exists (select 1 ${found(rows)})`
  }
  return `${alias}.id in (select substr(ref, length(${prefix}::text) + 1)
    from (select ${other}.refs ${found()}) as referring, unnest(referring.refs) as ref
    where starts_with(ref, ${prefix}::text))`
}

/**
 * The rows that have the key, looked up before anything else is asked of them (`offset 0`). Of a key that is not
 * known yet the planner expects one row in a hundred; said twice it is one in twenty thousand.
 */
function referring(source: string, also: string, key: string): string {
  const keys = `array[search_key(${key})]`
  return `(select * from ${tableOf(source)} where ${also}keys @> ${keys} and keys && ${keys} offset 0)`
}

function prefixOf({ code }: Link, type: string): string {
  return `${code}|${type}/`
}

/**
 * The row's own visibility governs: whoever sees it knows whose it is, and nobody else gets a row. A custodian's
 * own id finds that custodian's rows alone. The first condition is for the index on the patient.
 */
export function patientIdentifierSql(
  entries: readonly string[],
  alias: string,
  push: Push,
): string {
  const wanted = `${push(entries)}::text[]`
  const national = `select identified.id from resource_patient identified
      where ${keysSql('identified', entries, push)} and not identified.quarantined`
  const own = `select own.patient from patient_identifier own where own.tokens && ${wanted}`
  return `(${alias}.patient = any(array(${national} union ${own}))
    and (exists (${national} and identified.type = 'Patient' and identified.id = ${alias}.patient)
      or exists (${own} and own.patient = ${alias}.patient and own.custodian = ${alias}.custodian)))`
}

/** A custodian's own id finds the Patient of whom something of that custodian's is to be seen. */
export function ownIdentifierSql(
  entries: readonly string[],
  alias: string,
  { push, printing }: Pick<Following, 'push' | 'printing'>,
): string {
  const material = visibleMaterial(
    printing,
    'about.patient = own.patient and about.custodian = own.custodian',
  )
  return `(${keysSql(alias, entries, push)} or ${alias}.id = any(array(
    select own.patient from patient_identifier own
    where own.tokens && ${push(entries)}::text[] and ${material})))`
}
