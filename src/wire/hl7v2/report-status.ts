/** The status of a report: OBR-25 speaks, and the observations where it is silent or says less. */
import type { ReportStatus } from '../../domain/imaging/report.ts'
import { lookup } from '../../kernel/lookup.ts'
import { ERROR_CODES, Hl7Fault } from './fault.ts'
import { valueAt, type Hl7Segment } from './message.ts'
import { isAddendum } from './report-content.ts'
import type { ReportGroup } from './report-groups.ts'
import { OBSERVATION_STATUSES, RESULT_STATUSES } from './report-status-table.ts'

/** Throws `Hl7Fault` for a status that is none of HL7's, or that says that there is no report. */
export function groupStatus({ obr, obx }: ReportGroup): ReportStatus {
  const observed = obx.flatMap(observationStatus)
  const told = valueAt(obr, '25')
  if (told === undefined && observed.length === 0) throw unknown(`OBR(${obr.sequence})-25`)
  const result = told === undefined ? leastOf(observed) : lookup(RESULT_STATUSES, told)
  if (result === undefined) throw unknown(`OBR(${obr.sequence})-25`)
  if (observed.length > 0 && observed.every((status) => status === 'entered-in-error'))
    return 'entered-in-error'
  if (result !== 'final') return result
  if (observed.includes('corrected')) return 'corrected'
  if (observed.includes('amended')) return 'amended'
  return observed.includes('appended') || obx.some(isAddendum) ? 'appended' : 'final'
}

function observationStatus(obx: Hl7Segment): readonly ReportStatus[] {
  const told = valueAt(obx, '11')
  if (told === undefined) return []
  const status = lookup(OBSERVATION_STATUSES, told)
  if (status === undefined) throw unknown(`OBX(${obx.sequence})-11`)
  return [status]
}

/** The whole is no further along than the least of its parts; what was taken out is no part of it. */
function leastOf(statuses: readonly ReportStatus[]): ReportStatus | undefined {
  const live = statuses.filter((status) => status !== 'entered-in-error' && status !== 'cancelled')
  const [only = statuses[0]] = live
  const order = ['registered', 'partial', 'preliminary'] as const
  return order.find((status) => live.includes(status)) ?? (live.includes('final') ? 'final' : only)
}

function unknown(place: string): Hl7Fault {
  return new Hl7Fault({
    code: ERROR_CODES.tableValueNotFound,
    text: 'Is no status that a report can have',
    place,
  })
}
