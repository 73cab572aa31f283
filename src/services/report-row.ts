/** A report as a row of the registry: linked to what is there, with what policy asks of it. */
import type { NewResource } from '../storage/resources.ts'
import type { Db } from '../storage/db.ts'
import { hasOrder } from '../storage/examinations.ts'
import { examinationState } from '../domain/imaging/completeness.ts'
import { reportStatus } from '../domain/imaging/report.ts'
import type { OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { LinkedStudy } from '../storage/linked-studies.ts'
import { withState } from '../wire/fhir/examination-state.ts'
import { isJsonObject, listOf, textOf, type JsonObject } from '../wire/fhir/json.ts'
import { LINKED_BY, numberKeys, type ReportLinks } from '../wire/fhir/report-links.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { DICOM_UID_SYSTEM } from '../wire/fhir/systems.ts'
import type { LinkedStudies } from './link-studies.ts'
import { reportFacts } from './report-facts.ts'

export interface ReportToFile {
  readonly id: string
  /** As it was sent, or as it is stored. */
  readonly report: JsonObject
  readonly links: ReportLinks
  readonly linked: LinkedStudies
  readonly custodian: OrganizationId
  /** Null while it is not clear whose it is. */
  readonly patient: PatientId | null
  readonly isDoubted: boolean
  readonly at: Date
}

/** Logical references become the hub's own; a national id the sender used as one is not kept. */
export async function reportRow(db: Db, filing: ReportToFile): Promise<NewResource> {
  const { id, report: sent, linked, custodian, patient, isDoubted, at } = filing
  const studies = [...linked.named, ...linked.numbered]
  const status = reportStatus(textOf(sent.status) ?? '')
  const state = examinationState({
    images: studies.length > 0,
    reports: status === undefined ? [] : [status],
    referral: await isReferred(db, filing),
  })
  const performer = sent.performer ?? [{ reference: `Organization/${custodian}` }]
  const report = withState({ ...withSubject(withStudies(sent, linked), patient), performer }, state)
  const { absent } = linked
  return {
    type: 'DiagnosticReport',
    id,
    resource: report,
    facts: reportFacts({ studies, absent, custodian, patient, report }),
    quarantined: isDoubted || studies.some((study) => study.quarantined),
    search: searchValues(report),
    at,
  }
}

/** By the referring side's number, or an order that the custodian has published for the same patient. */
async function isReferred(db: Db, { links, custodian, patient }: ReportToFile): Promise<boolean> {
  if (links.isReferred) return true
  const keys = numberKeys([...links.orders, ...links.accessions])
  return hasOrder(db, { custodian, patient, ids: links.orderIds, keys })
}

function withStudies(report: JsonObject, { named, numbered, absent }: LinkedStudies): JsonObject {
  const imagingStudy = [
    ...named.map(studyReference),
    ...absent.map((uid) => ({ identifier: uidIdentifier(uid) })),
    ...numbered.map((study) => ({
      extension: [{ url: LINKED_BY, valueCode: 'accession' }],
      ...studyReference(study),
    })),
  ]
  if (imagingStudy.length > 0) return { ...report, imagingStudy }
  const { imagingStudy: _none, ...rest } = report
  return rest
}

/** The UID is kept beside the reference: a study that is withdrawn and comes again has another id. */
function studyReference({ id, studyUids: [uid] }: LinkedStudy): JsonObject {
  return {
    reference: `ImagingStudy/${id}`,
    ...(uid !== undefined && { identifier: uidIdentifier(uid) }),
  }
}

function uidIdentifier(uid: StudyUid): JsonObject {
  return { system: DICOM_UID_SYSTEM, value: `urn:oid:${uid}` }
}

/** An order inside the report is about whom the report is about. */
function withSubject(report: JsonObject, patient: PatientId | null): JsonObject {
  if (patient === null) return report
  const subject = { reference: `Patient/${patient}` }
  const contained = listOf(report.contained).map((one) =>
    isJsonObject(one) && one.resourceType === 'ServiceRequest' ? { ...one, subject } : one,
  )
  return { ...report, ...(contained.length > 0 && { contained }), subject }
}
