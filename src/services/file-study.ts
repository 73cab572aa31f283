/**
 * A custodian's registration of a study by its ImagingStudy alone: it keeps the objects itself, and the
 * hub has none of them. Once the hub has some, the resource is made from those (register-study.ts).
 */
import type { PoolClient } from 'pg'
import type { InstanceHeader } from '../domain/imaging/study.ts'
import { parseInstanceUid, parseSeriesUid } from '../domain/imaging/uid.ts'
import { HubError } from '../kernel/errors.ts'
import type { ImagingStudyId, OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { Sealer } from '../kernel/seal.ts'
import { lockExamination } from '../storage/examinations.ts'
import { putRegisteredStudy } from '../storage/registered-studies.ts'
import type { NewResource } from '../storage/resources.ts'
import { deleteStudyRows } from '../storage/source-studies.ts'
import { findStudyRows, lockStudy, type StudyRow } from '../storage/studies.ts'
import { raiseDoubt } from '../storage/unclear-identities.ts'
import { withState } from '../wire/fhir/examination-state.ts'
import { isJsonObject, textOf, valuesAt, type JsonObject } from '../wire/fhir/json.ts'
import { namedPatient, numbersOf } from '../wire/fhir/report-links.ts'
import { searchValues } from '../wire/fhir/search-values.ts'
import { listedInstances, policyFactsOf, studyUidOf } from '../wire/fhir/sent-study.ts'
import { registeredStudyResource } from './describe-registered-study.ts'
import { judgeCustody } from './judge-custody.ts'
import { refreshReports } from './refresh-reports.ts'
import { stateOfStudy } from './refresh-study.ts'
import type { IdentityDoubt } from './resolve-patient.ts'
import { resolveSubject } from './resolve-subject.ts'
import type { ResourceWriter } from './resource-writer.ts'
import { sealClaim } from './sealed-claim.ts'
import type { DeleteRequest, WriteRequest, WrittenRow } from './write-request.ts'

export interface FileStudyDeps {
  readonly sealer: Sealer
}

export function makeStudyWriter({ sealer }: FileStudyDeps): ResourceWriter {
  return {
    action: 'publish',
    contributed: true,
    toRow: (db, request) => fileStudy(db, request, sealer),
    after: followStudy,
    beforeDelete: forgetStudy,
  }
}

/**
 * Throws `unprocessable` without a Study Instance UID, with another than before, or where the patient is
 * nobody the hub knows; `conflict` where this member has the study registered already, or the hub has its
 * objects. A copy in doubt (judge-custody.ts; another patient than that of another copy) is quarantined.
 */
async function fileStudy(
  db: PoolClient,
  request: WriteRequest,
  sealer: Sealer,
): Promise<NewResource> {
  const { access, resource, id, at, base } = request
  const custodian = access.principal.member
  const study = requireStudyUid(request)
  await lockExamination(db, { custodian, numbers: numbersOf(resource), studyUids: [study] })
  const copies = await findStudyRows(db, study)
  requireFree(copies, { custodian, id })
  const subject = await resolveSubject(db, namedPatient(resource, base), custodian)
  if (subject === undefined)
    throw refusal('ImagingStudy.subject', 'Names no patient that the registry knows')

  const imagingStudy = id as ImagingStudyId
  const copy = { imagingStudy, custodian, study, subject, copies, at }
  const isDoubted = await judge(db, { ...copy, resource }, sealer)
  const patient = isDoubted ? null : subject
  await putRegisteredStudy(db, { ...copy, patient })
  const facts = { custodian, patient, studyUids: [study], ...policyFactsOf(resource) }
  const registered = registeredStudyResource(resource, { custodian, patient })
  const question = {
    resource: registered,
    studyUid: study,
    labels: facts.labels,
    custodian,
    patient,
    expected: request.reports,
  }
  const filed = withState(registered, await stateOfStudy(db, question))
  return {
    type: 'ImagingStudy',
    id,
    resource: filed,
    facts,
    quarantined: isDoubted,
    search: searchValues(filed),
    at,
  }
}

function requireStudyUid({ resource, previous }: WriteRequest): StudyUid {
  const uid = studyUidOf(resource)
  if (typeof uid !== 'string')
    throw new HubError('unprocessable', 'The study could not be filed', { problems: [uid] })
  const [known] = previous?.facts.studyUids ?? []
  if (known === undefined || known === uid) return uid
  throw refusal(
    'ImagingStudy.identifier',
    'Is not the Study Instance UID that it was registered by',
  )
}

function requireFree(
  copies: readonly StudyRow[],
  { custodian, id }: { readonly custodian: OrganizationId; readonly id: string },
): void {
  const own = copies.find((copy) => copy.custodian === custodian)
  if (own === undefined) return
  if (own.instances > 0)
    throw new HubError('conflict', 'The hub has objects of this study and keeps its ImagingStudy')
  if (own.imagingStudy !== id)
    throw new HubError('conflict', `The study is registered as ImagingStudy/${own.imagingStudy}`)
}

interface Judged {
  readonly imagingStudy: ImagingStudyId
  readonly custodian: OrganizationId
  readonly study: StudyUid
  readonly subject: PatientId
  readonly copies: readonly StudyRow[]
  readonly resource: JsonObject
  readonly at: Date
}

const ANOTHER: IdentityDoubt = 'study-of-another-patient'

/** Whether somebody has to look at whose the study is; the queue then has what it says. */
async function judge(db: PoolClient, judged: Judged, sealer: Sealer): Promise<boolean> {
  const { imagingStudy, custodian, subject, copies, at } = judged
  const headers = headersOf(judged)
  const custody = await judgeCustody(db, { imagingStudy, custodian, headers, copies, at }, sealer)
  const known = custody.copies.find(({ patient }) => patient !== null)?.patient ?? subject
  if (known !== subject) {
    const [{ patient: claim }] = headers
    const sealed = sealClaim(sealer, imagingStudy, { claim, told: {}, before: {} })
    const doubt = { imagingStudy, custodian, claim: sealed, candidate: known, at }
    await raiseDoubt(db, { ...doubt, reason: ANOTHER })
  }
  const own = custody.copies.find((copy) => copy.imagingStudy === imagingStudy)
  const isOpen = own?.doubts.some(({ open }) => open) === true
  return custody.isDoubted || known !== subject || isOpen
}

/** What the headers of the objects would say, as far as the resource says it. */
function headersOf({ study, resource }: Judged): readonly [InstanceHeader, ...InstanceHeader[]] {
  const [identifier] = valuesAt(resource, 'subject.identifier').filter(isJsonObject)
  const header = {
    studyUid: study,
    seriesUid: parseSeriesUid(study),
    instanceUid: parseInstanceUid(study),
    sopClassUid: '',
    patient: { id: textOf(identifier?.value), issuer: textOf(identifier?.system), otherIds: [] },
    studyAttributes: {},
    seriesAttributes: {},
    instanceAttributes: {},
  }
  return [header, ...listedInstances(resource).map((instanceUid) => ({ ...header, instanceUid }))]
}

/** Reports stay as narrow as their studies. */
async function followStudy(db: PoolClient, { facts, resource, at }: WrittenRow): Promise<void> {
  const { custodian, studyUids, labels } = facts
  const [studyUid] = studyUids
  const written = resource && { resource, labels }
  if (custodian !== null && studyUid !== undefined)
    await refreshReports(db, { custodian, studyUid, at, written })
}

async function forgetStudy(db: PoolClient, { previous, at }: DeleteRequest): Promise<void> {
  const { custodian, studyUids } = previous.facts
  const [study] = studyUids
  if (custodian === null || study === undefined) return
  await lockStudy(db, study)
  const imagingStudy = previous.id as ImagingStudyId
  const copies = await findStudyRows(db, study)
  if (copies.some((copy) => copy.imagingStudy === imagingStudy && copy.instances > 0))
    throw new HubError('conflict', 'The hub has objects of this study and keeps its ImagingStudy')
  await deleteStudyRows(db, imagingStudy, at)
}

function refusal(location: string, text: string): HubError {
  return new HubError('unprocessable', 'The study could not be filed', {
    problems: [{ location, text }],
  })
}
