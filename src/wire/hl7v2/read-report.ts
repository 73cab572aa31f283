/**
 * ORU^R01, versions 2.3 to 2.5 (chapter 7): each examination with text or documents becomes one report, and
 * examinations that have neither belong to the one they stand beside.
 */
import { makeTimeZone, type TimeZone } from '../../domain/imaging/study-time.ts'
import type { ReceivedReport, ReportActor, ReportCode } from '../../domain/imaging/report.ts'
import { isNcrpCode, NCRP_SYSTEM } from '../../domain/imaging/ncrp.ts'
import { isUid, parseStudyUid } from '../../domain/imaging/uid.ts'
import type { StudyUid } from '../../kernel/ids.ts'
import { lookup } from '../../kernel/lookup.ts'
import { ERROR_CODES, Hl7Fault } from './fault.ts'
import {
  partOf,
  repetitionsOf,
  valueAt,
  type Hl7Message,
  type Hl7Repetition,
  type Hl7Segment,
} from './message.ts'
import { patientClaimOf, type Authorities } from './patient-claim.ts'
import { groupReports, type ReportGroup } from './report-groups.ts'
import { readContent } from './report-content.ts'
import { groupStatus } from './report-status.ts'
import { parseTimestamp } from './time.ts'

export interface ReportReading {
  readonly authorities: Authorities
  /** IANA zone of times without an offset. */
  readonly timeZone: string
}

/** Throws `Hl7Fault` naming the place of what is missing or wrong. */
export function readReports(
  message: Hl7Message,
  { authorities, timeZone }: ReportReading,
): readonly ReceivedReport[] {
  const { pid, groups } = groupReports(message)
  const patient = patientClaimOf(pid, authorities)
  const zone = makeTimeZone(timeZone)
  return groups.map((group) => ({ ...readGroup(group, message.header, zone), patient }))
}

function readGroup(
  group: ReportGroup,
  header: Hl7Segment,
  zone: TimeZone,
): Omit<ReceivedReport, 'patient'> {
  const { obr, orders } = group
  const all = orders.map(({ obr: each }) => each)
  return {
    identifier: fillerNumber(group),
    status: groupStatus(group),
    issued: issuedAt(obr, header, zone),
    examined: parseTimestamp(valueAt(obr, '7'), zone),
    ...linksOf(group),
    procedures: all.flatMap((each) => codesAt(each, 4)),
    categories: categoriesOf(all),
    ...readContent(group),
    responsible: [32, 33, 35].flatMap((field) => actorsAt(obr, field)),
    requester: actorsAt(obr, 16)[0] ?? actorsAt(group.orc, 12)[0],
    reason: valueAt(obr, '31.2') ?? valueAt(obr, '31.1') ?? valueAt(obr, '13'),
  }
}

/** EI: entity identifier ^ namespace ^ universal id ^ its type. */
function fillerNumber({ obr, orc }: ReportGroup): ReceivedReport['identifier'] {
  const [number] = [...repetitionsOf(obr, 3), ...(orc === undefined ? [] : repetitionsOf(orc, 3))]
  const value = number === undefined ? undefined : partOf(number, 1)
  if (number === undefined || value === undefined) {
    const text = 'A report is known by its filler order number'
    const place = `OBR(${obr.sequence})-3`
    throw new Hl7Fault({ code: ERROR_CODES.requiredFieldMissing, text, place })
  }
  const universal = partOf(number, 3) ?? ''
  return { ...(isUid(universal) && { system: `urn:oid:${universal}` }), value }
}

/** What orders the versions must be there: OBR-22, or at least when the message was made. */
function issuedAt(obr: Hl7Segment, header: Hl7Segment, zone: TimeZone): Date {
  const told = valueAt(obr, '22')
  const issued = parseTimestamp(told ?? valueAt(header, '7'), zone)
  if (issued !== undefined) return issued.instant
  const place = told === undefined ? 'MSH-7' : `OBR(${obr.sequence})-22`
  throw new Hl7Fault({ code: ERROR_CODES.dataType, text: 'Is no time', place })
}

type Links = Pick<ReceivedReport, 'studyUids' | 'accessions' | 'orders'>

/**
 * An accession number of its own place (IPC-1, OBR-18) counts; only where there is none does the filler's
 * number stand for it, as IHE's Scheduled Workflow has it.
 */
function linksOf({ orders, others }: ReportGroup): Links {
  const ipc = others.filter(({ name }) => name === 'IPC')
  const zds = others.filter(({ name }) => name === 'ZDS')
  const told = [
    ...ipc.flatMap((segment) => valueAt(segment, '1') ?? []),
    ...orders.flatMap(({ obr }) => valueAt(obr, '18') ?? []),
  ]
  const numbers = (place: string): readonly string[] =>
    orders.flatMap(({ obr, orc }) => [valueAt(obr, place) ?? [], valueAt(orc, place) ?? []].flat())
  const uids = [
    ...ipc.flatMap((segment) => valueAt(segment, '3') ?? []),
    ...zds.flatMap((segment) => valueAt(segment, '1') ?? []),
  ]
  return {
    accessions: distinct(told.length > 0 ? told : numbers('3.1')),
    orders: distinct(numbers('2.1')),
    studyUids: distinct(uids).map(toStudyUid),
  }
}

function toStudyUid(text: string): StudyUid {
  if (isUid(text)) return parseStudyUid(text)
  throw new Hl7Fault({
    code: ERROR_CODES.dataType,
    text: 'Is no Study Instance UID',
    place: 'IPC-3',
  })
}

/** Coding systems of HL7 table 0396, and how Norwegian senders call NCRP. */
const CODE_SYSTEMS: Readonly<Record<string, string>> = {
  LN: 'http://loinc.org',
  SCT: 'http://snomed.info/sct',
  RADLEX: 'http://radlex.org',
  NCRP: NCRP_SYSTEM,
  '7270': NCRP_SYSTEM,
}

/** CE: identifier ^ text ^ system, and an alternate after it. */
function codesAt(segment: Hl7Segment, field: number): readonly ReportCode[] {
  return repetitionsOf(segment, field).flatMap((ce) => [codeAt(ce, 1), codeAt(ce, 4)].flat())
}

function codeAt(ce: Hl7Repetition, first: number): readonly ReportCode[] {
  const [code, display, named] = [partOf(ce, first), partOf(ce, first + 1), partOf(ce, first + 2)]
  if (code === undefined && display === undefined) return []
  const oid = isUid(named ?? '') ? `urn:oid:${named ?? ''}` : undefined
  const told = lookup(CODE_SYSTEMS, named ?? '') ?? oid
  const isKnown = told !== NCRP_SYSTEM || isNcrpCode(code ?? '')
  return [{ system: isKnown ? told : undefined, code, display }]
}

/** OBR-24, diagnostic service section (HL7 table 0074). */
function categoriesOf(all: readonly Hl7Segment[]): readonly ReportCode[] {
  const codes = distinct(all.flatMap((obr) => valueAt(obr, '24') ?? []))
  const known = codes.filter((code) => /^[A-Z0-9]{2,4}$/.test(code))
  return known.map((code) => ({ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code }))
}

const HPR = 'urn:oid:2.16.578.1.12.4.1.4.4'

/** XCN, or NDL whose first component is one with its parts as subcomponents (OBR-32). */
function actorsAt(segment: Hl7Segment | undefined, field: number): readonly ReportActor[] {
  if (segment === undefined) return []
  return repetitionsOf(segment, field).flatMap((xcn) => {
    const part = (index: number): string | undefined =>
      isNested(xcn) ? partOf(xcn, 1, index) : partOf(xcn, index)
    const [value, family, given] = [part(1), part(2), part(3)]
    const name = [given, family].filter((word) => word !== undefined).join(' ')
    if (value === undefined && name === '') return []
    const isHpr = (isNested(xcn) ? undefined : partOf(xcn, 13)) === 'HPR' || isHprAuthority(xcn)
    return [{ value, ...(name !== '' && { name }), ...(isHpr && { system: HPR }) }]
  })
}

function isNested({ text, segment }: Hl7Repetition): boolean {
  const { component, subcomponent } = segment.delimiters
  const [first = ''] = text.split(component, 1)
  return subcomponent !== '' && first.includes(subcomponent)
}

function isHprAuthority(xcn: Hl7Repetition): boolean {
  const authorities = isNested(xcn)
    ? [partOf(xcn, 1, 9), partOf(xcn, 1, 10), partOf(xcn, 1, 8)]
    : [partOf(xcn, 9, 1), partOf(xcn, 9, 2), partOf(xcn, 8)]
  return authorities.some((name) => name === 'HPR' || `urn:oid:${name ?? ''}` === HPR)
}

function distinct<Value>(values: readonly Value[]): readonly Value[] {
  return [...new Set(values)]
}
