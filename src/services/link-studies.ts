/** The studies that a report is about, those of its custodian that are there. */
import type { OrganizationId, PatientId, StudyUid } from '../kernel/ids.ts'
import type { Db } from '../storage/db.ts'
import { lockExamination, lockStudies } from '../storage/examinations.ts'
import { findOwnStudies, type LinkedStudy } from '../storage/linked-studies.ts'
import { numberKeys, studyUidKeys, type ReportLinks } from '../wire/fhir/report-links.ts'

export interface LinkedStudies {
  /** By reference or Study Instance UID. */
  readonly named: readonly LinkedStudy[]
  /** By accession number, where none is named. */
  readonly numbered: readonly LinkedStudy[]
  /** Named by UID and not there: they may come yet. */
  readonly absent: readonly StudyUid[]
}

export interface Linking {
  readonly custodian: OrganizationId
  readonly links: ReportLinks
}

/** Holds everything that the links of a report, as it was and as it becomes, lead to. */
export async function lockLinked(
  db: Db,
  custodian: OrganizationId,
  versions: readonly ReportLinks[],
): Promise<void> {
  const numbers = versions.flatMap(({ accessions, orders }) => [...accessions, ...orders])
  await lockExamination(db, { custodian, numbers, studyUids: [] })
  const ids = versions.flatMap(({ studyIds }) => studyIds)
  const keys = numberKeys(versions.flatMap(({ accessions }) => accessions))
  const studyUids = versions.flatMap((links) => links.studyUids)
  await lockStudies(db, { custodian, ids, keys, studyUids })
}

/** Call it under `lockLinked`. */
export async function linkStudies(db: Db, { custodian, links }: Linking): Promise<LinkedStudies> {
  const { studyIds: ids, studyUids, accessions } = links
  const named =
    ids.length === 0 && studyUids.length === 0
      ? []
      : await findOwnStudies(db, { custodian, ids, identifiers: studyUidKeys(studyUids) })
  const numbered =
    accessions.length === 0
      ? []
      : await findOwnStudies(db, { custodian, ids: [], identifiers: numberKeys(accessions) })
  const there = new Set(named.flatMap((study) => study.studyUids))
  return { named, numbered, absent: studyUids.filter((uid) => !there.has(uid)) }
}

/**
 * A number is reused and mistyped: it links no study of another patient, and none whose patient is in doubt
 * to a report whose patient is not.
 */
export function fittingStudies(
  { named, numbered, absent }: LinkedStudies,
  patient: PatientId | null,
): LinkedStudies {
  return { named, absent, numbered: numbered.filter((study) => study.patient === patient) }
}
