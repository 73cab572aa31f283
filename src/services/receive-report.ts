/**
 * Receiving a report that came in a message: its identity among the custodian's, its patient, the version it
 * is, and what it is about. Runs in the caller's transaction.
 */
import type { PoolClient } from 'pg'
import {
  followingStatus,
  isOvertaken,
  reportStatus,
  type ReceivedReport,
  type ReportStatus,
  type ReportVersion,
} from '../domain/imaging/report.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import { findReportsByKeys, type ExaminedReport } from '../storage/examinations.ts'
import { lockKey } from '../storage/lock-key.ts'
import { putResource, type NewResource } from '../storage/resources.ts'
import { raiseReportDoubt, settleReportDoubts } from '../storage/unclear-reports.ts'
import { contentOfReport, diagnosticReport } from '../wire/fhir/diagnostic-report.ts'
import { isJsonObject, listOf, textOf, valuesAt, type JsonObject } from '../wire/fhir/json.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { reportLinks } from '../wire/fhir/report-links.ts'
import { tokenKey } from '../wire/fhir/search-keys.ts'
import { withLabelsOf } from '../wire/fhir/security-labels.ts'
import type { Access } from './authorize.ts'
import { followReport } from './file-report.ts'
import { identifyReport, type IdentifiedReport } from './identify-report.ts'
import { fittingStudies, linkStudies, lockLinked } from './link-studies.ts'
import { putProvenance } from './put-provenance.ts'
import { reportRow } from './report-row.ts'
import type { ResolvePatient } from './resolve-patient.ts'
import { sealClaim } from './sealed-claim.ts'
import { requireValid, type JudgeResource } from './write-deps.ts'

export interface ReceiveReportDeps {
  readonly resolvePatient: ResolvePatient
  readonly sealer: Sealer
  readonly validate: JudgeResource
  readonly newId: () => string
}

/** What became of it: `repeated` said nothing new, `overtaken` is older than what is there; both are kept out. */
export type Reception = 'filed' | 'repeated' | 'overtaken'

export interface ReceivedVersion {
  /** Id of the DiagnosticReport. */
  readonly id: string
  readonly reception: Reception
  /** A person has to settle whose it is. */
  readonly isDoubted: boolean
}

/** The same report is received once at a time. Throws `unprocessable` for what no valid resource can be made of. */
export async function receiveReport(
  db: PoolClient,
  receiving: {
    readonly access: Access
    readonly report: ReceivedReport
    readonly at: Date
  },
  deps: ReceiveReportDeps,
): Promise<ReceivedVersion> {
  const { access, report, at } = receiving
  const custodian = access.principal.member
  const { system = '', value } = report.identifier
  await lockKey(db, `report/${custodian}/${system}|${value}`)
  const stored = await lockStored(db, custodian, report)
  const verdict = stored && judgeVersion(report, stored)
  if (stored !== undefined && verdict !== undefined)
    return { id: stored.row.id, reception: verdict, isDoubted: stored.row.patient === null }
  return file(db, { access, report, stored, at }, deps)
}

/** The version that is there, read under the locks of all that it and the next one lead to. */
async function lockStored(
  db: PoolClient,
  custodian: OrganizationId,
  report: ReceivedReport,
): Promise<StoredReport | undefined> {
  const before = await findStored(db, custodian, report)
  const next = reportLinks(diagnosticReport(report, report.status), '')
  const links = before === undefined ? [next] : [next, reportLinks(before.content, '')]
  await lockLinked(db, custodian, links)
  return findStored(db, custodian, report)
}

interface StoredReport {
  readonly row: ExaminedReport
  readonly content: JsonObject
  readonly version: ReportVersion
}

/** By the filler's number: an accession number of the same digits is no name of a report. */
async function findStored(
  db: PoolClient,
  custodian: OrganizationId,
  { identifier: { system, value } }: ReceivedReport,
): Promise<StoredReport | undefined> {
  const keys = [tokenKey('identifier', { value })]
  const rows = await findReportsByKeys(db, { custodian, keys })
  const stored = rows.flatMap((row) => {
    const content = parseJsonText(row.content)
    return isJsonObject(content) ? [{ row, content, version: versionOf(content) }] : []
  })
  return stored.find(({ content }) =>
    listOf(content.identifier).some(
      (one) =>
        isJsonObject(one) &&
        one.value === value &&
        textOf(one.system) === system &&
        valuesAt(one, 'type.coding.code').every((code) => code === 'FILL'),
    ),
  )
}

function versionOf(content: JsonObject): ReportVersion {
  const issued = new Date(textOf(content.issued) ?? 0)
  return { status: reportStatus(textOf(content.status) ?? '') ?? 'registered', issued }
}

/** Undefined for a version that is new. */
function judgeVersion(report: ReceivedReport, stored: StoredReport): Reception | undefined {
  const { version, content } = stored
  const same = contentOfReport(diagnosticReport(report, report.status)) === contentOfReport(content)
  if (same && saysNothingNew(report.status, version.status)) return 'repeated'
  return isOvertaken(report, version) ? 'overtaken' : undefined
}

/** Words that a sender has one for and FHIR two. */
function saysNothingNew(arriving: ReportStatus, stored: ReportStatus): boolean {
  if (arriving === stored) return true
  return (
    (arriving === 'final' && stored === 'amended') ||
    (arriving === 'cancelled' && stored === 'entered-in-error')
  )
}

interface Filing {
  readonly access: Access
  readonly report: ReceivedReport
  readonly stored: StoredReport | undefined
  readonly at: Date
}

async function file(
  db: PoolClient,
  filing: Filing,
  deps: ReceiveReportDeps,
): Promise<ReceivedVersion> {
  const { access, report, stored, at } = filing
  const custodian = access.principal.member
  const id = stored?.row.id ?? deps.newId()
  const known = stored?.row.patient ?? null
  const identified = await identifyReport(
    db,
    { claim: report.patient, custodian, known },
    deps.resolvePatient,
  )
  const { row, mismatch } = await makeRow(db, { ...filing, id, identified }, deps)
  const method = stored === undefined ? 'POST' : 'PUT'
  const version = await putResource(db, row, { method })
  await tell(db, row, { access, version, at, provenanceId: deps.newId() })
  const doubt = identified.doubt ?? mismatch
  await settle(db, { ...filing, id, doubt, known }, deps.sealer)
  const previous = stored && { facts: stored.row }
  await followReport(db, { facts: row.facts, previous, at })
  return { id, reception: 'filed', isDoubted: identified.patient === null }
}

interface Identified extends Filing {
  readonly id: string
  readonly identified: IdentifiedReport
}

async function makeRow(
  db: PoolClient,
  { access, report, stored, id, identified, at }: Identified,
  deps: ReceiveReportDeps,
): Promise<{ readonly row: NewResource; readonly mismatch: string | undefined }> {
  const custodian = access.principal.member
  const { patient } = identified
  const status =
    stored === undefined ? report.status : followingStatus(report.status, stored.version.status)
  const told = { ...diagnosticReport(report, status), ...subjectOf(identified) }
  const made = stored === undefined ? told : withLabelsOf(stored.content, told)
  // Judged as what it will be once a person has said whose it is.
  await requireValid(deps, patient === null ? { ...made, ...SOMEBODY } : made)
  const links = reportLinks(made, '')
  const linked = fittingStudies(await linkStudies(db, { custodian, links }), patient)
  const isContradicted = linked.named.some((study) => study.patient !== patient)
  const isDoubted = patient === null || isContradicted
  const filing = { id, report: made, links, linked, custodian, patient, isDoubted, at }
  const others = linked.named.some((study) => study.patient !== null && study.patient !== patient)
  const mismatch = patient !== null && others ? 'study-of-another-patient' : undefined
  return { row: await reportRow(db, filing), mismatch }
}

const SOMEBODY = { subject: { reference: 'Patient/unclear' } }

function subjectOf({ patient }: IdentifiedReport): JsonObject {
  return {
    subject:
      patient === null ? { display: 'Identity unclear' } : { reference: `Patient/${patient}` },
  }
}

interface Telling {
  readonly access: Access
  readonly version: number
  readonly at: Date
  readonly provenanceId: string
}

async function tell(
  db: PoolClient,
  { id, facts, quarantined }: NewResource,
  { access, version, at, provenanceId }: Telling,
): Promise<void> {
  const { client, member } = access.principal
  const target = `DiagnosticReport/${id}/_history/${version}`
  const activity = version === 1 ? 'CREATE' : 'UPDATE'
  await putProvenance(
    db,
    { target, recorded: at, member, client, activity },
    { id: provenanceId, facts, quarantined },
  )
}

interface Settling extends Filing {
  readonly id: string
  readonly doubt: string | undefined
  readonly known: PatientId | null
}

/** A doubt waits in the queue with what the message said, sealed; a version that leaves none ends it. */
async function settle(
  db: PoolClient,
  { access, report, stored, id, doubt, known, at }: Settling,
  sealer: Sealer,
): Promise<void> {
  if (doubt === undefined) {
    if (stored?.row.quarantined === true)
      await settleReportDoubts(db, id, { at, by: 'later-version' })
    return
  }
  const claim = sealClaim(sealer, id, { claim: report.patient, told: {}, before: {} })
  const custodian = access.principal.member
  await raiseReportDoubt(db, { report: id, custodian, reason: doubt, claim, candidate: known, at })
}
