/**
 * Which rows of a type a caller may see. Every statement that answers a caller has this in its WHERE
 * clause, so a search, its total, its included resources and a read cannot differ (access.md section 3).
 */
import type { AccessFilter } from '../domain/access/filter.ts'
import type { PatientId } from '../kernel/ids.ts'
import { accessFilterSql, auditFilterSql } from './access-filter-sql.ts'
import { tableOf } from './resource-tables.ts'

/** What a decision lets the caller see, by resource type; a type that is absent is not shown. */
export type Visibility = ReadonlyMap<string, AccessFilter>

/**
 * Resources about a patient, by which alone the Patient is seen, and the Provenance that tells of them.
 * Whoever asks for one of those two decides on these as well.
 */
export const CLINICAL_TYPES = [
  'ImagingStudy',
  'DiagnosticReport',
  'Observation',
  'ServiceRequest',
  'DocumentReference',
  'Task',
  'List',
] as const

export interface Printing {
  readonly visibility: Visibility
  readonly parameters: unknown[]
}

/**
 * `from` and the first conditions of a statement over the visible rows of `type`, deleted ones among them; of those
 * that `source` has, where it is given.
 */
export function visibleRows(
  type: string,
  alias: string,
  printing: Printing,
  source = tableOf(type),
): string {
  return `from ${source} ${alias} where ${visibleSql(type, alias, printing)}`
}

/** The same without what was deleted. */
export function livingRows(
  type: string,
  alias: string,
  printing: Printing,
  source = tableOf(type),
): string {
  return `${visibleRows(type, alias, printing, source)} and ${alias}.content is not null`
}

function visibleSql(type: string, alias: string, printing: Printing): string {
  const filter = printing.visibility.get(type)
  if (filter === undefined) return 'false'
  return `${alias}.type = '${type}' and not ${alias}.quarantined and ${ruleOf(type, filter)(alias, printing)}`
}

type PrintRule = (alias: string, printing: Printing) => string

function ruleOf(type: string, filter: AccessFilter): PrintRule {
  switch (type) {
    case 'Patient':
      return patientSql
    case 'Provenance':
      return provenanceSql
    case 'Binary':
      return (alias, printing) => binarySql(filter, alias, printing)
    case 'AuditEvent':
      return (alias, { parameters }) => auditFilterSql(filter, alias, parameters)
    default:
      return (alias, { parameters }) => accessFilterSql(filter, alias, parameters)
  }
}

/**
 * A patient is known to those who may see something of the patient's; one that was replaced, something of the
 * survivor's, whose id its column `patient` has.
 */
function patientSql(alias: string, printing: Printing): string {
  const material = visibleMaterial(printing, `about.patient = ${alias}.patient`)
  const [only, ...others] = new Set(
    visibleTypes(printing).map((type) => patientOf(printing.visibility.get(type))),
  )
  if (only === undefined || others.length > 0) return material
  // It follows, and tells a database that is spread by patient where to look.
  return `(${alias}.patient = $${printing.parameters.push(only)} and ${material})`
}

/** The one patient that the filter is about, where it says so on its own: where a spread database looks for rows. */
export function patientOf(filter: AccessFilter | undefined): PatientId | undefined {
  if (filter?.kind === 'patient') return filter.is
  if (filter?.kind !== 'and') return undefined
  return filter.of.map(patientOf).find((patient) => patient !== undefined)
}

/**
 * Whether there is a clinical row `about` that the caller sees and `condition` holds for. `offset 0` keeps it a
 * look-up for each row: the planner would else read all that the caller may see to have it ready.
 */
export function visibleMaterial(printing: Printing, condition: string): string {
  return any(
    visibleTypes(printing).map(
      (type) =>
        `exists (select 1 ${livingRows(type, 'about', printing)} and ${condition} offset 0)`,
    ),
  )
}

/** Provenance is visible with its target. */
function provenanceSql(alias: string, printing: Printing): string {
  return any(
    visibleTypes(printing).map(
      (type) => `exists (select 1 ${livingRows(type, 'about', printing)} and about.id = any(array(
          select substr(entry, ${`target|${type}/`.length + 1}) from unnest(${alias}.refs) as entry
          where starts_with(entry, 'target|${type}/'))) offset 0)`,
    ),
  )
}

/** What a Binary refers to by its `securityContext`, among its `refs`. */
export function contextRef({ type, id }: { readonly type: string; readonly id: string }): string {
  return `context|${type}/${id}`
}

/** A Binary is as open as its security context is now, whatever that was when the bytes came (R4 binary). */
function binarySql(filter: AccessFilter, alias: string, { parameters }: Printing): string {
  const [own, others] = [alias, 'context'].map((row) => accessFilterSql(filter, row, parameters))
  const [name, start] = [`${alias}.refs[1]`, contextRef({ type: '', id: '' }).length]
  return `${own} and (${alias}.refs = '{}' or exists (select 1 from resource context
    where context.type = split_part(substr(${name}, ${start}), '/', 1) and context.id = split_part(${name}, '/', 2)
      and context.content is not null and not context.quarantined and ${others} offset 0))`
}

function visibleTypes({ visibility }: Printing): readonly string[] {
  return CLINICAL_TYPES.filter((type) => visibility.has(type))
}

function any(alternatives: readonly string[]): string {
  return alternatives.length === 0 ? 'false' : `(${alternatives.join(' or ')})`
}
