/** Taking an ORU^R01 apart: one patient, and the examinations that each report is about. */
import { ERROR_CODES, Hl7Fault } from './fault.ts'
import { valueAt, type Hl7Message, type Hl7Segment } from './message.ts'

/** ORC and OBR of one examination. */
export interface ReportedOrder {
  readonly orc: Hl7Segment | undefined
  readonly obr: Hl7Segment
}

export interface ReportGroup extends ReportedOrder {
  /** The group's own first, then those that share its text. */
  readonly orders: readonly ReportedOrder[]
  readonly obx: readonly Hl7Segment[]
  /** Everything else among them: NTE, IPC, ZDS. */
  readonly others: readonly Hl7Segment[]
}

interface Growing extends ReportedOrder {
  readonly obx: Hl7Segment[]
  readonly others: Hl7Segment[]
}

const MAX_ORDERS = 100

/** Throws `Hl7Fault` where there is no patient or more than one, or no examination. */
export function groupReports(message: Hl7Message): {
  readonly pid: Hl7Segment
  readonly groups: readonly ReportGroup[]
} {
  const [pid, second] = message.segments.filter(({ name }) => name === 'PID')
  if (pid === undefined) throw missing('PID', 'A report is about a patient')
  if (second !== undefined)
    throw missing('PID(2)', 'Send the reports of each patient in a message of their own')
  const orders = splitOrders(message.segments)
  if (orders.length === 0) throw missing('OBR', 'A report is about an examination')
  if (orders.length > MAX_ORDERS) throw missing('OBR', 'The message has too many examinations')
  return { pid, groups: joinShared(orders) }
}

/** ORC stands before its OBR; in 2.3 it may be missing. */
function splitOrders(segments: readonly Hl7Segment[]): readonly Growing[] {
  const orders: Growing[] = []
  let orc: Hl7Segment | undefined
  for (const segment of segments) {
    if (segment.name === 'ORC') orc = segment
    else if (segment.name === 'OBR') {
      orders.push({ orc, obr: segment, obx: [], others: [] })
      orc = undefined
    } else {
      const current = orders.at(-1)
      if (segment.name === 'OBX') current?.obx.push(segment)
      else current?.others.push(segment)
    }
  }
  return orders
}

/**
 * Several examinations with one text have it under the first of them. One that is cancelled says so by itself;
 * several of one filler number are one report.
 */
function joinShared(orders: readonly Growing[]): readonly ReportGroup[] {
  const groups: Growing[][] = []
  for (const order of orders) {
    const same = groups.find((group) => fillerOf(group[0]) === fillerOf(order))
    const shared = isReport(order) && groups.at(-1)?.some(isReport) !== false
    const host = same ?? (shared ? undefined : groups.at(-1))
    if (host === undefined) groups.push([order])
    else host.push(order)
  }
  return groups.flatMap((group) => {
    // The one with the text is the report; what came before it without any shares it.
    const [first] = [...group.filter(({ obx }) => obx.length > 0), ...group]
    if (first === undefined) return []
    return [
      {
        orc: first.orc,
        obr: first.obr,
        orders: [first, ...group.filter((order) => order !== first)],
        obx: group.flatMap(({ obx }) => obx),
        others: group.flatMap(({ others }) => others),
      },
    ]
  })
}

function fillerOf(order: ReportedOrder | undefined): string | undefined {
  return valueAt(order?.obr, '3.1') ?? valueAt(order?.orc, '3.1')
}

/** Whether it stands for itself: it has text, or says that it was cancelled. */
function isReport({ obr, obx }: Growing): boolean {
  return obx.length > 0 || valueAt(obr, '25') === 'X'
}

function missing(place: string, text: string): Hl7Fault {
  return new Hl7Fault({ code: ERROR_CODES.segmentSequence, text, place })
}
