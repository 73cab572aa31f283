/** The rows there are and who sees which of them: access.md section 3, read straight. */
import { parameterOf } from './definitions.ts'
import { valuesOf, type Resource } from './elements.ts'

export interface Row {
  readonly type: string
  readonly id: string
  readonly resource: Resource
  /** When it was written. */
  readonly at: Date
  readonly custodian?: string | undefined
  /** Whose it is, by the registry's own knowledge. */
  readonly patient?: string | undefined
  readonly hidden?: 'quarantined' | 'deleted' | undefined
}

export type Filter =
  | { readonly kind: 'everything' | 'no-custodian' }
  | { readonly kind: 'custodian'; readonly in: readonly string[] }
  | { readonly kind: 'patient'; readonly is: string }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }

export interface Viewer {
  readonly member: string
  readonly filter: Filter
}

/** Visible rows of one viewer. */
export interface View {
  readonly base: string
  readonly rows: ReadonlyMap<string, readonly Row[]>
  row(type: string, id: string): Row | undefined
  /** Whoever sees what is about a person may ask for it by that person's identifiers, seen or not. */
  person(id: string): Row | undefined
}

const ABOUT_PATIENTS =
  'ImagingStudy DiagnosticReport Observation ServiceRequest DocumentReference Task List'.split(' ')

export function viewOf(all: readonly Row[], base: string, viewer: Viewer): View {
  const living = all.filter(({ hidden }) => hidden === undefined)
  const allowed = living.filter((row) => isAllowed(row, viewer.filter))
  const clinical = allowed.filter(({ type }) => ABOUT_PATIENTS.includes(type))
  const names = new Set(clinical.map(nameOf))
  const patients = new Set(clinical.map(({ patient }) => patient))
  const visible = living.filter((row) => {
    switch (row.type) {
      case 'Patient':
        return patients.has(row.id)
      case 'Provenance':
        return targetsOf(row, 'target', base).some((target) => names.has(target))
      case 'AuditEvent':
        return row.custodian === viewer.member
      default:
        return isAllowed(row, viewer.filter)
    }
  })
  const byName = new Map(visible.map((row) => [nameOf(row), row]))
  const rows = new Map<string, Row[]>()
  for (const row of visible) rows.set(row.type, [...(rows.get(row.type) ?? []), row])
  const persons = new Map(
    living.filter(({ type }) => type === 'Patient').map((row) => [row.id, row]),
  )
  return {
    base,
    rows,
    row: (type, id) => byName.get(`${type}/${id}`),
    person: (id) => persons.get(id),
  }
}

function isAllowed(row: Row, filter: Filter): boolean {
  switch (filter.kind) {
    case 'everything':
      return true
    case 'no-custodian':
      return row.custodian === undefined
    case 'custodian':
      return row.custodian !== undefined && filter.in.includes(row.custodian)
    case 'patient':
      return row.patient === filter.is
    case 'and':
      return filter.of.every((one) => isAllowed(row, one))
    case 'or':
      return filter.of.some((one) => isAllowed(row, one))
    case 'not':
      return !isAllowed(row, filter.of)
  }
}

export function nameOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}/${id}`
}

const targets = new WeakMap<Row, Map<string, readonly string[]>>()

/** Names of what a row refers to; `base` is one and the same for a row. */
export function targetsOf(row: Row, code: string, base: string): readonly string[] {
  const known = targets.get(row) ?? new Map<string, readonly string[]>()
  targets.set(row, known)
  const found = known.get(code) ?? findTargets(row, code, base)
  known.set(code, found)
  return found
}

/** The custodian is the registry's own knowledge; everything else stands in the resource. */
function findTargets(row: Row, code: string, base: string): readonly string[] {
  const parameter = parameterOf(row.type, code)
  if (parameter?.type !== 'reference') return []
  if (isCustodian(row.type, code))
    return row.custodian === undefined ? [] : [`Organization/${row.custodian}`]
  return valuesOf(parameter, row.resource).flatMap(({ value }) => {
    const text: unknown = typeof value === 'string' ? value : value.reference
    const target = typeof text === 'string' ? withoutVersion(text, base) : ''
    return /^[A-Z]\w+\/[\w.-]+$/.test(target) ? [target] : []
  })
}

export function isCustodian(type: string, code: string): boolean {
  return code === 'custodian' && (type === 'ImagingStudy' || type === 'DiagnosticReport')
}

/** Relative where it is of this registry. */
export function withoutVersion(reference: string, base: string): string {
  const own = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference
  return own.replace(/\/_history\/[^/]+$/, '')
}
