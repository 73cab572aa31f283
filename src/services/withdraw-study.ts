/** Taking a study out of the index when its source no longer has it; what is deposited stays. */
import type { PoolClient } from 'pg'
import type { ImagingStudyId, StudyUid } from '../kernel/ids.ts'
import type { ImageSource } from '../domain/imaging/source.ts'
import { announceChanges, copyEnded } from '../storage/access-changes.ts'
import {
  deleteSourceInstances,
  deleteStudyRows,
  detachSource,
  readHeldStudy,
  readStudyFacts,
} from '../storage/source-studies.ts'
import { putResource } from '../storage/resources.ts'
import { countInstances, findStudyRows, lockStudy } from '../storage/studies.ts'
import { refreshReports } from './refresh-reports.ts'
import { writeStudyResources } from './write-study-resources.ts'

export interface Withdrawal {
  readonly source: ImageSource
  readonly study: StudyUid
  readonly at: Date
}

/** Runs in the caller's transaction. */
export async function withdrawStudy(db: PoolClient, withdrawal: Withdrawal): Promise<void> {
  const { source, study, at } = withdrawal
  await lockStudy(db, study)
  const held = await readHeldStudy(db, source.custodian, study)
  if (held?.source !== source.id) return
  const { imagingStudy } = held
  const instances = [...held.instances]
  const gone = instances.filter(([, { deposited }]) => !deposited).map(([uid]) => uid)
  await deleteSourceInstances(db, imagingStudy, gone)
  const isGone = gone.length === instances.length
  if (isGone) {
    await deleteStudyRows(db, imagingStudy, at)
    await deleteResource(db, imagingStudy, at)
  } else await keepDeposited(db, withdrawal, imagingStudy)
  await refreshReports(db, { custodian: source.custodian, studyUid: study, at })
  // What was found of it a moment ago may still be on its way to someone.
  if (isGone) await announceChanges(db, [copyEnded(source.custodian, study)])
}

async function deleteResource(
  db: PoolClient,
  imagingStudy: ImagingStudyId,
  at: Date,
): Promise<void> {
  const found = await readStudyFacts(db, imagingStudy)
  if (found === undefined) return
  const { quarantined, ...facts } = found
  const search = { keys: [], refs: [], compared: {} }
  const row = {
    type: 'ImagingStudy',
    id: imagingStudy,
    resource: {},
    facts,
    quarantined,
    search,
    at,
  }
  await putResource(db, row, { method: 'DELETE' })
}

async function keepDeposited(
  db: PoolClient,
  { source, study, at }: Withdrawal,
  imagingStudy: ImagingStudyId,
): Promise<void> {
  await countInstances(db, imagingStudy)
  const rows = await findStudyRows(db, study)
  const own = rows.find((row) => row.imagingStudy === imagingStudy)
  if (own === undefined) return
  await detachSource(db, imagingStudy, at)
  const { patient, attributes } = own
  await writeStudyResources(db, {
    imagingStudy,
    study,
    custodian: source.custodian,
    patient,
    attributes,
    own,
    publishedBy: { member: source.custodian },
    at,
    timeZone: source.timeZone,
  })
}
