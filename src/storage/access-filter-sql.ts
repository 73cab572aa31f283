/**
 * The second reader of an access filter: a WHERE clause over the columns of `resource`.
 *
 * Every atom is true or false, never null: what a column does not say is settled inside the atom, so
 * that `not` means what it means in `matches`. Null tests come as plain conjunctions rather than
 * `coalesce`, because the planner takes those apart and finds its index on patient or custodian.
 */
import type { AccessFilter } from '../domain/access/filter.ts'
import { wantedLabels } from '../domain/access/security-label.ts'

type Atom = Exclude<
  AccessFilter,
  { readonly kind: 'and' | 'or' | 'not' | 'everything' | 'nothing' }
>
type ListAtom = Extract<Atom, { readonly in: readonly string[] }>
type DateAtom = Extract<Atom, { readonly kind: 'dated' | 'may-be-dated' }>

/** Where a clause is printed: the row's alias, and the statement's parameters so far. */
interface Printer {
  readonly alias: string
  readonly parameters: unknown[]
  readonly printAtom: (atom: Atom, to: Printer) => string
}

/**
 * Prints `filter` as a boolean expression over the row `alias` of table `resource`, pushing its values
 * onto `parameters` (the statement's own come first; numbering goes on from there).
 */
export function accessFilterSql(
  filter: AccessFilter,
  alias: string,
  parameters: unknown[],
): string {
  return print(filter, { alias, parameters, printAtom: printResourceAtom })
}

/**
 * The same over the log, alias of view `audit_event_row`: an event is its patient's, and that of the custodians
 * it touched and the member that asked. Of studies, modalities and the like it says nothing.
 */
export function auditFilterSql(filter: AccessFilter, alias: string, parameters: unknown[]): string {
  return print(filter, { alias, parameters, printAtom: printAuditAtom })
}

function printAuditAtom(atom: Atom, to: Printer): string {
  const { alias } = to
  switch (atom.kind) {
    case 'patient':
      return `(${alias}.patient is not null and ${alias}.patient = ${push(atom.is, to)})`
    case 'custodian': {
      const named = list(atom.in, to)
      return `(coalesce(${alias}.member = any(${named}), false) or ${alias}.custodians && ${named})`
    }
    // Unknown: a refusal reaches it, a permission does not.
    case 'may-have-modality':
    case 'may-have-body-region':
    case 'may-be-dated':
      return 'true'
    default:
      return 'false'
  }
}

function print(filter: AccessFilter, to: Printer): string {
  switch (filter.kind) {
    case 'everything':
      return 'true'
    case 'nothing':
      return 'false'
    case 'and':
    case 'or':
      return join(filter, to)
    case 'not':
      return `not (${print(filter.of, to)})`
    default:
      return to.printAtom(filter, to)
  }
}

function printResourceAtom(filter: Atom, to: Printer): string {
  switch (filter.kind) {
    case 'no-custodian':
      return `${to.alias}.custodian is null`
    case 'patient':
      return `(${to.alias}.patient is not null and ${to.alias}.patient = ${push(filter.is, to)})`
    case 'may-be-dated':
      return `(${to.alias}.started is null or (${within(filter, to)}))`
    case 'dated':
      return `(${to.alias}.started is not null and ${within(filter, to)})`
    default:
      return printList(filter, to)
  }
}

function join(filter: Extract<AccessFilter, { readonly kind: 'and' | 'or' }>, to: Printer): string {
  if (filter.of.length === 0) return filter.kind === 'and' ? 'true' : 'false'
  return `(${filter.of.map((part) => print(part, to)).join(` ${filter.kind} `)})`
}

function within({ from, until }: DateAtom, to: Printer): string {
  const bounds = [
    from === undefined ? undefined : `${to.alias}.started >= ${push(from, to)}::timestamptz`,
    until === undefined ? undefined : `${to.alias}.started < ${push(until, to)}::timestamptz`,
  ].filter((bound) => bound !== undefined)
  return bounds.length === 0 ? 'true' : bounds.join(' and ')
}

function printList(atom: ListAtom, to: Printer): string {
  const { alias } = to
  switch (atom.kind) {
    case 'custodian':
      return `(${alias}.custodian is not null and ${isOneOf(`${alias}.custodian`, atom.in, to)})`
    case 'any-study':
      return `${alias}.study_uids && ${list(atom.in, to)}`
    case 'only-studies':
      return knownAndOnly(`${alias}.study_uids`, list(atom.in, to))
    case 'may-have-modality':
      return unknownOrAny(`${alias}.modalities`, list(atom.in, to))
    case 'only-modalities':
      return knownAndOnly(`${alias}.modalities`, list(atom.in, to))
    case 'may-have-body-region':
      return unknownOrAny(`${alias}.body_regions`, list(atom.in, to))
    case 'only-body-regions':
      return knownAndOnly(`${alias}.body_regions`, list(atom.in, to))
    case 'label':
      return `(${alias}.labels <> '{}' and exists (${labels(atom.in, to)}))`
    case 'only-labels':
      return `(${alias}.labels <> '{}' and not exists (${labels(atom.in, to, 'not ')}))`
  }
}

/** One value is an equality: the index that begins with the column then also gives the order of the rest. */
function isOneOf(column: string, values: readonly string[], to: Printer): string {
  return values.length === 1
    ? `${column} = ${push(values[0], to)}`
    : `${column} = any(${list(values, to)})`
}

function knownAndOnly(column: string, named: string): string {
  return `(${column} <> '{}' and ${column} <@ ${named})`
}

function unknownOrAny(column: string, named: string): string {
  return `(${column} = '{}' or ${column} && ${named})`
}

function labels(named: readonly string[], to: Printer, negated: 'not ' | '' = ''): string {
  const { exact, codes } = wantedLabels(named)
  return (
    `select from unnest(${to.alias}.labels) as label where ${negated}(label = any(${list(exact, to)}) ` +
    `or split_part(label, '|', -1) = any(${list(codes, to)}))`
  )
}

function list(values: readonly string[], to: Printer): string {
  return `${push(values, to)}::text[]`
}

function push(value: unknown, { parameters }: Printer): string {
  parameters.push(value)
  return `$${parameters.length}`
}
