/**
 * Two persons that were taken for one: what the merge moved goes back, exactly that, in the caller's
 * transaction. Nobody can tell by which of the two numbers a grant was asked for meanwhile, so those grants
 * end; studies that came meanwhile under an id of the one wait for a person to say whose they are.
 */
import type { PoolClient } from 'pg'
import { HubError } from '../kernel/errors.ts'
import type { OrganizationId, PatientId } from '../kernel/ids.ts'
import type { JournalledChange } from '../storage/access-changes.ts'
import { revokeGrants } from '../storage/grants.ts'
import { lockPatients } from '../storage/patient-locks.ts'
import {
  endMerge,
  findMerge,
  followRestored,
  listArrived,
  listLiveGrants,
  listMovedResources,
  listPastVersions,
  restoreRows,
  rewritePastVersion,
  type PatientMerge,
} from '../storage/patient-merges.ts'
import { lockPatientRow } from '../storage/patient-rows.ts'
import { isJsonObject } from '../wire/fhir/json.ts'
import { partedPatient, restoredPatient } from '../wire/fhir/linked-patient.ts'
import { parseJsonText } from '../wire/fhir/parse-json.ts'
import { doubtStudy, type DoubtStudyDeps } from './doubt-study.ts'
import { changesOf, contentOf, type LinkedPatients } from './merge-patients.ts'
import { moveResourceBack } from './move-resource.ts'
import { storePatient } from './store-patient.ts'

export interface UnmergeRequest {
  readonly replaced: PatientId
  readonly at: Date
  readonly by: string
}

export interface UnlinkedPatients extends LinkedPatients {
  readonly survivor: PatientId
}

/**
 * Throws `not-found` where the Patient has not been replaced, `conflict` where its survivor has been
 * replaced in its turn: what was done last is taken back first.
 */
export async function unmergePatients(
  db: PoolClient,
  { replaced, at, by }: UnmergeRequest,
  deps: DoubtStudyDeps,
): Promise<UnlinkedPatients> {
  const merge = await lockMerge(db, replaced)
  const { survivor, wasActive, given } = merge
  const locked = await lockPatients(db, [replaced, survivor])
  const [old, kept] = [contentOf(locked, replaced), contentOf(locked, survivor)]
  if (locked.find(({ id }) => id === survivor)?.current !== survivor) {
    const text = `Patient/${survivor} has been replaced in its turn: take that back first`
    throw new HubError('conflict', text)
  }
  await endMerge(db, merge.id, { at, by })
  const grants = await listLiveGrants(db, survivor, at)
  await restoreRows(db, merge)
  const custodians = await moveBack(db, { ...merge, at })
  await followRestored(db, merge)
  const restored = restoredPatient(old, { survivor, wasActive })
  await storePatient(db, restored, { id: replaced, at, method: 'PUT' })
  await storePatient(db, partedPatient(kept, given), { id: survivor, at, method: 'PUT' })
  await partPastVersions(db, merge)
  for (const { id, issuedAt } of await listLiveGrants(db, survivor, at))
    if (issuedAt >= merge.mergedAt) await revokeGrants(db, { kind: 'grant', id }, at)
  const doubted = await doubtArrivals(db, { ...merge, at }, deps)
  const changes = [...changesOf(merge, grants), ...doubted]
  return { changed: true, survivor, changes, custodians }
}

/** Whoever sees the survivor sees its past, which would else hold names and numbers of the other person for ever. */
async function partPastVersions(db: PoolClient, merge: PatientMerge): Promise<void> {
  for (const { version, content } of await listPastVersions(db, merge)) {
    const past = parseJsonText(content)
    if (!isJsonObject(past)) continue
    const parted = JSON.stringify(partedPatient(past, merge.given))
    await rewritePastVersion(db, merge.survivor, { version, content: parted })
  }
}

/** The lock of the replaced Patient keeps two from taking back the same merge. */
async function lockMerge(db: PoolClient, replaced: PatientId): Promise<PatientMerge> {
  await lockPatients(db, [replaced])
  const merge = await findMerge(db, replaced)
  if (merge !== undefined) return merge
  throw new HubError('not-found', `Patient/${replaced} has not been replaced by another`)
}

async function moveBack(
  db: PoolClient,
  { id: merge, replaced, survivor, at }: PatientMerge & { readonly at: Date },
): Promise<readonly OrganizationId[]> {
  const custodians = new Set<OrganizationId>()
  for (const { reference, places } of await listMovedResources(db, merge)) {
    const [type = '', id = ''] = reference.split('/')
    const row = await lockPatientRow(db, { type, id }, survivor)
    if (row === undefined) continue
    await moveResourceBack(db, row, { from: survivor, to: replaced, at, places })
    if (row.facts.custodian !== null) custodians.add(row.facts.custodian)
  }
  return [...custodians].toSorted()
}

async function doubtArrivals(
  db: PoolClient,
  merge: PatientMerge & { readonly at: Date },
  deps: DoubtStudyDeps,
): Promise<readonly JournalledChange[]> {
  const changes: JournalledChange[] = []
  const { replaced: candidate, at } = merge
  for (const arrived of await listArrived(db, merge)) {
    const doubt = { ...arrived, reason: 'patients-parted', candidate, at } as const
    changes.push(...(await doubtStudy(db, doubt, deps)))
  }
  return changes
}
