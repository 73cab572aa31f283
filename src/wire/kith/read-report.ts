/**
 * The Norwegian svarrapport of radiology, versions 1.3 (2008-12-01) and 1.4 (2012-02-15), by KITH's schema: a
 * Message with reports (one, from 1.4 on), a report with results that may stand inside one another.
 */
import type { Element } from '@xmldom/xmldom'
import {
  makeTimeZone,
  studyStart,
  type StudyStart,
  type TimeZone,
} from '../../domain/imaging/study-time.ts'
import type {
  ReceivedReport,
  ReportActor,
  ReportCode,
  ReportDocument,
  ReportSection,
} from '../../domain/imaging/report.ts'
import { isNcrpCode, NCRP_SYSTEM } from '../../domain/imaging/ncrp.ts'
import { isUid } from '../../domain/imaging/uid.ts'
import { HubError } from '../../kernel/errors.ts'
import { lookup } from '../../kernel/lookup.ts'
import { actorOf, patientOf } from './actors.ts'
import { CATEGORIES, HEADINGS, VOLVEN } from './codes-table.ts'
import { childrenOf, codeAt, elementAt, linesOf, readXml, textAt } from './read-xml.ts'
import { statusOfReport, type Result } from './report-status.ts'

export interface KithReading {
  /** Assigning authority of the sender's own patient ids; absent where it has none. */
  readonly localSystem?: string | undefined
  /** IANA zone of times without an offset. */
  readonly timeZone: string
}

const NAMESPACES: ReadonlySet<string> = new Set([
  'http://www.kith.no/xmlstds/labsvar/2008-12-01',
  'http://www.kith.no/xmlstds/labsvar/2012-02-15',
])
const MAX_REPORTS = 20
const MAX_RESULTS = 1000

/**
 * Throws `invalid` for what is no such message, `unprocessable` with the places of what is missing in one.
 * A message of another service than radiology is `unprocessable`: it is not for this hub.
 */
export function readKithReports(
  bytes: Uint8Array,
  reading: KithReading,
): readonly ReceivedReport[] {
  const message = readXml(bytes)
  if (message.localName !== 'Message' || !NAMESPACES.has(message.namespaceURI ?? ''))
    throw new HubError('invalid', 'The document is no svarrapport of version 1.3 or 1.4')
  const reports = childrenOf(message, 'ServReport')
  if (reports.length === 0) throw refusal('ServReport', 'Is missing')
  if (reports.length > MAX_REPORTS) throw refusal('ServReport', 'Are too many for one message')
  const zone = makeTimeZone(reading.timeZone)
  return reports.map((report) => readReport(report, { message, zone, reading }))
}

interface Surroundings {
  readonly message: Element
  readonly zone: TimeZone
  readonly reading: KithReading
}

function readReport(report: Element, around: Surroundings): ReceivedReport {
  const category = codeAt(report, 'MsgDescr')
  if (category === undefined || !CATEGORIES.has(category))
    throw refusal('ServReport.MsgDescr', 'Is no report of radiology')
  const value = textAt(report, 'ServProvId')
  if (value === undefined) throw refusal('ServReport.ServProvId', 'A report is known by it')
  const patient = elementAt(report, 'Patient')
  if (patient === undefined) throw refusal('ServReport.Patient', 'A report is about a patient')
  const results = resultsIn(patient)
  const all = results.flatMap(withInner)
  return {
    identifier: { value },
    status: statusOfReport(report, results),
    issued: issuedAt(report, around),
    examined: firstOf(all.map((item) => timeAt(item, 'InvDate', around.zone))),
    patient: patientOf(patient, around.reading.localSystem),
    ...linksOf(report, all),
    procedures: proceduresOf(all),
    categories: [
      { system: VOLVEN(8202), code: category, display: codeAt(report, 'MsgDescr', 'DN') },
    ],
    sections: sectionsOf(report, all),
    documents: childrenOf(report, 'RefDoc').flatMap(documentOf),
    responsible: responsibleFor(report, all),
    requester: requesterOf(report, patient),
    reason: reasonOf(report),
  }
}

function resultsIn(parent: Element): readonly Result[] {
  let count = 0
  const read = (element: Element): readonly Result[] =>
    childrenOf(element, 'ResultItem').map((item) => {
      count += 1
      if (count > MAX_RESULTS) throw refusal('ResultItem', 'Are too many for one report')
      return { element: item, inner: read(item) }
    })
  return read(parent)
}

function withInner({ element, inner }: Result): readonly Element[] {
  return [element, ...inner.flatMap(withInner)]
}

/**
 * IssueDate is the first version's and stays (NILAR, "Mapping fra XML til FHIR"): of a change, GenDate tells
 * when it was made.
 */
function issuedAt(report: Element, { message, zone }: Surroundings): Date {
  const isNew = (codeAt(report, 'ServType') ?? 'N') === 'N'
  const issued = timeAt(report, 'IssueDate', zone)
  const generated = timeAt(message, 'GenDate', zone)
  const told = isNew ? (issued ?? generated) : laterOf(issued, generated)
  if (told !== undefined) return told.instant
  throw refusal('ServReport.IssueDate', 'Is missing, or no time')
}

function laterOf(
  one: StudyStart | undefined,
  other: StudyStart | undefined,
): StudyStart | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.instant > other.instant ? one : other
}

/** xs:date or xs:dateTime. */
function timeAt(element: Element, path: string, zone: TimeZone): StudyStart | undefined {
  const [, year = '', month = '', day = '', time, offset = ''] =
    /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}:\d{2}:\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(
      codeAt(element, path) ?? '',
    ) ?? []
  const told = offset === 'Z' ? '+0000' : offset.replace(':', '')
  // What is no offset is read as none.
  return studyStart({ date: `${year}${month}${day}`, time, offset: told }, zone)
}

/**
 * ServReq.Id is the requester's number. The service provider's own numbers of the request and of its
 * examinations are the accession numbers, as its archive has them.
 */
function linksOf(
  report: Element,
  items: readonly Element[],
): Pick<ReceivedReport, 'studyUids' | 'accessions' | 'orders'> {
  const requests = childrenOf(report, 'ServReq')
  const accessions = [
    ...requests.flatMap((request) => textAt(request, 'IdByServProvider') ?? []),
    ...items.flatMap((item) => textAt(item, 'IdResultItem') ?? []),
  ]
  const orders = requests.flatMap((request) => textAt(request, 'Id') ?? [])
  return { studyUids: [], accessions: distinct(accessions), orders: distinct(orders) }
}

/** NCRP's main codes and, beside each, its add-on codes (Spec). */
function proceduresOf(items: readonly Element[]): readonly ReportCode[] {
  const investigations = items.flatMap((item) => childrenOf(item, 'Investigation'))
  const codes = investigations
    .flatMap((investigation) => childrenOf(investigation, 'Id', 'Spec'))
    .flatMap(codeOf)
  return [...new Map(codes.map((code) => [JSON.stringify(code), code])).values()]
}

/** CV: V, S, DN and OT, the sender's own words. */
function codeOf(element: Element): readonly ReportCode[] {
  const [code, oid, display, own] = ['V', 'S', 'DN', 'OT'].map((name) => {
    const value = element.getAttribute(name)?.trim()
    return value === '' ? undefined : value
  })
  if (code === undefined && display === undefined && own === undefined) return []
  const told = oid !== undefined && isUid(oid) ? `urn:oid:${oid}` : NCRP_SYSTEM
  const isKnown = told !== NCRP_SYSTEM || isNcrpCode(code ?? '')
  const system = code !== undefined && isKnown ? told : undefined
  return [{ system, code, display: display ?? own }]
}

/** Results that share a text say so by repeating it, or by standing inside the one that has it. */
function sectionsOf(report: Element, items: readonly Element[]): readonly ReportSection[] {
  const texts = items.flatMap((item) => [
    ...childrenOf(item, 'TextResult').flatMap(textResult),
    ...comment(textAt(item, 'Comment')),
    ...comment(textAt(item, 'DiagComment.TextResultValue')),
  ])
  const all = [...texts, ...comment(textAt(report, 'Comment'))]
  return [...new Map(all.map((section) => [JSON.stringify(section), section])).values()]
}

function textResult(result: Element): readonly ReportSection[] {
  const value = elementAt(result, 'TextResultValue')
  const coded = childrenOf(result, 'TextCode').flatMap((code) => codeOf(code))
  const lines = [
    value === undefined ? '' : linesOf(value),
    ...coded.map(({ code, display }) => display ?? code ?? ''),
  ]
  const text = lines.filter((line) => line !== '').join('\n')
  if (text === '') return []
  const code = codeAt(result, 'Heading')
  const heading = lookup(HEADINGS, code ?? '')
  const display = heading?.display ?? codeAt(result, 'Heading', 'DN')
  return [
    {
      ...(code !== undefined && { heading: { system: VOLVEN(8243), code, display } }),
      text,
      concludes: heading?.concludes ?? false,
    },
  ]
}

function comment(text: string | undefined): readonly ReportSection[] {
  return text === undefined ? [] : [{ heading: { display: 'Kommentar' }, text, concludes: false }]
}

/** Documents inside the message; one that is elsewhere is named by a file, which this hub cannot reach. */
function documentOf(refDoc: Element): readonly ReportDocument[] {
  const data = textAt(refDoc, 'Content')?.replaceAll(/\s+/g, '')
  const contentType = textAt(refDoc, 'MimeType')?.toLowerCase()
  if (data === undefined || contentType === undefined) return []
  if (!TAKEN.has(contentType)) throw refusal('ServReport.RefDoc.MimeType', 'Is not taken here')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data) || data.length % 4 !== 0)
    throw refusal('ServReport.RefDoc.Content', 'Is not Base64')
  return [{ contentType, data, title: textAt(refDoc, 'Description') }]
}

const TAKEN: ReadonlySet<string> = new Set([
  'application/pdf',
  'application/rtf',
  'text/plain',
  'image/jpeg',
  'image/png',
])

/** RelServProv of the report and of its results; where there is none, the unit that answers. */
function responsibleFor(report: Element, items: readonly Element[]): readonly ReportActor[] {
  const named = [report, ...items]
    .flatMap((element) => childrenOf(element, 'RelServProv'))
    .flatMap((provider) => actorOf(elementAt(provider, 'HCP')) ?? [])
  const actors =
    named.length > 0 ? named : [actorOf(elementAt(report, 'ServProvider.HCP')) ?? []].flat()
  return [...new Map(actors.map((actor) => [JSON.stringify(actor), actor])).values()]
}

/** Who asked, by HPR number where it is told (ResponsibleHcp); Requester may be whoever gets a copy. */
function requesterOf(report: Element, patient: Element): ReportActor | undefined {
  return (
    actorOf(elementAt(patient, 'ResponsibleHcp.HCP')) ?? actorOf(elementAt(report, 'Requester.HCP'))
  )
}

function reasonOf(report: Element): string | undefined {
  const texts = childrenOf(report, 'ServReq')
    .flatMap((request) => childrenOf(request, 'ReasonAsText'))
    .flatMap((reason) => elementAt(reason, 'TextResultValue') ?? [])
    .map(linesOf)
    .filter((text) => text !== '')
  return texts.length === 0 ? undefined : texts.join('\n')
}

function firstOf<Value>(values: readonly (Value | undefined)[]): Value | undefined {
  return values.find((value) => value !== undefined)
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)]
}

function refusal(location: string, text: string): HubError {
  const problems = [{ location, text }]
  return new HubError('unprocessable', 'The report could not be read', { problems })
}
