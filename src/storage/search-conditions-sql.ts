/** Search conditions as SQL over one row of `resource`; values go into the statement's parameters. */
import type { Condition, DatePlace, DateTest } from '../wire/fhir/search.ts'
import { PREFIX_LENGTH } from '../wire/fhir/search-values.ts'
import { visibleMaterial, type Printing } from './visibility-sql.ts'

/** A boolean expression over row `alias`; the statement's parameters grow by the condition's values. */
export function conditionSql(condition: Condition, alias: string, printing: Printing): string {
  const push = (value: unknown): string => `$${printing.parameters.push(value)}`
  switch (condition.kind) {
    case 'id':
      return `${alias}.id = any(${push(condition.anyOf)}::text[])`
    case 'patient':
      return patientSql(condition.anyOf, alias, push)
    case 'patient-identifier':
      return patientIdentifierSql(condition.anyOf, alias, push)
    case 'own-identifier':
      return ownIdentifierSql(push(condition.anyOf), alias, printing)
    case 'token':
      return `${alias}.tokens && ${push(condition.anyOf)}::text[]`
    case 'not-token':
      return `not (${alias}.tokens && ${push(condition.anyOf)}::text[])`
    case 'reference':
      return `${alias}.refs && ${push(condition.anyOf)}::text[]`
    case 'exact-string':
      return `${alias}.strings && ${push(condition.anyOf)}::text[]`
    case 'string':
      return stringSql(condition, alias, push)
    case 'date':
      return dateSql(condition.place, condition.anyOf, { alias, push })
    case 'missing':
      return missingSql(condition, alias, push)
  }
}

type Push = (value: unknown) => string

/** One patient is an equality, so that the timeline index also gives the order. */
function patientSql(ids: readonly string[], alias: string, push: Push): string {
  return ids.length === 1
    ? `${alias}.patient = ${push(ids[0])}`
    : `${alias}.patient = any(${push(ids)}::text[])`
}

/**
 * The row's own visibility governs: whoever sees it knows whose it is, and nobody else gets a row. A custodian's
 * own id finds that custodian's rows alone. The first condition is for the index on the patient.
 */
function patientIdentifierSql(entries: readonly string[], alias: string, push: Push): string {
  const wanted = `${push(entries)}::text[]`
  const national = `select identified.id from resource_patient identified
      where identified.tokens && ${wanted} and not identified.quarantined`
  const own = `select own.patient from patient_identifier own where own.tokens && ${wanted}`
  return `${alias}.patient = any(array(${national} union ${own}))
    and (exists (${national} and identified.type = 'Patient' and identified.id = ${alias}.patient)
      or exists (${own} and own.patient = ${alias}.patient and own.custodian = ${alias}.custodian))`
}

/** A custodian's own id finds the Patient of whom something of that custodian's is to be seen. */
function ownIdentifierSql(entries: string, alias: string, printing: Printing): string {
  const material = visibleMaterial(
    printing,
    'about.patient = own.patient and about.custodian = own.custodian',
  )
  return `(${alias}.tokens && ${entries}::text[] or ${alias}.id = any(array(
    select own.patient from patient_identifier own
    where own.tokens && ${entries}::text[] and ${material})))`
}

function stringSql(
  { code, match, anyOf }: Extract<Condition, { readonly kind: 'string' }>,
  alias: string,
  push: Push,
): string {
  if (match === 'contains') {
    return `exists (select 1 from unnest(${alias}.strings) as entry, unnest(${push(anyOf)}::text[]) as wanted
      where starts_with(entry, ${push(`${code}|`)}) and strpos(substr(entry, ${code.length + 2}), wanted) > 0)`
  }
  const begins = `exists (select 1 from unnest(${alias}.strings) as entry, unnest(${push(
    anyOf.map((text) => `${code}|${text}`),
  )}::text[]) as wanted where starts_with(entry, wanted))`
  if (anyOf.some((text) => text.length < PREFIX_LENGTH)) return begins
  const prefixes = anyOf.map((text) => `${code}^${text.slice(0, PREFIX_LENGTH)}`)
  return `(${alias}.strings && ${push(prefixes)}::text[] and ${begins})`
}

interface DatePrinting {
  readonly alias: string
  readonly push: Push
}

function dateSql(place: DatePlace, tests: readonly DateTest[], to: DatePrinting): string {
  const { alias } = to
  switch (place.in) {
    case 'last-updated':
      return any(tests.map((test) => instantTestSql(test, `${alias}.last_updated`, to.push)))
    case 'clinical-date':
      return any(
        tests.map((test) =>
          testSql(test, { from: `${alias}.date_from`, until: `${alias}.date_until` }, to.push),
        ),
      )
    case 'strings': {
      const columns = { from: 'entry.from_time', until: 'entry.until_time' }
      return `exists (select 1 from (${dateEntriesSql(place.code, to)}) as entry
        where ${any(tests.map((test) => testSql(test, columns, to.push)))})`
    }
  }
}

/** `code@from/until`: both are ISO times of 24 characters. */
function dateEntriesSql(code: string, { alias, push }: DatePrinting): string {
  const start = code.length + 2
  return `select substr(text, ${start}, 24)::timestamptz as from_time,
      substr(text, ${start + 25}, 24)::timestamptz as until_time
    from unnest(${alias}.strings) as text where starts_with(text, ${push(`${code}@`)})`
}

/** R4 search, section 3.1.1.4.5: how each prefix compares the row's interval with the query's. */
function testSql(
  { prefix, value }: DateTest,
  row: { readonly from: string; readonly until: string },
  push: Push,
): string {
  const from = (): string => `${push(value.from)}::timestamptz`
  const until = (): string => `${push(value.until)}::timestamptz`
  const within = (): string => `(${row.from} >= ${from()} and ${row.until} <= ${until()})`
  switch (prefix) {
    case 'eq':
      return within()
    case 'ne':
      return `not ${within()}`
    case 'gt':
      return `${row.until} > ${until()}`
    case 'lt':
      return `${row.from} < ${from()}`
    case 'ge':
      return `(${row.until} > ${until()} or ${within()})`
    case 'le':
      return `(${row.from} < ${from()} or ${within()})`
    case 'sa':
      return `${row.from} >= ${until()}`
    case 'eb':
      return `${row.until} <= ${from()}`
    case 'ap':
      return `(${row.from} < ${until()} and ${row.until} > ${from()})`
  }
}

/** The same for a time without extent, as one range an index can use. */
function instantTestSql({ prefix, value }: DateTest, column: string, push: Push): string {
  const from = (): string => `${push(value.from)}::timestamptz`
  const until = (): string => `${push(value.until)}::timestamptz`
  switch (prefix) {
    case 'eq':
    case 'ap':
      return `(${column} >= ${from()} and ${column} < ${until()})`
    case 'ne':
      return `(${column} < ${from()} or ${column} >= ${until()})`
    case 'gt':
    case 'sa':
      return `${column} >= ${until()}`
    case 'ge':
      return `${column} >= ${from()}`
    case 'lt':
    case 'eb':
      return `${column} < ${from()}`
    case 'le':
      return `${column} < ${until()}`
  }
}

function missingSql(
  { where, code, missing }: Extract<Condition, { readonly kind: 'missing' }>,
  alias: string,
  push: Push,
): string {
  if (where === 'patient') return `${alias}.patient is ${missing ? '' : 'not '}null`
  if (where === 'clinical-date') return `${alias}.date_from is ${missing ? '' : 'not '}null`
  return `${missing ? 'not ' : ''}(${alias}.${where} @> ${push([code])}::text[])`
}

function any(alternatives: readonly string[]): string {
  return alternatives.length === 0 ? 'false' : `(${alternatives.join(' or ')})`
}
