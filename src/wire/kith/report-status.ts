/** The status of a svarrapport: what it says of itself, and what its results say. */
import type { Element } from '@xmldom/xmldom'
import type { ReportStatus } from '../../domain/imaging/report.ts'
import { HubError } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'
import { codeAt } from './read-xml.ts'
import { INVESTIGATION_STATUSES, REPORT_STATUSES } from './status-table.ts'

/** ServType `C` is Kansellering: the whole report is taken back. */
const CANCELLATION = 'C'

/** `items` are the outermost results; a result without a status has that of those inside it. */
export function statusOfReport(report: Element, items: readonly Result[]): ReportStatus {
  if (codeAt(report, 'ServType') === CANCELLATION) return 'cancelled'
  const told = known(REPORT_STATUSES, codeAt(report, 'Status'), 'Status')
  const results = items.flatMap(statusesOf)
  const combined = combine(results) ?? told
  if (combined === undefined) throw unknown('Status')
  if (combined !== 'final') return combined
  return told ?? combined
}

/** A ResultItem with those inside it. */
export interface Result {
  readonly element: Element
  readonly inner: readonly Result[]
}

function statusesOf({ element, inner }: Result): readonly ReportStatus[] {
  const own = known(
    INVESTIGATION_STATUSES,
    codeAt(element, 'StatusInvestigation'),
    'StatusInvestigation',
  )
  return own === undefined ? inner.flatMap(statusesOf) : [own]
}

const UNFINISHED = ['registered', 'preliminary'] as const
const CHANGED = ['corrected', 'amended', 'appended'] as const

/** The whole is no further along than the least of its parts; what was deleted is no part of it. */
function combine(statuses: readonly ReportStatus[]): ReportStatus | undefined {
  const live = statuses.filter((status) => status !== 'cancelled')
  if (live.length === 0) return statuses[0]
  const isReady = live.some((status) => status !== 'registered')
  if (isReady && live.includes('registered')) return 'partial'
  const all = [...UNFINISHED, ...CHANGED, 'final' as const]
  return all.find((status) => live.includes(status))
}

function known(
  table: Readonly<Record<string, ReportStatus>>,
  code: string | undefined,
  place: string,
): ReportStatus | undefined {
  if (code === undefined) return undefined
  const status = lookup(table, code)
  if (status === undefined) throw unknown(place)
  return status
}

function unknown(location: string): HubError {
  const problems = [{ location, text: 'Is no status that a report can have' }]
  return new HubError('unprocessable', 'The report could not be read', { problems })
}
