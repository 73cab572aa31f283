/** Entering instances into the index and keeping one ImagingStudy per custodian's copy in step with it. */
import { randomUUID } from 'node:crypto'
import type { PoolClient } from 'pg'
import type { DicomJson, InstanceHeader } from '../domain/imaging/study.ts'
import type {
  ImagingStudyId,
  OrganizationId,
  PatientId,
  SourceId,
  StudyUid,
} from '../kernel/ids.ts'
import { HubError } from '../kernel/errors.ts'
import { announceChanges, copyEnded } from '../storage/access-changes.ts'
import { lockExamination } from '../storage/examinations.ts'
import { putInstances } from '../storage/instances.ts'
import { scheduleSettle } from '../storage/jobs.ts'
import { holdPatient } from '../storage/patient-locks.ts'
import {
  countInstances,
  findSourceTimeZone,
  findStudyRows,
  putSeries,
  putStudy,
  type SeriesRow,
  type StudyRow,
} from '../storage/studies.ts'
import { textAt } from '../wire/dicom/attributes.ts'
import { withoutPatient } from '../wire/dicom/patient-attributes.ts'
import { judgeCustody } from './judge-custody.ts'
import { judgePatient, type JudgePatientDeps } from './judge-patient.ts'
import { refreshReports } from './refresh-reports.ts'
import { toNewInstance, toNewSeries } from './index-rows.ts'
import { writeStudyResources } from './write-study-resources.ts'

/** Where the bytes of a deposited instance are, and what is kept ready for later reads. */
export interface DepositedBytes {
  readonly landing: string
  readonly offset: number
  readonly bytes: number
  readonly sha256: Uint8Array
  /** Whole DICOM JSON metadata without bulk data, gzip. */
  readonly metadata: Uint8Array
}

export interface IndexedInstance {
  readonly header: InstanceHeader
  /** Absent for an instance held at a source. */
  readonly deposited?: DepositedBytes | undefined
}

export interface RegisteredStudy {
  readonly imagingStudy: ImagingStudyId
  readonly created: boolean
  readonly quarantined: boolean
}

/**
 * Runs in the caller's transaction. All instances are of one study; their (custodian, SOP Instance UID)
 * is not in the index yet, or is held at the same source. Resolves the patient, writes study, series and
 * instances, rewrites the ImagingStudy (visible at commit), its Provenance, and (re)schedules settling.
 */
export type RegisterStudy = (
  db: PoolClient,
  request: {
    readonly custodian: OrganizationId
    readonly source?: SourceId | undefined
    readonly instances: readonly IndexedInstance[]
    /** Who published, for Provenance.agent. */
    readonly publishedBy: { readonly client?: string; readonly member: OrganizationId }
    readonly at: Date
  },
) => Promise<RegisteredStudy>

export interface RegisterStudyDeps extends JudgePatientDeps {
  /** Quiet time after which a growing study is settled (SAMSYN_STUDY_SETTLE). */
  readonly settleMs: number
  /** IANA zone of deposited objects without (0008,0201). */
  readonly timeZone: string
}

type Request = Parameters<RegisterStudy>[1]

interface Copy {
  readonly imagingStudy: ImagingStudyId
  readonly study: StudyUid
  /** The row as it was; absent for a copy that is new. */
  readonly own: StudyRow | undefined
  readonly patient: PatientId | null
}

/** Throws `conflict` where another request has deposited one of the instances meanwhile: begin again. */
export function makeRegisterStudy(deps: RegisterStudyDeps): RegisterStudy {
  return async (db, request) => {
    const copy = await identify(db, request, deps)
    const { imagingStudy, own, patient } = copy
    const index = await writeIndex(db, request, copy)
    await writeStudyResources(db, {
      ...copy,
      ...index,
      custodian: request.custodian,
      publishedBy: request.publishedBy,
      at: request.at,
      timeZone: (await zoneOf(db, copy, request.source)) ?? deps.timeZone,
    })
    const { custodian, at } = request
    await refreshReports(db, { custodian, studyUid: copy.study, at })
    await scheduleSettle(db, imagingStudy, new Date(request.at.getTime() + deps.settleMs))
    // Streams of a copy that is in doubt from now on are cut. Rare, and last: it makes others wait.
    if (patient === null && own !== undefined && own.patient !== null)
      await announceChanges(db, [copyEnded(custodian, copy.study)])
    return { imagingStudy, created: own === undefined, quarantined: patient === null }
  }
}

async function identify(
  db: PoolClient,
  { custodian, instances, at }: Request,
  deps: RegisterStudyDeps,
): Promise<Copy> {
  const headers = instances.map(({ header }) => header)
  const [first] = headers
  if (first === undefined) throw new TypeError('A study has at least one instance')
  // Its reports may be on their way: they wait for the accession number or for the study.
  await lockExamination(db, {
    custodian,
    numbers: accessionsIn(headers),
    studyUids: [first.studyUid],
  })
  const copies = await findStudyRows(db, first.studyUid)
  const own = copies.find((copy) => copy.custodian === custodian)
  // A FHIR id says nothing of what it names.
  const imagingStudy = own?.imagingStudy ?? (randomUUID() as ImagingStudyId)
  const question = { imagingStudy, custodian, headers, copies, at }
  const custody = await judgeCustody(db, question, deps.sealer)
  const { patient } = await judgePatient(db, { ...question, copies: custody.copies }, deps)
  return {
    imagingStudy,
    study: first.studyUid,
    own,
    patient: custody.isDoubted || patient === null ? null : await holdPatient(db, patient),
  }
}

function accessionsIn(headers: readonly InstanceHeader[]): readonly string[] {
  return headers.flatMap(({ studyAttributes }) => textAt(studyAttributes, '00080050') ?? [])
}

interface WrittenIndex {
  readonly attributes: DicomJson
  readonly series: readonly SeriesRow[]
}

/**
 * The study's attributes are what was known, overwritten by what is told now. In doubt it has no patient's:
 * those wait sealed in the queue.
 */
async function writeIndex(
  db: PoolClient,
  { custodian, source, instances, at }: Request,
  { imagingStudy, study, own, patient }: Copy,
): Promise<WrittenIndex> {
  const known = instances.reduce<DicomJson>(
    (before, { header }) => ({ ...before, ...header.studyAttributes }),
    own?.attributes ?? {},
  )
  const attributes = patient === null ? withoutPatient(known) : known
  await putStudy(db, { imagingStudy, custodian, study, source, patient, attributes, at })
  await putSeries(db, imagingStudy, toNewSeries(instances))
  const owner = { imagingStudy, custodian, at }
  const written = await putInstances(db, owner, instances.map(toNewInstance))
  const deposited = instances.filter((instance) => instance.deposited !== undefined)
  if (deposited.length > 0 && written < instances.length)
    throw new HubError('conflict', 'An instance was deposited by another request meanwhile')
  return { attributes, series: await countInstances(db, imagingStudy) }
}

async function zoneOf(
  db: PoolClient,
  { own }: Copy,
  source: SourceId | undefined,
): Promise<string | undefined> {
  if (own?.timeZone) return own.timeZone
  return source === undefined ? undefined : findSourceTimeZone(db, source)
}
