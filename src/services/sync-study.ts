/** Bringing one study of a source into the index, in one transaction that changes nothing when nothing has changed. */
import { isDeepStrictEqual } from 'node:util'
import type { PoolClient } from 'pg'
import type { ImageSource } from '../domain/imaging/source.ts'
import type { DicomJson, InstanceHeader } from '../domain/imaging/study.ts'
import { HubError, isHubError } from '../kernel/errors.ts'
import type { InstanceUid, StudyUid } from '../kernel/ids.ts'
import { type DicomwebSource, parseDicomJson } from '../sources/dicomweb.ts'
import { deleteSourceInstances, type HeldStudy, readHeldStudy } from '../storage/source-studies.ts'
import { lockStudy } from '../storage/studies.ts'
import { toInstanceHeader } from '../wire/dicom/instance-header.ts'
import { withoutPatient } from '../wire/dicom/patient-attributes.ts'
import type { RegisterStudy } from './register-study.ts'

export interface ReadStudy {
  readonly headers: readonly InstanceHeader[]
  /** Instances that cannot be indexed, and why the last of them cannot. */
  readonly refused: number
  readonly reason: string | undefined
}

/** The headers of the study's instances as the source tells them; what is not one of this study is left out. */
export async function readSourceStudy(
  from: DicomwebSource,
  source: ImageSource,
  { study, signal }: { readonly study: StudyUid; readonly signal?: AbortSignal | undefined },
): Promise<ReadStudy> {
  const headers = new Map<InstanceUid, InstanceHeader>()
  let refused = 0
  let reason: string | undefined
  for await (const text of await from.retrieveMetadata({ study }, signal)) {
    const header = readHeader(parseDicomJson(text), source)
    if (header instanceof HubError) {
      refused += 1
      reason = header.message
    } else if (header.studyUid === study) headers.set(header.instanceUid, header)
  }
  return { headers: [...headers.values()], refused, reason }
}

function readHeader(dataset: DicomJson, source: ImageSource): InstanceHeader | HubError {
  try {
    return toInstanceHeader(dataset, { defaultIssuer: source.defaultIssuer })
  } catch (error) {
    if (isHubError(error)) return error
    throw error
  }
}

export interface StudyAtSource {
  readonly source: ImageSource
  readonly study: StudyUid
  /** At least one. */
  readonly headers: readonly InstanceHeader[]
  readonly at: Date
}

/**
 * Runs in the caller's transaction. True where the index was changed. A study that another source of the
 * custodian holds is left to that one.
 */
export async function syncStudy(
  db: PoolClient,
  registerStudy: RegisterStudy,
  { source, study, headers, at }: StudyAtSource,
): Promise<boolean> {
  await lockStudy(db, study)
  const held = await readHeldStudy(db, source.custodian, study)
  if (held !== undefined && isAnothers(held, source)) return false
  const gone = held === undefined ? [] : goneFrom(held, headers)
  if (held?.source === source.id && gone.length === 0 && isUnchanged(held, headers)) return false

  if (held !== undefined) await deleteSourceInstances(db, held.imagingStudy, gone)
  await registerStudy(db, {
    custodian: source.custodian,
    source: source.id,
    instances: headers.map((header) => ({ header })),
    publishedBy: { member: source.custodian },
    at,
  })
  return true
}

function isAnothers(held: HeldStudy, source: ImageSource): boolean {
  return held.source !== null && held.source !== source.id
}

function goneFrom(held: HeldStudy, headers: readonly InstanceHeader[]): readonly InstanceUid[] {
  const told = new Set(headers.map(({ instanceUid }) => instanceUid))
  return [...held.instances]
    .filter(([uid, { deposited }]) => !deposited && !told.has(uid))
    .map(([uid]) => uid)
}

function isUnchanged(held: HeldStudy, headers: readonly InstanceHeader[]): boolean {
  return headers.every((header) => {
    const instance = held.instances.get(header.instanceUid)
    if (instance === undefined) return false
    if (instance.deposited) return true
    return (
      instance.series === header.seriesUid &&
      instance.sopClass === header.sopClassUid &&
      isDeepStrictEqual(instance.attributes, header.instanceAttributes) &&
      isToldAlready(held.attributes, indexedOf(held, header)) &&
      isToldAlready(held.series.get(header.seriesUid) ?? {}, header.seriesAttributes)
    )
  })
}

/** What the index may hold of a study: in doubt, nothing about its patient. */
function indexedOf({ patient }: HeldStudy, { studyAttributes }: InstanceHeader): DicomJson {
  return patient === null ? withoutPatient(studyAttributes) : studyAttributes
}

function isToldAlready(known: DicomJson, told: DicomJson): boolean {
  return Object.entries(told).every(([tag, element]) => isDeepStrictEqual(known[tag], element))
}
