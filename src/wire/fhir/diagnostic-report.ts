/** A report that came in a message, as FHIR DiagnosticReport (fhir-profiles/StructureDefinition-samsyn-diagnostic-report.json). */
import type {
  ReceivedReport,
  ReportActor,
  ReportCode,
  ReportDocument,
  ReportSection,
  ReportStatus,
} from '../../domain/imaging/report.ts'
import type { JsonObject } from './json.ts'
import { typedIdentifier } from './report-links.ts'
import { DICOM_UID_SYSTEM } from './systems.ts'

const RADIOLOGY = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'RAD' }],
}

/** The report without its patient, which the hub names: `status` may say more than the message could. */
export function diagnosticReport(report: ReceivedReport, status: ReportStatus): JsonObject {
  const { identifier, examined, issued, procedures, categories, sections } = report
  const order = orderOf(report)
  const basedOn = basedOnOf(report, order !== undefined)
  const conclusion = conclusionOf(sections)
  return {
    resourceType: 'DiagnosticReport',
    ...(order !== undefined && { contained: [order] }),
    identifier: [typedIdentifier('FILL', identifier.value, identifier.system)],
    ...(basedOn.length > 0 && { basedOn }),
    status,
    category: [RADIOLOGY, ...categories.map((code) => concept([code]))],
    code: procedures.length === 0 ? { text: 'Diagnostic imaging report' } : concept(procedures),
    ...(examined !== undefined && { effectiveDateTime: examined.dateTime }),
    issued: issued.toISOString(),
    ...interpretersOf(report.responsible),
    ...studiesOf(report),
    ...(conclusion !== undefined && { conclusion }),
    ...formsOf(report),
  }
}

/** What a later version would have to change to be one: all that the sender said, but when. */
export function contentOfReport(report: JsonObject): string {
  const said = ['basedOn', 'category', 'code', 'effectiveDateTime', 'resultsInterpreter']
  const told = ['conclusion', 'presentedForm']
  const parts = [...said, ...told].map((name) => report[name] ?? null)
  return JSON.stringify([...parts, withoutSubjects(report.contained)])
}

function withoutSubjects(contained: unknown): unknown {
  if (!Array.isArray(contained)) return null
  return contained.map((one: unknown) => JSON.stringify({ ...Object(one), subject: null }))
}

/** The numbers of the order are told twice where the order itself is: a search asks the reference. */
function basedOnOf(
  { accessions, orders }: ReceivedReport,
  isKnown: boolean,
): readonly JsonObject[] {
  const identifiers = [
    ...orders.map((value) => typedIdentifier('PLAC', value)),
    ...accessions.map((value) => typedIdentifier('ACSN', value)),
  ]
  const logical = identifiers.map((identifier) => ({ type: 'ServiceRequest', identifier }))
  return isKnown ? [{ reference: '#order' }, ...logical] : logical
}

/** What the message says of the order, where it says more than its number. */
function orderOf({ requester, reason, orders }: ReceivedReport): JsonObject | undefined {
  if (requester === undefined && reason === undefined) return undefined
  return {
    resourceType: 'ServiceRequest',
    id: 'order',
    ...(orders.length > 0 && {
      identifier: orders.map((value) => typedIdentifier('PLAC', value)),
    }),
    status: 'completed',
    intent: 'order',
    // Named with the report's own subject, once that is known.
    subject: { display: 'The subject of the report' },
    ...(requester !== undefined && { requester: actor(requester) }),
    ...(reason !== undefined && { reasonCode: [{ text: reason }] }),
  }
}

function interpretersOf(responsible: readonly ReportActor[]): JsonObject {
  return responsible.length === 0 ? {} : { resultsInterpreter: responsible.map(actor) }
}

function actor({ name, system, value }: ReportActor): JsonObject {
  return {
    ...(value !== undefined && { identifier: { ...(system !== undefined && { system }), value } }),
    ...(name !== undefined && { display: name }),
  }
}

function studiesOf({ studyUids }: ReceivedReport): JsonObject {
  if (studyUids.length === 0) return {}
  return {
    imagingStudy: studyUids.map((uid) => ({
      identifier: { system: DICOM_UID_SYSTEM, value: `urn:oid:${uid}` },
    })),
  }
}

function concept(codes: readonly ReportCode[]): JsonObject {
  const coding = codes.filter(({ code }) => code !== undefined)
  const text = codes.flatMap(({ display }) => display ?? []).join(', ')
  return {
    ...(coding.length > 0 && { coding: coding.map(codingOf) }),
    ...(text !== '' && { text }),
  }
}

function codingOf({ system, code, display }: ReportCode): JsonObject {
  return {
    ...(system !== undefined && { system }),
    code,
    ...(display !== undefined && { display }),
  }
}

/** What the findings mean, where a section is about that; else all there is. */
function conclusionOf(sections: readonly ReportSection[]): string | undefined {
  const concluding = sections.filter(({ concludes }) => concludes)
  const text = (concluding.length > 0 ? concluding : sections).map(({ text }) => text).join('\n\n')
  return text === '' ? undefined : text
}

/** The whole text first: what every reader can show. Then the documents as they were sent. */
function formsOf({ sections, documents }: ReceivedReport): JsonObject {
  const text = sections.map(printSection).join('\n\n')
  const forms = [
    ...(text === ''
      ? []
      : [
          {
            contentType: 'text/plain; charset=utf-8',
            data: Buffer.from(text, 'utf8').toString('base64'),
          },
        ]),
    ...documents.map(printDocument),
  ]
  return forms.length === 0 ? {} : { presentedForm: forms }
}

function printSection({ heading, text }: ReportSection): string {
  const title = heading?.display ?? heading?.code
  return title === undefined ? text : `${title}\n${text}`
}

function printDocument({ contentType, data, title }: ReportDocument): JsonObject {
  return { contentType, data, ...(title !== undefined && { title }) }
}
