/**
 * Which rows of a type a caller may see. Every statement that answers a caller has this in its WHERE
 * clause, so a search, its total, its included resources and a read cannot differ (access.md section 3).
 */
import type { AccessFilter } from '../domain/access/filter.ts'
import { lookup } from '../kernel/lookup.ts'
import { accessFilterSql } from './access-filter-sql.ts'

/** What a decision lets the caller see, by resource type; a type that is absent is not shown. */
export type Visibility = ReadonlyMap<string, AccessFilter>

/** Where each type's rows are. A name that is not here never reaches a statement. */
const PARTITIONS: Readonly<Record<string, string>> = {
  Patient: 'resource_patient',
  ImagingStudy: 'resource_imaging_study',
  DiagnosticReport: 'resource_report',
  Organization: 'resource_directory',
  Endpoint: 'resource_directory',
  Consent: 'resource_consent',
  Provenance: 'resource_provenance',
}

/** Resources the others are about: whoever sees none of them sees nothing of what tells of them. */
const CLINICAL_TYPES = ['ImagingStudy', 'DiagnosticReport'] as const

export interface Printing {
  readonly visibility: Visibility
  readonly parameters: unknown[]
}

/** `from` and the first conditions of a statement over the visible rows of `type`, deleted ones among them. */
export function visibleRows(type: string, alias: string, printing: Printing): string {
  return `from ${partitionOf(type)} ${alias} where ${visibleSql(type, alias, printing)}`
}

/** Throws on a type that is not stored as rows: a mistake in the program, not in a request. */
function partitionOf(type: string): string {
  const partition = lookup(PARTITIONS, type)
  if (partition === undefined) throw new Error(`No table holds resources of type ${type}`)
  return partition
}

function visibleSql(type: string, alias: string, printing: Printing): string {
  const filter = printing.visibility.get(type)
  if (filter === undefined) return 'false'
  return `${alias}.type = '${type}' and not ${alias}.quarantined and ${ruleOf(type, filter)(alias, printing)}`
}

type PrintRule = (alias: string, printing: Printing) => string

function ruleOf(type: string, filter: AccessFilter): PrintRule {
  if (type === 'Patient') return patientSql
  if (type === 'Provenance') return provenanceSql
  return (alias, { parameters }) => accessFilterSql(filter, alias, parameters)
}

/** A patient is known to those who may see something of the patient's. */
function patientSql(alias: string, printing: Printing): string {
  return visibleMaterial(printing, `about.patient = ${alias}.id`)
}

/** Whether there is a clinical row `about` that the caller sees and `condition` holds for. */
export function visibleMaterial(printing: Printing, condition: string): string {
  return any(
    visibleTypes(printing).map(
      (type) => `exists (select 1 ${visibleRows(type, 'about', printing)}
        and about.content is not null and ${condition})`,
    ),
  )
}

/** Provenance is visible with its target. */
function provenanceSql(alias: string, printing: Printing): string {
  return any(
    visibleTypes(printing).map(
      (type) => `exists (select 1 ${visibleRows(type, 'about', printing)}
        and about.content is not null and about.id = any(array(
          select substr(entry, ${`target|${type}/`.length + 1}) from unnest(${alias}.refs) as entry
          where starts_with(entry, 'target|${type}/'))))`,
    ),
  )
}

function visibleTypes({ visibility }: Printing): readonly string[] {
  return CLINICAL_TYPES.filter((type) => visibility.has(type))
}

function any(alternatives: readonly string[]): string {
  return alternatives.length === 0 ? 'false' : `(${alternatives.join(' or ')})`
}
