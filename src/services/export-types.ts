/** What can be exported at each level. */
import { PATIENT_COMPARTMENT } from '../wire/fhir/patient-compartment-table.ts'
import type { ExportLevel } from './sealed-export.ts'
import { SERVED_TYPES } from './served-types-table.ts'

export type { ExportLevel }

/** The log is no part of the registry: operators export it as it was signed. */
const REGISTRY: readonly string[] = Object.keys(SERVED_TYPES).filter(
  (type) => type !== 'AuditEvent',
)

export function exportedTypes(level: ExportLevel): readonly string[] {
  return level === 'system' ? REGISTRY : PATIENT_COMPARTMENT
}
